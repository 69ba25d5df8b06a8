"""Dashboard and alerts against the program's real metrics, in a real Prometheus."""

import json
import os
import re
import subprocess
import time
import urllib.parse
import urllib.request
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import yaml
from conftest import DEPLOY, Loader
from program import Backend, api_server, exports, post, running, serving

DASHBOARD = json.loads((DEPLOY / "grafana" / "steptrace.json").read_text())
RULES = yaml.load((DEPLOY / "components" / "monitoring" / "prometheus-rule.yaml").read_text(), Loader)["spec"]
ALERTS = [rule for group in RULES["groups"] for rule in group["rules"]]
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
QUERIES = [(panel["title"], target["expr"]) for panel in PANELS for target in panel["targets"]]
# The deployed configuration, but for addresses, with sharding.
CONFIG = """
receivers: {otlp: {protocols: {grpc: {endpoint: "127.0.0.1:0"}, http: {endpoint: "127.0.0.1:0"}}}}
processors:
  tekton_steps:
    {auth_type: none, api_server: "http://127.0.0.1:%d", completed_max_age: 87600h, max_hold: 100ms, sharding: {enabled: true}}
exporters: {otlp_http: {endpoint: "http://127.0.0.1:%d"}}
extensions: {health_check: {endpoint: "127.0.0.1:0"}}
service:
  telemetry: {metrics: {readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: 0}}}}]}}
"""


def variables():
    return {variable["name"]: variable for variable in DASHBOARD["templating"]["list"]}


def filled_in(query):
    """A query as Grafana sends it, with everything selected."""
    values = {"__rate_interval": "20s", "__range": "1m"}
    values |= {name: variable.get("allValue") for name, variable in variables().items()}
    return re.sub(r"\$(\w+)", lambda match: values[match[1]], query)


def wait(what, timeout=60):
    """There is no event to wait for in another program's HTTP API."""
    end = time.monotonic() + timeout
    while True:
        result = what()
        if result:
            return result
        assert time.monotonic() < end, what
        time.sleep(0.2)


def get(url):
    with urllib.request.urlopen(url, timeout=20) as answer:
        return answer.read().decode()


class Prometheus:
    def __init__(self, port):
        self.url = f"http://127.0.0.1:{port}/api/v1/"

    def api(self, path, **parameters):
        answer = json.loads(get(self.url + path + "?" + urllib.parse.urlencode(parameters)))
        assert answer["status"] == "success", answer
        return answer["data"]

    def query(self, text):
        return self.api("query", query=text)["result"]


@contextmanager
def gateway(steptrace, folder):
    """The program as it is deployed, that has added the steps of a recording; gives the address of its metrics."""
    base = DEPLOY / "base" / "config.yaml"
    with ExitStack() as stack:
        backend = stack.enter_context(serving(Backend))
        kubernetes = stack.enter_context(serving(api_server("step-fails")))
        (folder / "over.yaml").write_text(CONFIG % (kubernetes, backend))
        command = [steptrace, "--config", base, "--config", folder / "over.yaml"]
        environment = {**os.environ, "STEPTRACE_BACKEND": "", "no_proxy": "127.0.0.1"}
        log = stack.enter_context(running(command, env=environment))
        log.find("Everything is ready")
        receiver = log.endpoint("Starting HTTP server")
        metrics = f"http://{log.endpoint('Starting Prometheus metrics server')}/metrics"
        for body in exports("step-fails"):
            post(receiver, body)
        wait(lambda: re.search(r"^steptrace_spans_injected{.*} [1-9]", get(metrics), re.M))
        wait(lambda: re.search(r"^steptrace_sharding_replicas{.*} 1$", get(metrics), re.M))
        yield metrics


@pytest.fixture(scope="module")
def metrics(steptrace, tmp_path_factory):
    with gateway(steptrace, tmp_path_factory.mktemp("gateway")) as url:
        yield url


@pytest.fixture(scope="module")
def prometheus(metrics, tmp_path_factory):
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "rules.yaml").write_text(yaml.safe_dump(RULES))
    address = urllib.parse.urlparse(metrics)
    config = {
        "global": {"scrape_interval": "500ms", "evaluation_interval": "500ms"},
        "rule_files": ["rules.yaml"],
        # As the operator makes it of the ServiceMonitor.
        "scrape_configs": [
            {
                "job_name": "steptrace-metrics",
                "honor_labels": True,
                "static_configs": [{"targets": [address.netloc], "labels": {"namespace": "steptrace", "pod": "a"}}],
            }
        ],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    command = [Path(os.environ["PROMETHEUS"]) / "prometheus", f"--config.file={folder}/prometheus.yml"]
    command += [f"--storage.tsdb.path={folder}/data", "--web.listen-address=127.0.0.1:0"]
    with running(command) as log:
        port = log.find(r"Listening on.*address=127\.0\.0\.1:(\d+)|Listening on.*\b127\.0\.0\.1:(\d+)")
        log.find("Server is ready to receive web requests")
        server = Prometheus(next(filter(None, port.groups())))
        wait(lambda: server.query('count_over_time(up{job="steptrace-metrics"}[1m]) >= 4'))
        yield server


@pytest.fixture(scope="module")
def series(prometheus):
    """All labels of all series, by metric."""
    result = {}
    for labels in prometheus.api("series", **{"match[]": '{job="steptrace-metrics"}'}):
        result.setdefault(labels["__name__"], []).append(labels)
    return result


@pytest.mark.parametrize("title, query", QUERIES, ids=lambda value: value[:60])
def test_panel_shows_something(title, query, prometheus):
    result = prometheus.query(filled_in(query))
    assert result, "nothing"
    names = re.findall(r"{{(\w+)}}", next(t["legendFormat"] for p in PANELS for t in p["targets"] if t["expr"] == query))
    assert all(set(names) <= one["metric"].keys() for one in result), "labels in the legend that are not there"


@pytest.mark.parametrize("name", [name for name, v in variables().items() if v["type"] == "query"])
def test_variable_has_values(name, prometheus):
    query, label = re.fullmatch(r"label_values\((.*), (\w+)\)", variables()[name]["definition"]).groups()
    assert prometheus.api(f"label/{label}/values", **{"match[]": filled_in(query)})


def test_steps_have_the_namespace_of_their_task_run(series):
    namespaces = {labels["namespace"] for labels in series["steptrace_step_duration_seconds_count"]}
    assert namespaces and "steptrace" not in namespaces


def metrics_in(text):
    """The metrics of a query with the labels that it wants of them."""
    for name, matchers in re.findall(r"\b((?:otelcol|steptrace|tekton)_\w+)(?:{([^}]*)})?", text):
        yield name, set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers))


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_alert_is_about_what_is_there(rule, series):
    for name, labels in metrics_in(rule["expr"]):
        assert name in series, name
        assert all(labels <= one.keys() for one in series[name]), labels
    text = "".join(rule["annotations"].values())
    shown = {label for label in re.findall(r"\$labels\.(\w+)", text)}
    known = {label for name, _ in metrics_in(rule["expr"]) for one in series[name] for label in one}
    assert shown <= known | {"job"}, shown


def test_alerts_are_evaluated_and_silent(prometheus):
    def rules():
        return [rule for group in prometheus.api("rules")["groups"] for rule in group["rules"]]

    wait(lambda: all(rule["health"] != "unknown" for rule in rules()))
    assert len(rules()) == len(ALERTS)
    for rule in rules():
        assert (rule["health"], rule["state"]) == ("ok", "inactive"), rule


def promtool(*arguments, cwd=None):
    run = subprocess.run(
        [Path(os.environ["PROMETHEUS"]) / "promtool", *arguments], capture_output=True, text=True, cwd=cwd
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_promtool_accepts_the_rules(tmp_path):
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(RULES))
    promtool("check", "rules", "--lint-fatal", tmp_path / "rules.yaml")


def test_alerts_fire_when_they_should(tmp_path):
    """alerts.yaml has for each alert what lets it fire, and what does not."""
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(RULES))
    text = (DEPLOY / "tests" / "alerts.yaml").read_text()
    (tmp_path / "alerts.yaml").write_text(text)
    promtool("test", "rules", "alerts.yaml", cwd=tmp_path)
    tested = {t["alertname"] for group in yaml.load(text, Loader)["tests"] for t in group["alert_rule_test"]}
    assert tested == {rule["alert"] for rule in ALERTS}


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_alert_says_what_to_do(rule):
    assert rule["labels"]["severity"] in ("critical", "warning", "info")
    assert rule["annotations"].keys() >= {"summary", "description"}
    document = (DEPLOY.parent / "docs" / "operations.md").read_text()
    assert f"`{rule['alert']}`" in document, "docs/operations.md does not tell of it"
