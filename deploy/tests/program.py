"""The built program, with what it talks to, over real sockets on 127.0.0.1."""

import gzip
import json
import os
import re
import signal
import subprocess
import threading
import urllib.request
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from conftest import ROOT

RECORDINGS = ROOT / "Tests" / "Fixtures" / "recordings"


class Log:
    """The lines that a process writes to standard error; `find` waits for one."""

    def __init__(self, process):
        self.process = process
        self.lines = []
        self.changed = threading.Condition()
        self.thread = threading.Thread(target=self.read, args=(process.stderr,), daemon=True)
        self.thread.start()

    def read(self, stream):
        for line in stream:
            with self.changed:
                self.lines.append(line)
                self.changed.notify_all()

    def find(self, pattern, timeout=30):
        def search():
            return next((match for line in self.lines if (match := re.search(pattern, line))), None)

        with self.changed:
            assert self.changed.wait_for(search, timeout), f"{pattern} is not in\n{self}"
            return search()

    def endpoint(self, component):
        """Where a component listens."""
        return self.find(rf'{component}.*endpoint"?: ?"?([\d.]+:\d+)')[1]

    def __str__(self):
        return "".join(self.lines)


@contextmanager
def running(command, code=0, **options):
    """Runs a program; ends it with SIGTERM, if it has not ended, and expects this exit code."""
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **options)
    log = Log(process)
    try:
        yield log
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    log.thread.join(10)
    assert process.returncode == code, str(log)


@contextmanager
def serving(handler, wrap=lambda socket: socket):
    """An HTTP server in a thread; gives its port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.socket = wrap(server.socket)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


class Backend(BaseHTTPRequestHandler):
    """Takes everything."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def recorder():
    """A handler that keeps the names of all spans; it takes JSON, plain or with gzip."""
    return type("Recorder", (Recorder,), {"names": set(), "arrived": threading.Event()})


class Recorder(Backend):
    names: set
    arrived: threading.Event

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Content-Encoding"] == "gzip":
            body = gzip.decompress(body)
        for resource in json.loads(body)["resourceSpans"]:
            for scope in resource["scopeSpans"]:
                self.names.update(span["name"] for span in scope["spans"])
        self.arrived.set()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")


def api_server(recording):
    """A handler that has the objects of a recording as they were when all was over, and keeps Leases."""
    ended = threading.Event()
    leases = {}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            lease = self.body()
            lease["metadata"] |= {"uid": "1", "creationTimestamp": "2026-01-01T00:00:00Z"}
            self.keep(lease)

        def do_PUT(self):
            self.keep(self.body())

        def do_DELETE(self):
            self.body()
            leases.pop(self.path.rsplit("/", 1)[1], None)
            self.answer(b"{}")

        def body(self):
            return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

        def keep(self, lease):
            """Of one replica, so that there are no conflicts."""
            metadata = lease["metadata"]
            metadata["resourceVersion"] = str(int(metadata.get("resourceVersion", "0")) + 1)
            leases[metadata["name"]] = lease
            self.answer(json.dumps(lease).encode())

        def do_GET(self):
            path, _, query = self.path.partition("?")
            if path.endswith("/leases"):
                return self.answer(json.dumps({"items": list(leases.values())}).encode())
            if path == "/apis/tekton.dev":
                version = {"groupVersion": "tekton.dev/v1", "version": "v1"}
                group = {"kind": "APIGroup", "apiVersion": "v1", "name": "tekton.dev"}
                return self.answer(json.dumps({**group, "versions": [version], "preferredVersion": version}).encode())
            name = path.rsplit("/", 1)[1]
            if "sendInitialEvents" in query:
                return self.send_error(422)
            if "watch=" not in query:
                objects = json.loads((RECORDINGS / recording / f"{name}.json").read_bytes())
                for item in objects["items"]:
                    # Those that were recorded have no Task by name, as most others have.
                    item["metadata"].setdefault("labels", {}).setdefault("tekton.dev/task", "build")
                return self.answer(json.dumps(objects).encode())
            # Nothing happens any more.
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            ended.wait(120)

        def answer(self, body):
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    return Handler


def post(endpoint, body, content_type="application/x-protobuf"):
    request = urllib.request.Request(f"http://{endpoint}/v1/traces", body, {"Content-Type": content_type})
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.status == 200


def exports(recording):
    """The bodies that Tekton's controller posted."""
    return [path.read_bytes() for path in sorted((RECORDINGS / recording / "otlp").glob("*.bin"))]


PATH = {"PATH": os.environ["PATH"]}
