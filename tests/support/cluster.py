"""A Kubernetes API for the tests, behind one interface: the embedded server, or a real one.

Both write an audit log of one shape, so what the operator asked of either is counted in the same way.
"""

import dataclasses
import json
import os
import pathlib
from typing import Any

from acrcmk_lab import kubectl, processes, stage
from tests.support import envtest

WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})


@dataclasses.dataclass(frozen=True)
class Request:
    """One request of the operator's that the API server answered."""

    verb: str
    resource: str
    namespace: str
    name: str
    code: int

    @property
    def writes(self) -> bool:
        return self.verb in WRITES


@dataclasses.dataclass(frozen=True)
class Cluster:
    """A running API server; `kubectl` is the administrator's, `operator_kubeconfig` the operator's."""

    kubectl: kubectl.Kubectl
    operator_kubeconfig: pathlib.Path
    audit_log: pathlib.Path
    real: bool

    def operator_requests(self, namespace: str | None = None) -> list[Request]:
        """Return what the operator asked for so far, in the order of the answers."""
        with self.audit_log.open() as log:
            events = [json.loads(line) for line in log]
        requests = [_request(event) for event in events if not event["userAgent"].startswith("kubectl")]
        return [one for one in requests if namespace in {None, one.namespace}]


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
        audit_log=server.audit_log,
        real=False,
    )


def _start_real(family: processes.Family, assets: pathlib.Path) -> Cluster:
    server = envtest.start(family, assets)
    admin = kubectl.Kubectl(server.admin_kubeconfig, home=family.home)
    return Cluster(kubectl=admin, operator_kubeconfig=server.operator_kubeconfig, audit_log=server.audit_log, real=True)


def _request(event: dict[str, Any]) -> Request:
    target = event.get("objectRef", {})
    return Request(
        verb=event["verb"],
        resource="/".join(filter(None, (target.get("resource"), target.get("subresource")))),
        namespace=target.get("namespace", ""),
        name=target.get("name", ""),
        code=event["responseStatus"]["code"],
    )
