"""The demo as a new user meets it: it ends well, it can be kept and ended, and Ctrl-C leaves nothing behind."""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys

import psutil
import pytest

from acrcmk_lab import kubectl
from tests.support import waiting

pytestmark = pytest.mark.integration

DEMO = (sys.executable, "-m", "acrcmk_lab.cli", "demo")
FAST = ("--speed", "60")


def processes_of(demo: subprocess.Popen) -> list[psutil.Process]:
    return psutil.Process(demo.pid).children(recursive=True)


def gone(processes: list[psutil.Process]) -> bool:
    return not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in processes)


def heed_ctrl_c() -> None:
    """Undo what a shell does to its background jobs, whose children would ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def demo(tmp_path, monkeypatch):
    """Starts the demo, with a user's kubeconfig and Azure login that lead nowhere."""
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "not-to-be-read"))
    monkeypatch.setenv("AZURE_CLIENT_ID", "not-to-be-used")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    started = []

    def start(*options: str) -> subprocess.Popen:
        with (tmp_path / "output").open("w") as output:
            started.append(
                subprocess.Popen([*DEMO, *options], stdout=output, stderr=subprocess.STDOUT, preexec_fn=heed_ctrl_c)  # noqa: PLW1509 - no threads
            )
        return started[-1]

    yield start
    for one in started:
        one.kill()
        one.wait()


@pytest.fixture
def output(tmp_path):
    return (tmp_path / "output").read_text


def test_it_ends_ready_and_tells_the_story_on_the_way(demo, output, tmp_path):
    assert demo(*FAST).wait(60) == 0, output()
    told = output()
    assert [line for line in told.splitlines() if line.startswith("$ ")] == [
        "$ kubectl apply -f crds",
        "$ kubectl apply -f deploy/samples/minimal.yaml",
        "$ kubectl get encreg -o wide",
        "$ kubectl get encreg demo -o jsonpath={.status.encryption}",
    ]
    for kind in ("IdentityReady", "VaultReady", "VaultAccessReady", "KeyReady", "RegistryReady", "EncryptionReady"):
        assert re.search(rf"^ +[\d.]+ s +\d+  ● {kind} +Succeeded", told, re.MULTILINE), told
    encryption = json.loads(told[told.index("\n{\n") : told.index("\n}\n") + 2])
    assert encryption["status"] == "enabled"
    assert list(tmp_path.glob("acrcmk-demo-*")) == []


def test_ctrl_c_leaves_nothing_behind(demo, output, tmp_path):
    running = demo("--speed", "1")
    waiting.eventually(output, lambda told: "Creating" in told, timeout=60)
    children = processes_of(running)
    running.send_signal(signal.SIGINT)
    assert running.wait(20) == 130
    assert len(children) >= 4, "Azure, Kubernetes, the operator and kubectl"
    assert gone(children)
    assert list(tmp_path.glob("acrcmk-demo-*")) == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills the children of a killed parent")
def test_a_killed_demo_leaves_no_process_behind(demo, output):
    running = demo("--speed", "1")
    waiting.eventually(output, lambda told: "Creating" in told, timeout=60)
    children = processes_of(running)
    running.kill()
    waiting.eventually(lambda: gone(children))


def test_a_kept_demo_can_be_used_and_ended(demo, output, tmp_path):
    assert demo(*FAST, "--keep").wait(60) == 0, output()
    exported = re.search(r"export KUBECONFIG=(\S+)", output())[1]
    directory = pathlib.Path(re.search(r"make demo STOP=(\S+)", output())[1])
    kept = json.loads((directory / "processes.json").read_text())
    try:
        there = kubectl.Kubectl(pathlib.Path(exported), home=tmp_path / "home")
        assert "True" in there.run("get", "encreg", "demo")
    finally:
        subprocess.run([*DEMO, "--stop", str(directory)], check=True, env=os.environ | {"NO_COLOR": "1"})
    assert [one["name"] for one in kept] == ["azure", "kube", "operator"]
    assert not any(psutil.pid_exists(one["pid"]) for one in kept)
    assert not directory.exists()
