"""The figures of `bench-fleet`, computed from the lab's request logs."""

import collections
import dataclasses
import http
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from acrcmk_lab.azure import critical_path
from acrcmk_lab.azure.state.settings import Settings

Entry = Mapping[str, Any]
"""A line of a request log."""
OBJECT_NAME = re.compile(r"fleet\d{4}")
"""The part that all resources of one object have in their names."""
_SUCCESS = range(200, 300)
_UNIQUE = re.compile(r"fleet\d{4}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Figures:
    """What is measured; seconds are Azure's."""

    objects: int
    ready: int
    seconds: float
    floor_seconds: float
    critical_path_seconds: float
    ratio: float
    reads_per_object: float
    writes_per_object: float
    throttled: int
    kube_writes_per_object: float
    flips: int
    peak_mib: float
    connections: int
    speed: float

    @property
    def succeeded(self) -> bool:
        """Whether all objects became Ready, and Azure throttled nothing."""
        return self.ready == self.objects and self.throttled == 0


def floor_seconds(writes: int) -> float:
    """Return the seconds that Azure's throttling of writes needs for `writes` without a 429."""
    settings = Settings()
    return max(0, writes - settings.write_tokens) / settings.write_refill


def needed_writes(requests: Iterable[Entry]) -> int:
    """Return the number of resources that were written: a repeated write is not needed."""
    paths = {
        entry["path"].lower()
        for entry in arm(requests)
        if entry["method"] == "PUT" and entry["kind"] == "write" and entry["status"] in _SUCCESS
    }
    return len(paths)


def ratio(*, seconds: float, floor: float, path: float) -> float:
    """Return the measured seconds as a multiple of the time that Azure needs; 0 if Azure needs none."""
    return round(seconds / (floor + path), 3) if floor + path else 0.0


def critical_path_seconds(log: Iterable[Entry]) -> float:
    """Return the longest of the critical paths of all objects."""
    by_object: dict[str, list[Entry]] = collections.defaultdict(list)
    for entry in log:
        match = OBJECT_NAME.search(str(entry.get("path") or entry.get("resource")).lower())
        if match:
            by_object[match[0]].append(entry)
    return max(map(critical_path.seconds, by_object.values()), default=0.0)


def arm(requests: Iterable[Entry]) -> list[Entry]:
    """Return the requests to Azure Resource Manager."""
    return [entry for entry in requests if entry["service"] == "arm"]


def azure_calls(requests: Iterable[Entry]) -> collections.Counter[str]:
    """Count requests by kind (as Azure's throttling counts), method, resource type and error code."""
    return collections.Counter(
        f"{entry['kind']:<6} {entry['method']:<6} {_resource_type(entry)}{' ' + entry['code'] if entry['code'] else ''}"
        for entry in requests
    )


def kube_writes(entries: Sequence[Entry]) -> collections.Counter[str]:
    """Count the writes in a log of the Kubernetes API: status, events and others."""
    return collections.Counter(_kube_write(entry) for entry in entries if entry["method"] != "GET")


def _kube_write(entry: Entry) -> str:
    path = entry["path"]
    subject = (
        "status"
        if path.endswith("/status")
        else next((name for name in ("events", "leases", "encryptedregistries") if f"/{name}" in path), path)
    )
    return f"{entry['method']:<6} {subject}" + (
        f" {entry['status']}" if entry["status"] >= http.HTTPStatus.BAD_REQUEST else ""
    )


def _resource_type(entry: Entry) -> str:
    path = entry["path"].lower().partition("/providers/")[2] or entry["path"].lower()
    last = path.rpartition("/providers/")[2]
    prefix = "" if entry["service"] == "arm" else f"{entry['service']}: "
    return prefix + _UNIQUE.sub("*", last)
