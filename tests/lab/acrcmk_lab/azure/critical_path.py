"""The critical path of creating an encrypted registry: the time that Azure itself needs.

A pure function of the lab's request log of one creation. Each step is one write or one delay of the
lab; the order is Azure's: a key needs the vault's host name to resolve, a grant needs the vault and
the identity's principal, the registry needs the key and a grant that has taken effect.
"""

import dataclasses
import re
from collections.abc import Iterable, Mapping
from typing import Any

from acrcmk_lab.azure.state.request_log import Record

_SUCCESS = range(200, 300)
_WRITES: tuple[tuple[str, str], ...] = (
    ("group", r"/resourcegroups/[^/]+$"),
    ("identity", r"/userassignedidentities/[^/]+$"),
    ("vault", r"/vaults/[^/]+$"),
    ("key", r"/vaults/[^/]+/keys/[^/]+$"),
    ("grant", r"/roleassignments/[^/]+$|/accesspolicies/[^/]+$"),
    ("registry", r"/registries/[^/]+$"),
)
_DELAYS = {"dns": "dns", "rbac": "propagation", "policy": "propagation", "acr_operation": "operation"}
_NEEDS: dict[str, tuple[str, ...]] = {
    "group": (),
    "identity": ("group",),
    "vault": ("group",),
    "dns": ("vault",),
    "key": ("dns",),
    "grant": ("identity", "vault"),
    "propagation": ("grant",),
    "registry": ("identity", "key", "propagation"),
    "operation": ("registry",),
}


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One step of the path: its name, the resource, its simulated seconds."""

    name: str
    resource: str
    seconds: float


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Path:
    """The longest chain, first step first."""

    steps: tuple[Step, ...] = ()

    @property
    def seconds(self) -> float:
        """The length of the whole chain, in simulated seconds."""
        return sum(step.seconds for step in self.steps)


def seconds(log: Iterable[Record | Mapping[str, Any]]) -> float:
    """Return the seconds of the longest chain."""
    return longest(log).seconds


def longest(log: Iterable[Record | Mapping[str, Any]]) -> Path:
    """Return the longest chain of latencies in a log, given as records or as their parsed JSON lines."""
    steps = _steps([dict(r) if isinstance(r, Mapping) else dataclasses.asdict(r) for r in log])
    paths: dict[str, Path] = {}
    for name, needs in _NEEDS.items():
        before = max((paths[need] for need in needs), key=lambda path: path.seconds, default=Path())
        paths[name] = Path(steps=(*before.steps, steps[name])) if name in steps else before
    return paths["operation"]


def _steps(records: list[dict[str, Any]]) -> dict[str, Step]:
    """Return the step of each name: of repeated writes the first that succeeded, with its delay."""
    steps: dict[str, Step] = {}
    for record in records:
        if record["record"] == "request":
            name = _write(record)
            if name:
                steps.setdefault(name, Step(name=name, resource=record["path"], seconds=record["seconds"]))
    for record in records:
        name = _DELAYS.get(record.get("kind", "")) if record["record"] == "delay" else None
        if name == "propagation" and not _of_grant(record, steps.get("grant")):
            continue
        if name:
            steps.setdefault(
                name, Step(name=name, resource=record["resource"], seconds=record["end"] - record["start"])
            )
    return steps


def _write(record: Mapping[str, Any]) -> str | None:
    if record["method"] != "PUT" or record["status"] not in _SUCCESS:
        return None
    path = record["path"].lower()
    return next((name for name, pattern in _WRITES if re.search(pattern, path)), None)


def _of_grant(delay: Mapping[str, Any], grant: Step | None) -> bool:
    """A new vault propagates its first policies, too; without a grant of its own those are the grant."""
    if grant is None:
        return True
    resource, path = delay["resource"].lower(), grant.resource.lower()
    return path == resource if delay["kind"] == "rbac" else path.startswith(f"{resource}/accesspolicies/")
