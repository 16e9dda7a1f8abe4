"""Child processes of demo, benchmarks and tests: started, awaited, and stopped in order.

Each child leads a session of its own, so Ctrl-C in the terminal reaches this process alone, which stops its children
newest first. If this process is killed, the kernel kills the children (`parent_death_signal`), except with
`outlive_parent`.
"""

import collections
import contextlib
import dataclasses
import os
import pathlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import Self

from acrcmk_lab import parent_death_signal

POLL_SECONDS = 0.02
INHERITED_VARIABLES = ("PATH", "LANG", "LC_ALL", "TERM", "TMPDIR", "TZ")


class ChildError(RuntimeError):
    """A child ended or did not become ready; the message ends with the last lines of its log."""


def environment(home: pathlib.Path, **extra: str) -> dict[str, str]:
    """Return an environment without the user's kubeconfig, Azure login, proxies and home directory."""
    home.mkdir(parents=True, exist_ok=True)
    inherited = {name: os.environ[name] for name in INHERITED_VARIABLES if name in os.environ}
    return inherited | {"HOME": str(home), "PYTHONUNBUFFERED": "1"} | extra


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Child:
    """One running command; its standard output and error go to `log`."""

    name: str
    log: pathlib.Path
    process: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        """The process id; also the id of its process group."""
        return self.process.pid

    @property
    def running(self) -> bool:
        """Whether the process is running."""
        return self.process.poll() is None

    @property
    def peak_rss_mib(self) -> float:
        """The most memory that the process has held so far; Linux only (VmHWM in proc(5))."""
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        kibibytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(kibibytes) / 1024

    def log_tail(self, *, lines: int = 20) -> str:
        """Return the last lines of the log."""
        with self.log.open(errors="replace") as log:
            return "".join(collections.deque(log, maxlen=lines))

    def wait_until(self, ready: Callable[[], bool], *, what: str, timeout: float = 30.0) -> None:
        """Block until `ready()`; raise ChildError when the child ends first or after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while not ready():
            self.check(before=what)
            if time.monotonic() > deadline:
                self._fail(f"has not reached this in {timeout:g} s: {what}")
            time.sleep(POLL_SECONDS)

    def check(self, *, before: str = "it was stopped") -> None:
        """Raise ChildError if the process has ended."""
        if not self.running:
            self._fail(f"ended with exit code {self.process.returncode} before {before}")

    def stop(self, *, grace: float = 10.0) -> None:
        """Ask the process to end (SIGTERM); kill it and all of its group after `grace` seconds."""
        if self.running:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(grace)
        self.kill()

    def kill(self) -> None:
        """Kill the process and all of its group at once (SIGKILL)."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()

    def _fail(self, happened: str) -> None:
        raise ChildError(f"{self.name} {happened}\n--- end of {self.log} ---\n{self.log_tail()}")


@dataclasses.dataclass(frozen=True, eq=False)
class Children:
    """The child processes of one run, with a private `directory` for their files; the end of the context stops all."""

    directory: pathlib.Path
    outlive_parent: bool = False
    started: list[Child] = dataclasses.field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def home(self) -> pathlib.Path:
        """The home directory of the children."""
        return self.directory / "home"

    def start(self, name: str, *command: str, extra: Mapping[str, str] | None = None) -> Child:
        """Start `command` in a scrubbed environment plus `extra`; children of one name share one log."""
        log = self.directory / f"{name}.log"
        full_command = command if self.outlive_parent else with_parent_death_signal(*command)
        with log.open("ab") as output:
            process = subprocess.Popen(  # the child lives on; stop() waits for it
                full_command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.directory,
                env=environment(self.home, **(extra or {})),
                start_new_session=True,
            )
        child = Child(name=name, log=log, process=process)
        self.started.append(child)
        return child

    def release(self) -> tuple[Child, ...]:
        """Return the children in the order of their start; they are no longer stopped."""
        released = tuple(self.started)
        self.started.clear()
        return released

    def stop(self) -> None:
        """Stop every child, the newest first, so that clients stop before their servers."""
        while self.started:
            self.started.pop().stop()


def with_parent_death_signal(*command: str) -> tuple[str, ...]:
    """Return the command line that runs `command` so that it dies with this process."""
    return (sys.executable, "-I", "-S", str(pathlib.Path(parent_death_signal.__file__)), str(os.getpid()), *command)
