"""A Kubernetes API for the tests, behind one interface: the embedded server, or a real one."""

import dataclasses
import os
import pathlib
from collections.abc import Callable

from acrcmk_lab import kubectl, launch, processes
from tests.support import envtest

READS = frozenset({"get", "list", "watch"})


@dataclasses.dataclass(frozen=True)
class Request:
    """One request of the operator's that the API server answered."""

    path: str
    code: int
    writes: bool


@dataclasses.dataclass(frozen=True)
class Cluster:
    """A running API server; `kubectl` is the administrator's, `operator_kubeconfig` the operator's."""

    kubectl: kubectl.Kubectl
    operator_kubeconfig: pathlib.Path
    operator_requests: Callable[[], list[Request]]
    """Returns what the operator asked for so far, in the order of the answers."""
    audit_log: pathlib.Path | None
    """The operator's part of a real server's audit log."""

    @property
    def real(self) -> bool:
        return self.audit_log is not None


def start(children: processes.Children) -> Cluster:
    """Start the real server where KUBEBUILDER_ASSETS names one, else the embedded one."""
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    return _start_real(children, pathlib.Path(assets)) if assets else _start_embedded(children)


def _start_embedded(children: processes.Children) -> Cluster:
    """Start `acrcmk-lab kube`; it knows one user only, so the operator is its administrator."""
    server = launch.KubeServer.start(children)

    def requests() -> list[Request]:
        return [
            Request(path=one["path"], code=one["status"], writes=one["method"] != "GET") for one in server.requests()
        ]

    return Cluster(
        kubectl=server.wait(),
        operator_kubeconfig=server.kubeconfig,
        operator_requests=requests,
        audit_log=None,
    )


def _start_real(children: processes.Children, assets: pathlib.Path) -> Cluster:
    server = envtest.start(children, assets)

    def requests() -> list[Request]:
        return [
            Request(path=one["requestURI"], code=one["responseStatus"]["code"], writes=one["verb"] not in READS)
            for one in launch.read_log(server.audit_log)
        ]

    return Cluster(
        kubectl=kubectl.Kubectl(server.admin_kubeconfig, home=children.home),
        operator_kubeconfig=server.operator_kubeconfig,
        operator_requests=requests,
        audit_log=server.audit_log,
    )
