"""One run: start the gateway, warm it up, load it, read its figures, stop it, count what arrived."""

import dataclasses
import http.client
import json
import os
import re
import socket
import subprocess
import threading
import time

# Nothing has arrived for so long: the gateway has sent all it has.
QUIET_SECONDS = 0.5
WARM_UP = 0.1


class MeasurementError(Exception):
    pass


@dataclasses.dataclass
class Result:
    gateway: str
    scenario: str
    requests: str
    compression: str
    ready_seconds: float
    cpu_seconds_per_million_spans: float
    spans_per_second: float
    peak_memory_mb: float
    # Of it without what is mapped from files (the program itself): the most seen while the load lasted.
    peak_anonymous_mb: float
    idle_memory_mb: float
    p50_us: int
    p99_us: int
    max_us: int
    refused: int
    sent_spans: int
    received_spans: int
    expects_added: bool
    # In the warm-up too, in which most of them become due.
    added_spans: int
    malformed: int
    backend_requests: int
    backend_bytes: int


class Sink:
    """The backend. It counts requests and bytes as they come, and spans when asked for them."""

    def __init__(self, binary):
        self.process = subprocess.Popen([binary, "--port", "0"], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()
        self.process.kill()
        self.process.wait()

    def get(self, path):
        self.connection.request("GET", path)
        return json.loads(self.connection.getresponse().read())

    def wait_until_quiet(self):
        since, requests = time.monotonic(), None
        while time.monotonic() - since < QUIET_SECONDS:
            time.sleep(0.02)
            counts = self.get("/counts")
            if counts["requests"] != requests:
                since, requests = time.monotonic(), counts["requests"]


def measure(gateway, scenario, scale, sink, load, cluster):
    ports = {"receiver": free_port(), "health": free_port(), "backend": sink.port}
    command, environment = gateway.command(ports, scenario, cluster.url)
    lists_before = cluster.lists
    started = time.monotonic()
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    try:
        ready = wait_until_ready(process, gateway, ports, started)
        if gateway.name.startswith("steptrace"):
            cluster.wait_until_listed(lists_before)
        idle_memory = memory(process.pid, "VmRSS")
        spans = int(scenario.spans * scale)
        send(load, ports["receiver"], scenario, int(spans * WARM_UP), cluster, seed=2)
        sink.wait_until_quiet()
        warm_up = sink.get("/spans")
        sink.get("/reset")
        cpu = cpu_seconds(process.pid)
        with AnonymousMemory(process.pid) as anonymous:
            sent = send(load, ports["receiver"], scenario, spans, cluster, seed=1)
            sink.wait_until_quiet()
        cpu = cpu_seconds(process.pid) - cpu
        peak_memory = memory(process.pid, "VmHWM")
    finally:
        stop(process)
    counts = sink.get("/spans")
    seconds = (max(counts["last_ns"], sent["ended_ns"]) - sent["started_ns"]) / 1e9
    return Result(
        gateway=gateway.name,
        scenario=scenario.name,
        requests=scenario.requests,
        compression=scenario.compression,
        ready_seconds=ready,
        cpu_seconds_per_million_spans=cpu / sent["spans"] * 1e6,
        spans_per_second=sent["spans"] / seconds,
        peak_memory_mb=peak_memory,
        peak_anonymous_mb=anonymous.peak,
        idle_memory_mb=idle_memory,
        p50_us=sent["p50_us"],
        p99_us=sent["p99_us"],
        max_us=sent["max_us"],
        refused=sent["refused"],
        sent_spans=sent["spans"],
        received_spans=counts["spans"],
        expects_added=scenario.has_references and gateway.name == "steptrace",
        added_spans=warm_up["added"] + counts["added"],
        malformed=counts["malformed"],
        backend_requests=counts["requests"],
        backend_bytes=counts["bytes"],
    )


def send(load, port, scenario, spans, cluster, seed):
    command = [
        load,
        *("--port", str(port)),
        *("--connections", str(scenario.connections)),
        *("--spans-per-request", str(scenario.spans_per_request)),
        *("--spans", str(spans)),
        *("--seed", str(seed)),
        *(("--task-runs", cluster.task_runs) if scenario.has_references else ()),
    ]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def wait_until_ready(process, gateway, ports, started):
    key, method, path, body = gateway.ready
    while process.poll() is None and time.monotonic() - started < 10:
        connection = http.client.HTTPConnection("127.0.0.1", ports[key], timeout=1)
        try:
            connection.request(method, path, body, {"Content-Type": "application/x-protobuf"})
            if connection.getresponse().status == 200:
                return time.monotonic() - started
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(0.001)
    raise MeasurementError(f"{gateway.name} did not become ready (exit code {process.poll()})")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def stop(process):
    """Ends a gateway, which may send on what it has before."""
    process.terminate()
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def cpu_seconds(pid):
    """User and system time of all the process's threads, by the kernel's CPU clock of the process: exact, not in ticks."""
    return time.clock_gettime(~pid << 3 | 2)


class AnonymousMemory:
    """Looks at it again and again: the kernel keeps no record of its peak."""

    INTERVAL = 0.02

    def __init__(self, pid):
        self.pid = pid
        self.peak = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)

    def watch(self):
        while not self.ended.wait(self.INTERVAL):
            self.peak = max(self.peak, memory(self.pid, "RssAnon"))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()


def memory(pid, key):
    with open(f"/proc/{pid}/status") as status:
        kilobytes = re.search(rf"^{key}:\s+(\d+) kB", status.read(), re.MULTILINE).group(1)
    return int(kilobytes) * 1024 / 1e6
