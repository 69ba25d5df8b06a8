"""What it costs to follow very many TaskRuns: the list, what stays in memory, and events at a steady rate."""

import dataclasses
import http.client
import re
import struct
import subprocess
import threading
import time

from .big_cluster import BigCluster, event
from .gateways import BENCHMARKS
from .measurement import cpu_seconds, free_port, memory, stop

SECONDS_TO_FOLLOW = 120
# Spans are held for up to five seconds; every five seconds the correlator goes through its memory, and what is free is
# given back.
SECONDS_TO_REST = 12
EVENTS_PER_SECOND = 500
# Of the events of one TaskRun: so many of its pod, one of itself, and one Event.
POD_EVENTS = 3
SPANS_PER_REQUEST = 500


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    # Seconds since the TaskRuns were over; None for those that run.
    ended_ago: int | None = None
    # Spans have come by that name them.
    is_sighted: bool = False
    events: bool = False
    streams_lists: bool = False


CASES = [
    Case("in flight, in no span"),
    Case("in flight, in spans", is_sighted=True, events=True),
    Case("in flight, in no span, streaming lists", streams_lists=True),
    Case("over for a minute, in no span", ended_ago=60),
    Case("over for two hours", ended_ago=7200),
]


@dataclasses.dataclass
class WatchResult:
    case: str
    seconds: float
    cpu_us_per_task_run: float
    peak_mb: float
    resting_bytes_per_task_run: float
    # None where no events were sent.
    event_cpu_us: float | None = None
    event_lag_ms: float | None = None
    events_per_second: float | None = None


def measure_watches(binary, sink, count, seconds, only):
    results = []
    with BigCluster(0) as cluster, Gateway(binary, cluster, sink) as gateway:
        gateway.wait_until_followed()
        time.sleep(SECONDS_TO_REST)
        empty = memory(gateway.pid, "VmRSS")
    for case in CASES:
        if only in f"watch: {case.name}":
            results.append(measure_case(case, binary, sink, count, seconds, empty))
    return results


def measure_case(case, binary, sink, count, seconds, empty):
    with (
        BigCluster(count, case.ended_ago, case.streams_lists) as cluster,
        Gateway(binary, cluster, sink) as gateway,
    ):
        taken = gateway.wait_until_followed()
        cpu = cpu_seconds(gateway.pid)
        if case.is_sighted:
            gateway.sight(cluster.task_runs)
        time.sleep(SECONDS_TO_REST)
        result = WatchResult(
            case=f"{case.name}",
            seconds=taken,
            cpu_us_per_task_run=cpu / count * 1e6,
            peak_mb=memory(gateway.pid, "VmHWM"),
            resting_bytes_per_task_run=(memory(gateway.pid, "VmRSS") - empty) * 1e6 / count,
        )
        if case.events:
            cluster.wait_until_watched(time.monotonic() + SECONDS_TO_FOLLOW)
            send_events(cluster, gateway, seconds, result)
        return result


def send_events(cluster, gateway, seconds, result):
    """The first TaskRuns go on to their end, 500 events a second."""
    task_runs = min(cluster.count, EVENTS_PER_SECOND * seconds // (POD_EVENTS + 2))
    ended = BigCluster(task_runs, ended_ago=0)
    # More than was listed, so that it is seen when all that was sent before has been read.
    last = BigCluster(cluster.count + 1)
    lines = []
    for index in range(task_runs):
        lines += [("pods", event("MODIFIED", ended.objects["pods"][index]))] * POD_EVENTS
        lines.append(("events", event("ADDED", ended.objects["events"][index * len(ended.objects["events"]) // task_runs])))
        lines.append(("taskruns", event("MODIFIED", ended.objects["taskruns"][index])))
    before = gateway.tracked()
    cpu = cpu_seconds(gateway.pid)
    started = time.monotonic()
    for number, (kind, line) in enumerate(lines):
        pause = started + number / EVENTS_PER_SECOND - time.monotonic()
        if pause > 0:
            time.sleep(pause)
        cluster.change(kind, line)
    took = time.monotonic() - started
    # Asking for metrics costs CPU time, too.
    result.event_cpu_us = (cpu_seconds(gateway.pid) - cpu) / len(lines) * 1e6
    result.events_per_second = len(lines) / took
    cluster.change("taskruns", event("ADDED", last.objects["taskruns"][-1]))
    sent = time.monotonic()
    while gateway.tracked() == before and time.monotonic() < sent + SECONDS_TO_FOLLOW:
        time.sleep(0.01)
    result.event_lag_ms = (time.monotonic() - sent) * 1000


class Gateway:
    """steptrace, with its log."""

    def __init__(self, binary, cluster, sink):
        self.cluster = cluster
        self.ports = {name: free_port() for name in ("receiver", "health", "metrics")}
        reader = f"{{pull: {{exporter: {{prometheus: {{host: 127.0.0.1, port: {self.ports['metrics']}}}}}}}}}"
        settings = (
            f"service.telemetry.metrics.readers=[{reader}]",
            "service.telemetry.logs.level=info",
            f"processors.tekton_steps.max_tracked_task_runs={2 * cluster.count + 10}",
        )
        self.command = [binary, "--config", BENCHMARKS / "gateway.yaml"]
        self.command += [argument for setting in settings for argument in ("--set", setting)]
        self.environment = {
            "RECEIVER_PORT": str(self.ports["receiver"]),
            "HEALTH_PORT": str(self.ports["health"]),
            "BACKEND_PORT": str(sink.port),
            "API_SERVER": cluster.url,
            "COMPRESSION": "none",
        }
        self.followed = set()
        self.log = []

    def __enter__(self):
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            self.command, env=self.environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        self.pid = self.process.pid
        threading.Thread(target=self.read_log, daemon=True).start()
        return self

    def __exit__(self, *_):
        stop(self.process)

    def read_log(self):
        for line in self.process.stderr:
            self.log.append(line)
            if "Following objects" in line:
                self.followed.add(re.search(r'"resource": ?"([^"]+)"|resource=(\S+)', line).group())

    def wait_until_followed(self):
        """Seconds from the start until all three lists have been read."""
        while len(self.followed) < 3:
            if self.process.poll() is not None or time.monotonic() > self.started + SECONDS_TO_FOLLOW:
                raise TimeoutError("the gateway does not follow:\n" + "".join(self.log[-20:]))
            time.sleep(0.002)
        return time.monotonic() - self.started

    def tracked(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.ports["metrics"], timeout=10)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        return sum(float(value) for value in re.findall(r"^steptrace_task_runs_tracked\S* (\S+)$", text, re.MULTILINE))

    def sight(self, task_runs):
        """Sends a span for each of the TaskRuns."""
        connection = http.client.HTTPConnection("127.0.0.1", self.ports["receiver"], timeout=30)
        for start in range(0, len(task_runs), SPANS_PER_REQUEST):
            body = request(task_runs[start : start + SPANS_PER_REQUEST])
            connection.request("POST", "/v1/traces", body, {"Content-Type": "application/x-protobuf"})
            response = connection.getresponse()
            response.read()
            if response.status != 200:
                raise RuntimeError(f"the gateway answered {response.status}")
        connection.close()


def request(task_runs):
    """An ExportTraceServiceRequest with the span of a reconciler for each TaskRun."""
    spans = b"".join(field(2, span(*task_run)) for task_run in task_runs)
    return field(1, field(2, spans))


def span(namespace, name, trace_id):
    now = time.time_ns()
    return (
        field(1, bytes.fromhex(trace_id))
        + field(2, bytes.fromhex(trace_id)[:8])
        + field(5, b"TaskRun:Reconciler")
        + struct.pack("<BQBQ", 7 << 3 | 1, now, 8 << 3 | 1, now + 1_000_000)
        + attribute("namespace", namespace)
        + attribute("taskrun", name)
    )


def attribute(key, value):
    return field(9, field(1, key.encode()) + field(2, field(1, value.encode())))


def field(number, content):
    """A length-delimited field."""
    length, encoded = len(content), bytearray([number << 3 | 2])
    while length >= 0x80:
        encoded.append(length & 0x7F | 0x80)
        length >>= 7
    return bytes(encoded) + bytes([length]) + content


COLUMNS = (
    ("list read after s", "seconds", 2),
    ("CPU us / TaskRun", "cpu_us_per_task_run", 0),
    ("peak MB", "peak_mb", 0),
    ("resting bytes / TaskRun", "resting_bytes_per_task_run", 0),
    ("CPU us / event", "event_cpu_us", 0),
    ("events / s", "events_per_second", 0),
    ("lag ms", "event_lag_ms", 0),
)


def table(results, count):
    lines = [f"| {count:,} TaskRuns | " + " | ".join(title for title, *_ in COLUMNS) + " |"]
    lines.append("|---|" + "--:|" * len(COLUMNS))
    for result in results:
        values = [(getattr(result, key), digits) for _, key, digits in COLUMNS]
        cells = ["" if value is None else f"{value:.{digits}f}" for value, digits in values]
        lines.append(f"| {result.case} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def exceeded(results, thresholds):
    """Figures above a threshold of `watch`, and a rate that was not kept."""
    failures = []
    for result in results:
        for key, limit in thresholds["watch"].items():
            value = getattr(result, key)
            if value is not None and value > limit:
                failures.append(f"{result.case}: {key} is {value:.3g}, more than {limit}")
        if result.events_per_second is not None and result.events_per_second < 0.98 * EVENTS_PER_SECOND:
            failures.append(f"{result.case}: only {result.events_per_second:.0f} events a second were read")
    return failures
