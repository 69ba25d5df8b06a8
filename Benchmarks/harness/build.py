"""What is measured, and what it is measured with: built, or installed when it is not there yet."""

import os
import pathlib
import subprocess
import sys

BENCHMARKS = pathlib.Path(__file__).resolve().parent.parent
PACKAGE = BENCHMARKS.parent


def build():
    """Builds the gateway as `make release` does, and the tools."""
    subprocess.run(["make", "--no-print-directory", "release"], cwd=PACKAGE, check=True, stdout=sys.stderr)
    for product in ("otlp-load", "otlp-sink", "correlator-cost"):
        command = [os.environ.get("SWIFT", "swift"), "build", "-c", "release", "--package-path", BENCHMARKS]
        subprocess.run([*command, "--product", product], check=True, stdout=sys.stderr)


def steptrace():
    return PACKAGE / ".build" / "release" / "steptrace"


def tool(name):
    return BENCHMARKS / ".build" / "release" / name


def rotel():
    """The peer's binary, of the version that the tests use; None when it cannot be installed."""
    try:
        subprocess.run([PACKAGE / "Scripts" / "install-peers"], check=True, stdout=sys.stderr)
    except (OSError, subprocess.CalledProcessError):
        return None
    found = list(PACKAGE.glob(".venv/lib/python*/site-packages/rotel/rotel-agent"))
    return found[0] if found else None
