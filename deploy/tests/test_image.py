"""What the image would have is enough: the program starts in a root that Scripts/make-root made, as deploy/Dockerfile
does, with no rights to write there, and does its work."""

import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import urllib.request

import pytest
from conftest import DEPLOY, ROOT
from program import PATH, Backend, post, recorder, running, serving

# What the program may link to beside libc; further libraries are those that libcurl brings.
NAMED = {"libcurl", "libz", "libcrypt", "libsqlite3"}
CONFIG = """
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:0"}}}}
exporters: {otlp_http: {endpoint: "https://localhost:%d", retry_on_failure: {initial_interval: 100ms}}}
extensions: {health_check: {endpoint: "127.0.0.1:0"}}
service:
  telemetry: {metrics: {level: none}}
  extensions: [health_check]
  pipelines: {traces: {receivers: [otlp], exporters: [otlp_http]}}
"""


@pytest.fixture(scope="module")
def root(steptrace, tmp_path_factory):
    folder = tmp_path_factory.mktemp("image") / "root"
    subprocess.run([ROOT / "Scripts" / "make-root", steptrace, folder], check=True)
    yield folder
    shutil.rmtree(folder)


def in_root(root, *command):
    """A command with `root` as its file system, and /proc, as engines give it; as the user of the image."""
    (root / "proc").mkdir(exist_ok=True)
    is_root = os.geteuid() == 0
    script = 'mount --rbind /proc "$0/proc" && exec chroot %s "$0" "$@"' % ("--userspec=65532:65532" if is_root else "")
    return ["unshare", "--mount", *([] if is_root else ["--map-root-user"]), "sh", "-c", script, root, *command]


def test_dockerfile_does_what_is_tested_here():
    text = (DEPLOY / "Dockerfile").read_text()
    assert "RUN make release && Scripts/make-root .build/release/steptrace /image" in text
    assert "COPY --from=build /image /\n" in text
    assert 'ENTRYPOINT ["/usr/bin/steptrace"]' in text
    assert "USER 65532:65532" in text


def test_version_is_stamped(root):
    version = re.search(r"^ARG VERSION=(.+)$", (DEPLOY / "Dockerfile").read_text(), re.M)[1]
    run = subprocess.run(in_root(root, "/usr/bin/steptrace", "--version"), env=PATH, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert version in run.stdout.split()


def test_there_is_no_shell(root):
    assert [path.name for path in (root / "usr/bin").iterdir()] == ["steptrace"]


def test_release_needs_few_libraries(steptrace):
    if "release" not in str(steptrace.resolve()):
        pytest.skip("a debug build has Swift's runtime as libraries: STEPTRACE=.build/release/steptrace")
    needed = subprocess.run(["readelf", "-d", steptrace], capture_output=True, text=True, check=True).stdout
    names = set(re.findall(r"\(NEEDED\).*\[(\w+)", needed))
    assert names <= NAMED | {"libc", "libm", "libgcc_s", "libstdc", "ld"}


def test_a_queue_on_a_volume_survives_a_kill(root):
    """With nothing but the volume to write to, and SQLite's temporary files there: what was accepted before SIGKILL is sent
    by the next process, which compacts the file first."""
    volume = root / "var/lib/steptrace"
    volume.mkdir(parents=True)
    os.chown(volume, *([65532, 65532] if os.geteuid() == 0 else [-1, -1]))
    over = """yaml:
extensions: {file_storage: {directory: /var/lib/steptrace/queue, create_directory: true, compaction: {on_start: true}}}
exporters: {otlp_http: {encoding: json, sending_queue: {storage: file_storage}}}
service: {extensions: [health_check, file_storage]}
"""
    command = in_root(root, "/usr/bin/steptrace", "--config", "/etc/steptrace/config.yaml", "--config", over)
    environment = {**PATH, "SQLITE_TMPDIR": "/var/lib/steptrace"}
    config = root / "etc/steptrace/config.yaml"
    config.write_text(CONFIG.replace("https:", "http:") % 1)
    spans = [{"traceId": "01" * 16, "spanId": "02" * 8, "name": "kept"}]
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).encode()
    with running(command, env=environment, code=-signal.SIGKILL) as log:
        log.find("Everything is ready")
        post(log.endpoint("Starting HTTP server"), body, "application/json")
        log.process.kill()
    backend = recorder()
    with serving(backend) as port:
        config.write_text(CONFIG.replace("https:", "http:") % port)
        with running(command, env=environment) as log:
            assert backend.arrived.wait(20), str(log)
    assert backend.names == {"kept"}
    assert "unable to open" not in str(log)
    assert {path.name for path in volume.iterdir()} == {"queue"}


def test_it_works(root, tmp_path):
    """It answers probes, takes spans, resolves names, and knows the CAs of the world (which is why it does not trust
    this backend)."""
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"]
        + ["-subj", "/CN=localhost", "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n")
    spans = [{"traceId": "01" * 16, "spanId": "02" * 8, "name": "a"}]
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).encode()
    with serving(Backend, lambda socket: context.wrap_socket(socket, server_side=True)) as port:
        (root / "etc/steptrace/config.yaml").write_text(CONFIG % port)
        command = in_root(root, "/usr/bin/steptrace", "--config", "/etc/steptrace/config.yaml")
        with running(command, env=PATH) as log:
            log.find("Everything is ready")
            with urllib.request.urlopen(f"http://{log.endpoint('health_check')}/") as answer:
                assert json.load(answer)["status"] == "Server available"
            post(log.endpoint("receiver:otlp"), body, "application/json")
            log.find("(?i)self.signed certificate")
