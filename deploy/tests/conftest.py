"""What the tests share: the folders, and everything in deploy/ rendered by kustomize and Helm themselves."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from helm_python.chart import Chart

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
CHART = DEPLOY / "helm" / "steptrace"

# Each overlay, and the values that make the chart render the same.
SAME_VALUES = {
    "single": {},
    "namespaced": {"namespaces": ["ci"]},
    "high-availability": {
        "replicaCount": 2,
        "persistentQueue": {"enabled": True},
        "sharding": {"enabled": True},
    },
    "secure": {"tls": {"enabled": True}, "basicAuth": {"enabled": True}},
    "tekton-v1.10": {"legacyPort": {"enabled": True}},
    "production": {
        "replicaCount": 2,
        "persistentQueue": {"enabled": True},
        "sharding": {"enabled": True},
        "tls": {"enabled": True},
        "basicAuth": {"enabled": True},
        "serviceMonitor": {"enabled": True},
        "prometheusRule": {"enabled": True},
    },
}

OVERLAYS = sorted(path.name for path in (DEPLOY / "overlays").iterdir())


class Loader(yaml.SafeLoader):
    """YAML as Kubernetes reads it, with keys that occur twice as errors."""

    def construct_mapping(self, node, deep=False):
        keys = [key.value for key, _ in node.value]
        assert len(keys) == len(set(keys)), f"{node.start_mark}: a key occurs twice in {keys}"
        return super().construct_mapping(node, deep)


def objects(text):
    return [document for document in yaml.load_all(text, Loader) if document]


def kustomize(folder):
    """The objects of a kustomization, by the kustomize in kubectl."""
    kubectl = Path(sys.executable).parent / "kubectl"
    run = subprocess.run([kubectl, "kustomize", folder], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    assert not run.stderr, run.stderr
    return objects(run.stdout)


def helm(values, name="steptrace", namespace="steptrace"):
    """The objects of the chart, by Helm's own engine."""
    with Chart.load(CHART) as chart:
        files = chart.render(values, name=name, namespace=namespace)
    return [
        document
        for path, text in sorted(files.items())
        if path.endswith(".yaml")
        for document in objects(text)
    ]


def manifests():
    """All that anybody could apply: (where from, objects)."""
    for overlay in OVERLAYS:
        yield f"overlays/{overlay}", kustomize(DEPLOY / "overlays" / overlay)
        yield f"helm for {overlay}", helm(SAME_VALUES.get(overlay, {}), namespace="elsewhere")
    for folder in ["jaeger", "tekton"]:
        for path in sorted((DEPLOY / folder).glob("*.yaml")):
            yield str(path.relative_to(DEPLOY)), objects(path.read_text())


MANIFESTS = dict(manifests())


def workload(documents):
    return next(document for document in documents if document["kind"] in ("Deployment", "StatefulSet"))


def configuration(documents):
    """The files of the configuration in the order in which the program gets them, as (name, text)."""
    files = next(
        document["data"]
        for document in documents
        if document["kind"] == "ConfigMap" and "config.yaml" in document["data"]
    )
    arguments = workload(documents)["spec"]["template"]["spec"]["containers"][0]["args"]
    assert arguments[0::2] == ["--config"] * (len(arguments) // 2), arguments
    names = [path.removeprefix("/etc/steptrace/") for path in arguments[1::2]]
    assert set(names) == set(files), "a file that is mounted and not read, or the other way round"
    return [(name, files[name]) for name in names]


def merged(files):
    """As the program merges its files: maps deeply, all else is replaced."""

    def merge(base, over):
        if not (isinstance(base, dict) and isinstance(over, dict)):
            return over
        return {**base, **{key: merge(base.get(key), value) for key, value in over.items()}}

    result = {}
    for _, text in files:
        result = merge(result, yaml.load(text, Loader))
    return result


@pytest.fixture(scope="session")
def steptrace():
    """The built program."""
    path = Path(os.environ.get("STEPTRACE", ROOT / ".build" / "debug" / "steptrace"))
    assert path.exists(), f"{path} is not there: run this through `make check-deploy`"
    return path
