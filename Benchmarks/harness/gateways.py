"""The gateways: how to start each."""

import os
import pathlib
import shutil

BENCHMARKS = pathlib.Path(__file__).resolve().parent.parent


class Steptrace:
    name = "steptrace"

    def __init__(self, binary):
        self.binary = binary

    def runs(self, scenario):
        return True

    def command(self, ports, scenario, api_server):
        """Arguments and environment; it is ready when `GET /` on the port of that key answers 200."""
        environment = {
            **os.environ,
            "RECEIVER_PORT": str(ports["receiver"]),
            "HEALTH_PORT": str(ports["health"]),
            "BACKEND_PORT": str(ports["backend"]),
            "API_SERVER": api_server,
            "COMPRESSION": scenario.compression,
        }
        return [self.binary, "--config", BENCHMARKS / "gateway.yaml"], environment

    ready = ("health", "GET", "/", b"")


class StoringSteptrace(Steptrace):
    """With its queue in files, in a directory that is new each time."""

    def __init__(self, binary, fsync):
        super().__init__(binary)
        self.name = "steptrace, stored" + (" with fsync" if fsync else "")
        self.fsync = fsync

    def runs(self, scenario):
        return scenario.compression == "none" and not scenario.has_references

    def command(self, ports, scenario, api_server):
        command, environment = super().command(ports, scenario, api_server)
        directory = BENCHMARKS / ".build" / "queue"
        shutil.rmtree(directory, ignore_errors=True)
        settings = (
            f"extensions.file_storage.directory={directory}",
            f"extensions.file_storage.fsync={str(self.fsync).lower()}",
            "service.extensions=[health_check, file_storage]",
            "exporters.otlp_http.sending_queue.storage=file_storage",
        )
        return command + [argument for setting in settings for argument in ("--set", setting)], environment


class Rotel:
    """Knows no TaskRuns. Its release on PyPI compresses whatever its options say."""

    name = "rotel"

    def __init__(self, binary):
        self.binary = binary

    def runs(self, scenario):
        return scenario.compression == "gzip" and not scenario.has_references

    def command(self, ports, scenario, api_server):
        build = BENCHMARKS / ".build"
        return [
            self.binary,
            "start",
            *("--otlp-http-endpoint", f"127.0.0.1:{ports['receiver']}"),
            *("--otlp-grpc-endpoint", f"127.0.0.1:{ports['health']}"),
            *("--exporter", "otlp"),
            *("--otlp-exporter-protocol", "http"),
            *("--otlp-exporter-endpoint", f"http://127.0.0.1:{ports['backend']}"),
            *("--otlp-exporter-compression", scenario.compression),
            *("--pid-file", build / "rotel.pid"),
            *("--log-file", build / "rotel.log"),
        ], dict(os.environ)

    ready = ("receiver", "POST", "/v1/traces", b"")
