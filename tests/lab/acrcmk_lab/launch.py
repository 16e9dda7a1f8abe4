"""The stage for demo, benchmarks and tests: the lab's two servers and the operator, as processes.

The operator is known here by its command line alone (`python -m acrcmk run`): the lab never imports it.
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
"""The repository: its manifests are what is tried out here."""
CRDS = ROOT / "crds"
SAMPLE = ROOT / "deploy" / "samples" / "minimal.yaml"


@dataclasses.dataclass(frozen=True)
class AzureServer:
    """A started `acrcmk-lab azure`; `log` is its request log, one JSON object per line."""

    child: processes.Child
    env: pathlib.Path
    log: pathlib.Path

    @classmethod
    def start(cls, family: processes.Family, *options: str) -> "AzureServer":
        """Start it with more command line `options`."""
        # A folder for each: a second lab in the same one would put its certificate in the first one's place.
        directory = pathlib.Path(tempfile.mkdtemp(prefix="azure-", dir=family.directory))
        env, log = directory / "lab.env", directory / "requests.jsonl"
        places = {"--dir": directory, "--env": env, "--log": log}
        return cls(child=family.start("azure", *_lab("azure", places), *options), env=env, log=log)

    def wait(self) -> dict[str, str]:
        """Wait until it serves; return the environment that a client needs to reach it."""
        self.child.wait_until(self.env.exists, what="it served Azure", timeout=READY_SECONDS)
        return read_env(self.env)

    def calls(self) -> list[dict[str, Any]]:
        """Return all calls so far, without those to the token service and the control API."""
        records = read_log(self.log)
        return [one for one in records if one["record"] == "request" and one["service"] in {"arm", "vault"}]


@dataclasses.dataclass(frozen=True)
class KubeServer:
    """A started `acrcmk-lab kube`; `log` is its request log, one JSON object per line."""

    child: processes.Child
    kubeconfig: pathlib.Path
    log: pathlib.Path

    @classmethod
    def start(cls, family: processes.Family, *options: str) -> "KubeServer":
        """Start it with more command line `options`."""
        kubeconfig, log = family.directory / "kubeconfig", family.directory / "kube-requests.jsonl"
        places = {"--kubeconfig": kubeconfig, "--log": log}
        child = family.start("kube", *_lab("kube", places), *options)
        return cls(child=child, kubeconfig=kubeconfig, log=log)

    def wait(self) -> Kubectl:
        """Wait until it serves; return a kubectl for it."""
        self.child.wait_until(self.kubeconfig.exists, what="it served the Kubernetes API", timeout=READY_SECONDS)
        return Kubectl(self.kubeconfig, home=self.kubeconfig.parent / "home")

    def requests(self) -> list[dict[str, Any]]:
        """Return all requests so far but kubectl's: the operator's."""
        return [one for one in read_log(self.log) if not one["user_agent"].startswith("kubectl")]


@dataclasses.dataclass(frozen=True)
class Lab:
    """Both servers, running, with what their clients need."""

    family: processes.Family
    azure: AzureServer
    kube: KubeServer
    kubectl: Kubectl
    environment: Mapping[str, str]
    speed: float

    @classmethod
    def open(cls, family: processes.Family, *, speed: float, spec: Mapping[str, Any]) -> "Lab":
        """Start both, Azure with the resource group that the `spec` of an EncryptedRegistry names."""
        group = f"{spec['resourceGroup']}:{spec['location']}"
        azure = AzureServer.start(family, "--speed", f"{speed:g}", "--group", group)
        kube = KubeServer.start(family)
        return cls(family=family, azure=azure, kube=kube, environment=azure.wait(), kubectl=kube.wait(), speed=speed)

    def start_operator(self) -> processes.Child:
        """Start the operator, its pauses in step with Azure's time."""
        settings = {"ACRCMK_CLUSTER_ID": "lab", "ACRCMK_HTTP_PORT": "0", **paced(self.speed)}
        return start_operator(
            self.family, kubeconfig=self.kube.kubeconfig, environment={**self.environment, **settings}
        )

    def check(self) -> None:
        """Raise ChildError if one of the processes has ended."""
        for child in self.family.children:
            child.check()


def apply_crds(kubectl: Kubectl) -> str:
    """Apply the CRDs and wait until they are served; return what kubectl said."""
    said = kubectl.run("apply", "-f", str(CRDS))
    kubectl.run("wait", "--for=condition=Established", "--timeout=30s", "-f", str(CRDS))
    return said


def start_operator(
    family: processes.Family, *, kubeconfig: pathlib.Path, environment: Mapping[str, str]
) -> processes.Child:
    """Start the operator with `environment` (Azure's and its own settings); nobody needs to wait for it."""
    command = (sys.executable, "-m", "acrcmk", "run")
    return family.start("operator", *command, extra={**environment, "KUBECONFIG": str(kubeconfig)})


def paced(speed: float) -> dict[str, str]:
    """Return the operator's pauses for an Azure that runs at `speed` times real time."""
    seconds = {"POLL_MIN": 1.0, "POLL_MAX": 30.0, "RETRY_MIN": 2.0, "RETRY_MAX": 300.0}
    return {f"ACRCMK_{name}_SECONDS": f"{value / speed:g}" for name, value in seconds.items()}


def sample() -> dict[str, Any]:
    """Return the object that demo and benchmarks apply."""
    loaded: dict[str, Any] = yaml.safe_load(SAMPLE.read_text())
    return loaded


def read_env(path: pathlib.Path) -> dict[str, str]:
    """Parse a file of plain KEY=VALUE lines."""
    return {key: value for key, _, value in (line.partition("=") for line in path.read_text().splitlines())}


def read_log(path: pathlib.Path) -> list[dict[str, Any]]:
    """Parse a file of JSON lines; empty before it exists, without a last line that is not whole yet."""
    if not path.exists():
        return []
    whole, _, _ = path.read_text().rpartition("\n")
    return [json.loads(line) for line in whole.splitlines()]


def _lab(command: str, places: Mapping[str, pathlib.Path]) -> tuple[str, ...]:
    options = (str(part) for pair in places.items() for part in pair)
    return (sys.executable, "-m", "acrcmk_lab.cli", command, *options)
