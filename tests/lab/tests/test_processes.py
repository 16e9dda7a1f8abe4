"""Children never stay behind: not after a stop, not when they ignore it, not when their parent is killed."""

import pathlib
import signal
import subprocess
import sys

import psutil
import pytest

from acrcmk_lab import processes
from tests.support import waiting

STUBBORN = "import signal, pathlib, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); pathlib.Path('up').touch(); time.sleep(60)"  # noqa: E501 - one argument of `python -c`
PARENT = """
import pathlib, sys, time
from acrcmk_lab import processes
children = processes.Children(pathlib.Path(sys.argv[1]))
child = children.start("sleeper", sys.executable, "-c", "import time; time.sleep(60)")
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def children(tmp_path: pathlib.Path):
    with processes.Children(tmp_path) as children:
        yield children


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_child_that_ends_early_is_reported_with_the_end_of_its_log(children):
    child = children.start("broken", sys.executable, "-c", "print('no such port'); raise SystemExit(3)")
    with pytest.raises(
        processes.ChildError, match=r"broken ended with exit code 3 before it served(.|\n)*no such port"
    ):
        child.wait_until(lambda: False, what="it served")


def test_a_child_that_never_serves_is_reported_after_the_timeout(children):
    child = children.start("slow", sys.executable, "-c", "import time; time.sleep(60)")
    with pytest.raises(processes.ChildError, match=r"slow has not reached this in 0\.1 s: it served"):
        child.wait_until(lambda: False, what="it served", timeout=0.1)


def test_leaving_the_context_stops_every_child(tmp_path):
    with processes.Children(tmp_path) as children:
        started = [children.start(f"c{n}", sys.executable, "-c", "import time; time.sleep(60)") for n in range(2)]
        assert all(child.running for child in started)
    assert not any(child.running for child in started)


def test_a_child_that_ignores_the_request_to_end_is_killed(children, tmp_path):
    child = children.start("stubborn", sys.executable, "-c", STUBBORN)
    child.wait_until((tmp_path / "up").exists, what="it ignores SIGTERM")
    child.stop(grace=0.1)
    assert child.process.returncode == -signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills the children of a killed parent")
def test_killing_the_parent_leaves_no_child(tmp_path):
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    waiting.eventually(lambda: gone(pid), timeout=5)


def test_children_see_nothing_of_the_users_clusters_and_logins(children, tmp_path, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", "/home/me/.kube/config")
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "mine")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy")
    child = children.start("env", sys.executable, "-c", "import os; print(sorted(os.environ))", extra={"ONLY": "this"})
    child.process.wait(10)
    seen = child.log_tail()
    assert "'ONLY'" in seen
    assert not [name for name in ("KUBECONFIG", "AZURE_CLIENT_SECRET", "HTTPS_PROXY") if name in seen]
    assert str(pathlib.Path.home()) != processes.environment(tmp_path / "home")["HOME"]
