"""Start the lab's two servers and the operator as processes, for demo, benchmarks and tests.

The operator is started by its command line (`python -m acrcmk run`): the lab never imports it.
"""

import dataclasses
import json
import pathlib
import sys
import tempfile
from collections.abc import Mapping
from typing import Any

import yaml

from acrcmk_lab import processes
from acrcmk_lab.kubectl import Kubectl

READY_SECONDS = 60.0
ROOT = pathlib.Path(__file__).resolve().parents[3]
"""The repository, with the manifests that are applied."""
CRDS = ROOT / "crds"
SAMPLE = ROOT / "deploy" / "samples" / "minimal.yaml"


@dataclasses.dataclass(frozen=True, kw_only=True)
class AzureServer:
    """A running `acrcmk-lab azure`; `log` is its request log, one JSON object per line."""

    child: processes.Child
    env: pathlib.Path
    log: pathlib.Path

    @classmethod
    def start(cls, children: processes.Children, *options: str) -> "AzureServer":
        """Start the server with additional command line `options`."""
        # A folder for each lab: two labs in one folder would overwrite each other's certificate.
        directory = pathlib.Path(tempfile.mkdtemp(prefix="azure-", dir=children.directory))
        env, log = directory / "lab.env", directory / "requests.jsonl"
        paths = {"--dir": directory, "--env": env, "--log": log}
        return cls(child=children.start("azure", *_lab("azure", paths), *options), env=env, log=log)

    def wait(self) -> dict[str, str]:
        """Wait until it serves; return the environment that its clients need."""
        self.child.wait_until(self.env.exists, what="it served Azure", timeout=READY_SECONDS)
        return read_env(self.env)

    def requests(self) -> list[dict[str, Any]]:
        """Return all requests so far, without those to the token service and the control API."""
        records = read_log(self.log)
        return [entry for entry in records if entry["record"] == "request" and entry["service"] in {"arm", "vault"}]


@dataclasses.dataclass(frozen=True, kw_only=True)
class KubeServer:
    """A running `acrcmk-lab kube`; `log` is its request log, one JSON object per line."""

    child: processes.Child
    kubeconfig: pathlib.Path
    log: pathlib.Path

    @classmethod
    def start(cls, children: processes.Children, *options: str) -> "KubeServer":
        """Start the server with additional command line `options`."""
        kubeconfig, log = children.directory / "kubeconfig", children.directory / "kube-requests.jsonl"
        paths = {"--kubeconfig": kubeconfig, "--log": log}
        child = children.start("kube", *_lab("kube", paths), *options)
        return cls(child=child, kubeconfig=kubeconfig, log=log)

    def wait(self) -> Kubectl:
        """Wait until it serves; return a kubectl for it."""
        self.child.wait_until(self.kubeconfig.exists, what="it served the Kubernetes API", timeout=READY_SECONDS)
        return Kubectl(self.kubeconfig, home=self.kubeconfig.parent / "home")

    def requests(self) -> list[dict[str, Any]]:
        """Return all requests so far without kubectl's."""
        return [entry for entry in read_log(self.log) if not entry["user_agent"].startswith("kubectl")]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Lab:
    """Both servers, running, and the environment of their clients."""

    children: processes.Children
    azure: AzureServer
    kube: KubeServer
    kubectl: Kubectl
    environment: Mapping[str, str]
    speed: float

    @classmethod
    def open(cls, children: processes.Children, *, speed: float, spec: Mapping[str, Any]) -> "Lab":
        """Start both servers; Azure has the resource group in the `spec` of an EncryptedRegistry."""
        group = f"{spec['resourceGroup']}:{spec['location']}"
        azure = AzureServer.start(children, "--speed", f"{speed:g}", "--group", group)
        kube = KubeServer.start(children)
        return cls(
            children=children, azure=azure, kube=kube, environment=azure.wait(), kubectl=kube.wait(), speed=speed
        )

    def start_operator(self) -> processes.Child:
        """Start the operator, with delays scaled as Azure's time."""
        settings = {"ACRCMK_CLUSTER_ID": "lab", "ACRCMK_HTTP_PORT": "0", **scaled_delays(self.speed)}
        return start_operator(
            self.children, kubeconfig=self.kube.kubeconfig, environment={**self.environment, **settings}
        )

    def check(self) -> None:
        """Raise ChildError if one of the processes has ended."""
        for child in self.children.started:
            child.check()


def apply_crds(kubectl: Kubectl) -> str:
    """Apply the CRDs and wait until they are served; return kubectl's output."""
    output = kubectl.run("apply", "-f", str(CRDS))
    kubectl.run("wait", "--for=condition=Established", "--timeout=30s", "-f", str(CRDS))
    return output


def start_operator(
    children: processes.Children, *, kubeconfig: pathlib.Path, environment: Mapping[str, str]
) -> processes.Child:
    """Start the operator with `environment` (Azure's and the operator's settings)."""
    command = (sys.executable, "-m", "acrcmk", "run")
    return children.start("operator", *command, extra={**environment, "KUBECONFIG": str(kubeconfig)})


def scaled_delays(speed: float) -> dict[str, str]:
    """Return the settings of the operator's delays for an Azure that runs at `speed` times real time."""
    seconds = {"POLL_MIN": 2.0, "POLL_MAX": 30.0, "RETRY_MIN": 2.0, "RETRY_MAX": 300.0, "GRANT_DELAY": 61.0}
    return {f"ACRCMK_{name}_SECONDS": f"{value / speed:g}" for name, value in seconds.items()}


def sample() -> dict[str, Any]:
    """Return the object that demo and benchmarks apply."""
    manifest: dict[str, Any] = yaml.safe_load(SAMPLE.read_text())
    return manifest


def read_env(path: pathlib.Path) -> dict[str, str]:
    """Parse a file of plain KEY=VALUE lines."""
    return {key: value for key, _, value in (line.partition("=") for line in path.read_text().splitlines())}


def read_log(path: pathlib.Path) -> list[dict[str, Any]]:
    """Parse a file of JSON lines; without an incomplete last line, empty if there is no file."""
    if not path.exists():
        return []
    complete, _, _ = path.read_text().rpartition("\n")
    return [json.loads(line) for line in complete.splitlines()]


def _lab(command: str, paths: Mapping[str, pathlib.Path]) -> tuple[str, ...]:
    options = (str(part) for pair in paths.items() for part in pair)
    return (sys.executable, "-m", "acrcmk_lab.cli", command, *options)
