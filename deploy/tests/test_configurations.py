"""Every configuration that is deployed is one, says the program itself."""

import subprocess

import pytest
from conftest import DEPLOY, MANIFESTS, configuration, helm

GATEWAYS = [name for name in MANIFESTS if name.startswith(("overlays", "helm"))]


KUBECONFIG = """
clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]
users: [{name: u, user: {token: t}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
current-context: x
"""
TLS = DEPLOY.parent / "Tests" / "Fixtures" / "tls"


def validate(steptrace, files, folder):
    """Validates files, laid over one another. What a cluster would mount is there, elsewhere."""
    (folder / "htpasswd").write_text("tekton:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n")
    (folder / "kubeconfig").write_text(KUBECONFIG)
    mounted = {
        "/etc/steptrace-tls/tls.crt": TLS / "kube.test.crt",
        "/etc/steptrace-tls/tls.key": TLS / "kube.test.key",
        "/etc/steptrace-htpasswd/htpasswd": folder / "htpasswd",
    }
    arguments = []
    for name, text in files:
        for there, here in mounted.items():
            text = text.replace(there, str(here))
        path = folder / name
        path.write_text(text)
        arguments += ["--config", path]
    return subprocess.run(
        [steptrace, "validate", *arguments],
        env={"STEPTRACE_BACKEND": "http://jaeger:4318", "KUBECONFIG": str(folder / "kubeconfig")},
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
