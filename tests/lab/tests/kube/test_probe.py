"""The conformance probe of the shared folder: every check that a real kube-apiserver passes but OpenAPI v2."""

import re
import subprocess
import sys

import pytest

from acrcmk_lab import kubectl
from tests.lab.tests import reference
from tests.lab.tests.kube import servers

PROBE = reference.FOLDER / "kubernetes" / "api_probe.py"
NOT_SERVED = ["GET /openapi/v2"]


@pytest.fixture
def proxy(tmp_path):
    """A server of its own behind `kubectl proxy`: the probe knows no tokens. Yields its address."""
    with servers.embedded(tmp_path) as api:
        command = [kubectl.find(), "--kubeconfig", str(api.kubeconfig), "proxy", "--port=0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                yield "http://" + re.search(r"127\.0\.0\.1:\d+", process.stdout.readline()).group()
            finally:
                process.terminate()


@reference.needs_reference_data
def test_the_conformance_probe_passes(proxy):
    command = [sys.executable, "-W", "ignore", str(PROBE), proxy, "--crd"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    failed = [line.removeprefix("FAIL ").partition("  -- ")[0] for line in done.stdout.splitlines() if "FAIL" in line]
    assert failed == NOT_SERVED, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].endswith("67/68 pass")
