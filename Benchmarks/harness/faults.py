"""Faults of the backend, and many connections: how each is made, and what is read off the gateway meanwhile."""

import asyncio
import contextlib
import dataclasses
import multiprocessing
import os
import pathlib
import resource
import socket
import subprocess
import sys
import time

from . import build
from .cluster import Cluster
from .measurement import cpu_seconds, free_port, memory, stop

SPANS_PER_REQUEST = 50
PATH = b"/v1/traces"


@dataclasses.dataclass(frozen=True)
class Fault:
    name: str
    # What the backend does; see Backend.
    mode: str
    # Requests a second, all senders together, and senders.
    rate: int = 200
    senders: int = 20
    idle: int = 0


FAULTS = [
    Fault("none", "accept"),
    Fault("slow: answers after 500 ms", "slow"),
    Fault("hangs: never answers", "hang"),
    Fault("refuses connections", "away"),
    Fault("answers 503", "refuse"),
    Fault("comes and goes each second", "flap"),
    Fault("answers rubbish", "rubbish"),
    Fault("none; 2,000 idle connections, 200 busy", "accept", rate=1000, senders=200, idle=2000),
]


def run(seconds, only, gateway):
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(limit, 65536) if limit > 0 else 65536, limit))
    print("| Backend | Answered 200 | 503 | p50 | p99 | max | CPU | Memory, most | Memory, after | Lost |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    failed = False
    with Cluster() as cluster:
        for fault in FAULTS:
            if only not in fault.name:
                continue
            figures = measure(fault, seconds, gateway or build.steptrace(), cluster.url)
            print(row(fault, figures, seconds), flush=True)
            failed |= figures["lost"] != 0 or figures["errors"] != 0
    return 1 if failed else 0


def row(fault, figures, seconds):
    latencies = sorted(figures["latencies"])

    def milliseconds(share):
        return f"{latencies[min(int(len(latencies) * share), len(latencies) - 1)] * 1000:.1f} ms"

    cells = [
        fault.name,
        figures["accepted"],
        figures["refused"],
        milliseconds(0.5),
        milliseconds(0.99),
        milliseconds(1),
        f"{figures['cpu'] / seconds * 100:.1f} %",
        f"{figures['peak']:.0f} MB",
        f"{figures['after']:.0f} MB",
        figures["lost"],
    ]
    if figures["errors"]:
        cells[-1] = f"{figures['lost']}, {figures['errors']} without answer"
    return "| " + " | ".join(map(str, cells)) + " |"


def measure(fault, seconds, gateway, api_server):
    with Backend() as backend, running(gateway, backend.port, api_server) as (process, port):
        load = Load(port, fault)
        backend.set(fault.mode)
        cpu = cpu_seconds(process.pid)
        asyncio.run(load.run(seconds))
        cpu = cpu_seconds(process.pid) - cpu
        peak = memory(process.pid, "VmHWM")
        backend.set("accept")
        delivered = backend.wait_for(load.accepted)
        return {
            "accepted": load.accepted,
            "refused": load.refused,
            "errors": load.errors,
            "latencies": load.latencies,
            "cpu": cpu,
            "peak": peak,
            "after": memory(process.pid, "VmRSS"),
            "lost": load.accepted - min(delivered, load.accepted),
        }


@contextlib.contextmanager
def running(gateway, backend_port, api_server):
    port, health = free_port(), free_port()
    environment = {
        **os.environ,
        "RECEIVER_PORT": str(port),
        "HEALTH_PORT": str(health),
        "BACKEND_PORT": str(backend_port),
        "API_SERVER": api_server,
    }
    configuration = pathlib.Path(__file__).resolve().parent.parent / "faults.yaml"
    process = subprocess.Popen(
        [gateway, "--config", configuration], env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(1000):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.01)
        else:
            sys.exit(f"{gateway} did not become ready")
        yield process, port
    finally:
        stop(process)


# Load


def varint(number):
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def field(number, content):
    return varint(number << 3 | 2) + varint(len(content)) + content


def body():
    """A request like Tekton's. All requests are the same, so that those that arrive can be counted by their bytes."""

    def attribute(key, value):
        return field(9, field(1, key) + field(2, field(1, value)))

    span = (
        field(1, b"\1" * 16)
        + field(2, b"\2" * 8)
        + field(5, b"TaskRun:ReconcileKind")
        + attribute(b"taskrun", b"build-0001")
        + attribute(b"namespace", b"builds")
    )
    resource_spans = field(2, field(1, field(1, b"PipelineRunReconciler")) + field(2, span) * SPANS_PER_REQUEST)
    return field(1, resource_spans)


BODY = body()
REQUEST = (
    b"POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-protobuf\r\nContent-Length: %d\r\n\r\n"
    % (PATH, len(BODY))
) + BODY


class Load:
    """Senders that post at a fixed rate, whatever is answered, each on its connection."""

    def __init__(self, port, fault):
        self.port = port
        self.fault = fault
        self.accepted = self.refused = self.errors = 0
        self.latencies = []

    async def run(self, seconds):
        idle = [await asyncio.open_connection("127.0.0.1", self.port) for _ in range(self.fault.idle)]
        end = time.monotonic() + seconds
        await asyncio.gather(*(self.send(index, end) for index in range(self.fault.senders)))
        for _, writer in idle:
            writer.close()

    async def send(self, index, end):
        pause = self.fault.senders / self.fault.rate
        due = time.monotonic() + pause * index / self.fault.senders
        reader = writer = None
        while (due := due + pause) < end:
            await asyncio.sleep(max(0, due - time.monotonic()))
            start = time.monotonic()
            try:
                if writer is None:
                    reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.write(REQUEST)
                status = await asyncio.wait_for(answer(reader), 10)
            except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError):
                self.errors += 1
                if writer is not None:
                    writer.close()
                writer = None
                continue
            self.latencies.append(time.monotonic() - start)
            if status == 200:
                self.accepted += 1
            else:
                self.refused += 1
        if writer is not None:
            writer.close()


async def answer(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
    )
    await reader.readexactly(length)
    return int(head.split(b" ", 2)[1])


# Backend


class Backend:
    """A process of its own that takes requests and counts what it has answered with 200, in requests of the senders."""

    def __enter__(self):
        context = multiprocessing.get_context("fork")
        self.pipe, end = context.Pipe()
        self.process = context.Process(target=lambda: asyncio.run(BackendServer(end).run()), daemon=True)
        self.process.start()
        self.port = self.pipe.recv()
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.join()

    def set(self, mode):
        """What it does from now on; it has done so when this returns."""
        self.pipe.send(mode)
        return self.pipe.recv()

    def wait_for(self, count):
        """How many requests it has after it has so many, or at most a minute."""
        end = time.monotonic() + 60
        while (delivered := self.set("accept")) < count and time.monotonic() < end:
            time.sleep(0.1)
        return delivered


class BackendServer:
    def __init__(self, pipe):
        self.pipe = pipe
        self.mode = "accept"
        self.bytes = 0
        self.writers = set()
        self.flapping = None

    async def run(self):
        # Bound for good, so that nobody else is given the port while nothing listens.
        self.reserved = socket.socket()
        self.reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.reserved.bind(("127.0.0.1", 0))
        self.port = self.reserved.getsockname()[1]
        self.server = None
        await self.listen()
        self.pipe.send(self.port)
        loop = asyncio.get_running_loop()
        while True:
            mode = await loop.run_in_executor(None, self.pipe.recv)
            if mode != self.mode:
                await self.change(mode)
            self.pipe.send(self.bytes // len(BODY))

    async def change(self, mode):
        was, self.mode = self.mode, mode
        if self.flapping:
            self.flapping.cancel()
            self.flapping = None
        if mode == "away" or was == "hang":
            await self.leave()
        if mode != "away" and self.server is None:
            await self.listen()
        if mode == "flap":
            self.flapping = asyncio.create_task(self.flap())

    async def flap(self):
        while True:
            await asyncio.sleep(1)
            await self.leave()
            await asyncio.sleep(1)
            await self.listen()

    async def listen(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", self.port, reuse_address=True)

    async def leave(self):
        if self.server:
            self.server.close()
            self.server = None
        for writer in self.writers:
            writer.transport.abort()

    async def serve(self, reader, writer):
        self.writers.add(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    int(line.split(b":")[1])
                    for line in head.split(b"\r\n")
                    if line.lower().startswith(b"content-length:")
                )
                content = await reader.readexactly(length)
                mode = self.mode
                if mode == "hang":
                    await asyncio.sleep(3600)
                if mode == "refuse":
                    writer.write(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
                    continue
                if mode == "rubbish":
                    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
                    return
                if mode == "slow":
                    await asyncio.sleep(0.5)
                self.bytes += len(content)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self.writers.discard(writer)
            writer.close()
