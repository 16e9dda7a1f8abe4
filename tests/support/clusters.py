"""A Kubernetes API for the tests, behind one interface: the embedded server, or a real one."""

import dataclasses
import json
import os
import pathlib
from collections.abc import Callable
from typing import Any

from acrcmk_lab import kubectl, processes, stage
from tests.support import envtest

READS = frozenset({"get", "list", "watch"})


@dataclasses.dataclass(frozen=True)
class Request:
    """One request of the operator's that the API server answered."""

    path: str
    code: int
    writes: bool

    @classmethod
    def of_lab(cls, line: dict[str, Any]) -> "Request | None":
        """Read a line of the embedded server's log; None for a request of kubectl's."""
        if line["user_agent"].startswith("kubectl"):
            return None
        return cls(path=line["path"], code=line["status"], writes=line["method"] != "GET")

    @classmethod
    def of_audit(cls, event: dict[str, Any]) -> "Request":
        """Read an event of a real server's audit log, which is kept for the operator's user alone."""
        path = event["requestURI"].partition("?")[0]
        return cls(path=path, code=event["responseStatus"]["code"], writes=event["verb"] not in READS)


@dataclasses.dataclass(frozen=True)
class Cluster:
    """A running API server; `kubectl` is the administrator's, `operator_kubeconfig` the operator's."""

    kubectl: kubectl.Kubectl
    operator_kubeconfig: pathlib.Path
    log: pathlib.Path
    read: Callable[[dict[str, Any]], Request | None]
    real: bool

    def operator_requests(self) -> list[Request]:
        """Return what the operator asked for so far, in the order of the answers."""
        with self.log.open() as log:
            requests = [self.read(json.loads(line)) for line in log]
        return [one for one in requests if one is not None]


def start(family: processes.Family) -> Cluster:
    """Start the real server where KUBEBUILDER_ASSETS names one, else the embedded one."""
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    return _start_real(family, pathlib.Path(assets)) if assets else _start_embedded(family)


def _start_embedded(family: processes.Family) -> Cluster:
    """Start `acrcmk-lab kube`; it knows one user only, so the operator is its administrator."""
    server = stage.KubeServer.start(family)
    return Cluster(
        kubectl=server.wait(),
        operator_kubeconfig=server.kubeconfig,
        log=server.log,
        read=Request.of_lab,
        real=False,
    )


def _start_real(family: processes.Family, assets: pathlib.Path) -> Cluster:
    server = envtest.start(family, assets)
    return Cluster(
        kubectl=kubectl.Kubectl(server.admin_kubeconfig, home=family.home),
        operator_kubeconfig=server.operator_kubeconfig,
        log=server.audit_log,
        read=Request.of_audit,
        real=True,
    )
