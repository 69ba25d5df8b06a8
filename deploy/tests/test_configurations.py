"""Every configuration that is deployed is one, says the program itself."""

import subprocess

import pytest
from conftest import DEPLOY, MANIFESTS, configuration, helm

GATEWAYS = [name for name in MANIFESTS if name.startswith(("overlays", "helm"))]


def validate(steptrace, files, folder):
    """Validates files, laid over one another."""
    arguments = []
    for name, text in files:
        path = folder / name
        path.write_text(text)
        arguments += ["--config", path]
    return subprocess.run(
        [steptrace, "validate", *arguments],
        env={"STEPTRACE_BACKEND": "http://jaeger:4318"},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("name", GATEWAYS)
def test_configuration_is_valid(name, steptrace, tmp_path):
    files = configuration(MANIFESTS[name])
    run = validate(steptrace, files, tmp_path)
    assert (run.returncode, run.stderr) == (0, "")


def test_configuration_for_a_machine_is_valid(steptrace, tmp_path):
    run = validate(steptrace, [("config.yaml", (DEPLOY / "config.yaml").read_text())], tmp_path)
    assert (run.returncode, run.stderr) == (0, "")


def test_what_the_chart_is_told_is_validated(steptrace, tmp_path):
    """That this test can fail: a key that nobody knows gets through the chart, and is found here."""
    documents = helm({"config": {"processors": {"tekton_steps": {"max_hodl": "2s"}}}})
    run = validate(steptrace, configuration(documents), tmp_path)
    assert run.returncode == 1 and "max_hodl" in run.stderr
