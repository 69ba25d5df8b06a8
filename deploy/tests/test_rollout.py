"""A rollout as kubelet, Services and Tekton's exporter make it, with two real gateways: nothing is refused or lost."""

import http.client
import json
import random
import signal
import threading
import time
import urllib.request

from conftest import MANIFESTS, workload
from program import recorder, running, serving

CONFIG = """yaml:
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:0"}}}}
exporters: {otlp_http: {endpoint: "http://127.0.0.1:%d", compression: none, encoding: json}}
extensions: {health_check: {endpoint: "127.0.0.1:0"}}
service:
  telemetry: {metrics: {level: none}}
  extensions: [health_check]
  pipelines: {traces: {receivers: [otlp], exporters: [otlp_http]}}
"""
# Ten times as fast as in the manifests.
SPEED = 10


class Sender(threading.Thread):
    """Posts span after span as Tekton's exporter does: on one connection as long as it is kept open; what is answered
    with 503 again; what is refused is lost."""

    def __init__(self, index, endpoints, ended):
        super().__init__()
        self.index, self.endpoints, self.ended = index, endpoints, ended
        self.accepted, self.statuses, self.problems = set(), [], []

    def run(self):
        connection, count = None, 0
        while not self.ended.is_set():
            name = f"{self.index}-{count}"
            spans = [{"traceId": f"{self.index + 1:032x}", "spanId": f"{count + 1:016x}", "name": name}]
            body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]})
            isNew = connection is None
            try:
                if isNew:
                    connection = http.client.HTTPConnection(random.choice(self.endpoints), timeout=10)
                connection.request("POST", "/v1/traces", body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                answer.read()
            except OSError as error:
                # A connection that was idle may be closed; on a new one everything is answered.
                if isNew:
                    self.problems.append(repr(error))
                connection = None
                continue
            self.statuses.append(answer.status)
            if answer.status == 200:
                self.accepted.add(name)
                count += 1
            elif answer.status != 503 or not answer.headers["Retry-After"]:
                self.problems.append(f"{answer.status} {answer.headers}")
            # Other senders come and go.
            if answer.will_close or len(self.statuses) % 5 == 0 and self.index % 2:
                connection.close()
                connection = None
            time.sleep(0.002)


def test_nothing_is_refused_or_lost(steptrace):
    pod = workload(MANIFESTS["overlays/single"])["spec"]["template"]["spec"]
    pause = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"] / SPEED
    ended = threading.Event()
    backend = recorder()
    with serving(backend) as port:
        command = [steptrace, "--config", CONFIG % port]
        with running(command) as new:
            with running(command) as old:
                old.find("Everything is ready")
                endpoints = [old.endpoint("Starting HTTP server")]
                senders = [Sender(index, endpoints, ended) for index in range(4)]
                for sender in senders:
                    sender.start()
                time.sleep(0.5)
                # The new pod is ready: it gets connections, and the old one is told to end.
                with urllib.request.urlopen(f"http://{new.endpoint('health_check')}/") as answer:
                    assert answer.status == 200
                endpoints.append(new.endpoint("Starting HTTP server"))
                # Nodes hear of it late, but within the pause.
                time.sleep(pause * 0.8)
                del endpoints[0]
                time.sleep(pause * 0.2)
                old.process.send_signal(signal.SIGTERM)
                old.process.wait(20)
            time.sleep(0.5)
            ended.set()
            for sender in senders:
                sender.join()
        assert [problem for sender in senders for problem in sender.problems] == []
        accepted = set().union(*(sender.accepted for sender in senders))
        assert all(sender.statuses[-1] == 200 for sender in senders), "it goes on at the new pod"
        assert accepted and accepted <= backend.names, f"lost: {accepted - backend.names}"
