"""The real `az` in the lab, as a person's shell would run it."""

import dataclasses
import json
import os
import pathlib
import subprocess
import sys
from typing import Any

import pytest

from acrcmk_lab import az_env, launch, processes
from tests.support import azurelab

BINARY = "ACRCMK_AZ"
needed = pytest.mark.skipif(BINARY not in os.environ, reason=f"{BINARY} names no az to try; see make test-az")
PATIENCE_SECONDS = 120.0


class AzError(Exception):
    """A command failed; the message is what it wrote to standard error."""


@dataclasses.dataclass(frozen=True)
class Az:
    """`az`, found in PATH, with the environment that `acrcmk-lab az-env` made."""

    environment: dict[str, str]

    @classmethod
    def make(cls, children: processes.Children, azure: azurelab.Azure) -> "Az":
        """Ask `acrcmk-lab az-env` for an environment."""
        folder = children.directory / "az"
        command = (sys.executable, "-m", "acrcmk_lab.cli", "az-env", "--env", str(azure.server.env))
        usual = processes.environment(children.home)
        subprocess.run([*command, "--dir", str(folder)], env=usual, check=True, stdout=subprocess.DEVNULL)
        path = f"{pathlib.Path(os.environ[BINARY]).parent}{os.pathsep}{usual['PATH']}"
        return cls(environment=usual | launch.read_env(folder / az_env.ENV_FILE) | {"PATH": path})

    def run(self, *arguments: str) -> Any:
        """Run one command to its end and return what it printed, if anything; AzError when it fails."""
        return next(iter(self.start("az", *arguments).documents()), None)

    def start(self, *command: str, **extra: str) -> "Running":
        """Start a command, `az` itself or a script of it, with more environment."""
        process = subprocess.Popen(
            processes.with_parent_death_signal(*command),
            env=self.environment | extra,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        return Running(process)


@dataclasses.dataclass(frozen=True)
class Running:
    """A command under way."""

    process: subprocess.Popen[str]

    def documents(self) -> list[Any]:
        """Wait for the end and return the JSON documents printed; AzError when it failed."""
        printed, complaint = self.process.communicate(timeout=PATIENCE_SECONDS)
        if self.process.returncode:
            raise AzError(complaint)
        return _documents(printed)


def _documents(text: str) -> list[Any]:
    decoder, found = json.JSONDecoder(), []
    while text := text.lstrip():
        document, end = decoder.raw_decode(text)
        found.append(document)
        text = text[end:]
    return found
