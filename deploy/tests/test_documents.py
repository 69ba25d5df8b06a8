"""What the documents show for deploy/ works: kustomizations, values, and the files that commands name."""

import re
import subprocess

import pytest
import yaml
from conftest import ROOT, Loader, configuration, helm, kustomize, workload
from test_configurations import validate

DOCUMENTS = sorted((ROOT / "docs").glob("*.md")) + [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
INSTALL = (ROOT / "docs" / "install.md").read_text()


def blocks(language, text=INSTALL):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)


def kustomization(tmp_path, text):
    """The objects of a kustomization beside a copy of deploy/ called steptrace/deploy."""
    (tmp_path / "steptrace").mkdir()
    subprocess.run(["cp", "-r", ROOT / "deploy", tmp_path / "steptrace" / "deploy"], check=True)
    (tmp_path / "kustomization.yaml").write_text(text)
    return kustomize(tmp_path)


def test_overlay_of_ones_own(tmp_path, steptrace):
    text = next(block for block in blocks("yml") if "kind: Kustomization" in block)
    mine = next(block for block in blocks("yaml") if "k8s.cluster.name" in block)
    (tmp_path / "mine.yaml").write_text(mine)
    documents = kustomization(tmp_path, text)
    container = workload(documents)["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == "registry.example.com/steptrace:0.1.0"
    assert container["env"] == [{"name": "STEPTRACE_BACKEND", "value": "https://traces.example.com"}]
    assert configuration(documents)[-1] == ("mine.yaml", mine)
    folder = tmp_path / "files"
    folder.mkdir()
    run = validate(steptrace, configuration(documents), folder)
    assert (run.returncode, run.stderr) == (0, "")


def test_component_for_monitoring(tmp_path):
    text = next(block for block in blocks("yml") if block.startswith("components:"))
    documents = kustomization(tmp_path, "resources: [steptrace/deploy/overlays/single]\n" + text)
    assert {"ServiceMonitor", "PrometheusRule"} <= {document["kind"] for document in documents}


def test_values():
    values = yaml.load(next(block for block in blocks("yml") if block.startswith("replicaCount:")), Loader)
    documents = helm(values)
    assert {"StatefulSet", "Role", "ServiceMonitor", "PrometheusRule"} <= {document["kind"] for document in documents}


def test_image_and_backend_are_set_as_shown():
    settings = dict(re.findall(r"--set ([\w.]+)=(\S+)", INSTALL))
    assert settings == {"image.repository": "registry.example.com/steptrace", "backend": "https://traces.example.com"}
    documents = helm({"image": {"repository": settings["image.repository"]}, "backend": settings["backend"]})
    container = workload(documents)["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == "registry.example.com/steptrace:0.1.0"
    assert container["env"][0]["value"] == settings["backend"]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_files_that_are_named_are_there(document):
    text = document.read_text()
    for path in re.findall(r"(?<![\w/])(?:steptrace/)?((?:deploy|Scripts|Benchmarks)/[\w./-]+\w)", text):
        assert (ROOT / path).exists(), path
