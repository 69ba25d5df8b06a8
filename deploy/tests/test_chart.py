"""The chart says the same as the overlays, and refuses values that it does not have."""

import copy
import json

import pytest
from conftest import CHART, OVERLAYS, SAME_VALUES, DEPLOY, ROOT, configuration, helm, kustomize, merged, workload
from helm_python.chart import Chart, lint
from helm_python.errors import HelmError


def test_every_overlay_has_its_values():
    assert sorted(SAME_VALUES) == OVERLAYS


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_lint(overlay):
    report = lint(CHART, SAME_VALUES[overlay], strict=True)
    assert report["errors"] == []


def comparable(documents):
    """Without what only kustomize or only Helm has."""
    config = merged(configuration(documents))
    documents = copy.deepcopy(documents)
    result = {}
    for document in documents:
        if document["kind"] == "Namespace":
            continue
        metadata = document["metadata"]
        for label in ("helm.sh/chart", "app.kubernetes.io/managed-by", "app.kubernetes.io/version"):
            metadata.get("labels", {}).pop(label, None)
        if document["kind"] == "ConfigMap" and "config.yaml" in document["data"]:
            metadata["name"] = "steptrace"
            document["data"] = config
        if document["kind"] in ("Deployment", "StatefulSet"):
            template = document["spec"]["template"]
            template["metadata"].pop("annotations", None)
            container = template["spec"]["containers"][0]
            del container["args"]
            container.pop("imagePullPolicy", None)
            container["volumeMounts"].sort(key=lambda mount: mount["name"])
            template["spec"]["volumes"].sort(key=lambda volume: volume["name"])
            for volume in template["spec"]["volumes"]:
                if volume["name"] == "config":
                    volume["configMap"]["name"] = "steptrace"
        result[document["kind"], metadata.get("namespace"), metadata["name"]] = document
    return result


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_chart_and_overlay_are_the_same(overlay):
    assert comparable(helm(SAME_VALUES[overlay])) == comparable(kustomize(DEPLOY / "overlays" / overlay))


def test_values_are_laid_over_the_configuration():
    config = {
        "processors": {"tekton_steps": {"max_hold": "2s"}},
        "exporters": {"otlp_http": {"headers": {"Authorization": "Bearer ${env:TOKEN}"}}},
    }
    documents = helm({"config": config, "namespaces": ["a"], "backend": "https://traces.example.com"})
    result = merged(configuration(documents))
    assert result["processors"]["tekton_steps"] == {"namespaces": ["a"], "max_hold": "2s"}
    assert result["exporters"]["otlp_http"]["headers"] == {"Authorization": "Bearer ${env:TOKEN}"}
    assert result["exporters"]["otlp_http"]["compression"] == "none"
    container = workload(documents)["spec"]["template"]["spec"]["containers"][0]
    assert container["env"][0] == {"name": "STEPTRACE_BACKEND", "value": "https://traces.example.com"}


def test_two_releases_are_two_groups():
    def group(name):
        documents = helm({"sharding": {"enabled": True}}, name=name)
        return merged(configuration(documents))["processors"]["tekton_steps"]["sharding"]["group"]

    assert group("steptrace") != group("another") and "." not in group("a.b")


def test_replicas_that_do_not_share_are_spared_by_the_service():
    documents = helm({"replicaCount": 2})
    service = next(d for d in documents if d["kind"] == "Service")
    assert service["spec"]["sessionAffinity"] == "ClientIP"


def test_pods_are_replaced_when_the_configuration_changes():
    def checksum(values):
        return workload(helm(values))["spec"]["template"]["metadata"]["annotations"]["checksum/config"]

    assert checksum({}) == checksum({})
    assert checksum({}) != checksum({"config": {"processors": {"tekton_steps": {"max_hold": "2s"}}}})


@pytest.mark.parametrize(
    "values, place",
    [
        ({"replicas": 2}, "replicas"),
        ({"replicaCount": 0}, "replicaCount"),
        ({"backend": "jaeger:4318"}, "backend"),
        ({"namespaces": ["Upper"]}, "namespaces"),
        ({"tls": {"enable": True}}, "tls"),
        ({"sharding": True}, "sharding"),
        ({"config": {"exporter": {}}}, "config"),
        ({"networkPolicy": {"egressPorts": ["https"]}}, "egressPorts"),
    ],
)
def test_wrong_values_are_refused(values, place):
    with Chart.load(CHART) as chart, pytest.raises(HelmError, match=place):
        chart.validate_schema(values)
        chart.render(values, name="steptrace", namespace="steptrace")


def test_empty_lists_of_the_network_policy_allow_nothing():
    """In a rule, an empty list means everything."""
    values = {"networkPolicy": {"enabled": True, "fromNamespaces": [], "egressPorts": []}}
    policy = next(d for d in helm(values) if d["kind"] == "NetworkPolicy")["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"] and policy["ingress"] == []
    assert [sorted(port["port"] for port in rule["ports"]) for rule in policy["egress"]] == [[53, 53]]


def test_schema_has_every_value():
    """A value without a place in the schema would be refused; one in the schema without a default, undocumented."""

    def keys(schema, values, path=""):
        properties = schema.get("properties", {})
        assert set(properties) - {"global", "claims"} >= set(values) if properties else True, path
        for key, value in values.items():
            if key in properties and isinstance(value, dict) and properties[key].get("properties"):
                keys(properties[key], value, f"{path}.{key}")

    schema = json.loads((CHART / "values.schema.json").read_text())
    with Chart.load(CHART) as chart:
        values = chart.values
        keys(schema, values)
        assert set(schema["properties"]) - {"global"} == set(values)
        chart.validate_schema({})


def test_version_is_the_programs():
    """One version everywhere: program, chart, manifests."""
    source = (ROOT / "Sources" / "Collector" / "BuildInfo.swift").read_text()
    with Chart.load(CHART) as chart:
        version = chart.metadata["appVersion"]
        assert f'version = "{version}"' in source
        assert chart.metadata["version"] == version
    for overlay in OVERLAYS:
        documents = kustomize(DEPLOY / "overlays" / overlay)
        assert workload(documents)["spec"]["template"]["spec"]["containers"][0]["image"] == f"steptrace:{version}"
