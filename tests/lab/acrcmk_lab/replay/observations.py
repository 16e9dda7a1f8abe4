"""What a recording shows of each resource: read, listed, written, deleted, absent, used by a request.

The first observation of a resource decides whether it existed before the recording began.
"""

import dataclasses
from collections.abc import Iterator
from typing import Any, Literal

from acrcmk_lab.azure.arm import ids
from acrcmk_lab.replay.recordings import Exchange, Recording

Kind = Literal["read", "listed", "written", "deleted", "absent", "used"]
ARM_HOST = "management.azure.com"
VAULT_DOMAIN = ".vault.azure.net"
GROUP = "subscriptions/*/resourcegroups/*"
_LISTS_OF_ALL = ("subscriptions/*/resources", f"{GROUP}/resources")
_GONE = 404


@dataclasses.dataclass(frozen=True, kw_only=True)
class Observation:
    """One exchange that shows a resource; `body` is the resource as in the response."""

    id: str
    kind: Kind
    exchange: Exchange
    body: dict[str, Any]


class Observations:
    """All observations of a recording, by lower-case resource id, in order."""

    def __init__(self, recording: Recording) -> None:
        self._of: dict[str, list[Observation]] = {}
        for exchange in recording.exchanges:
            for observation in _observations_in(exchange):
                self._of.setdefault(observation.id.lower(), []).append(observation)

    def __iter__(self) -> Iterator[list[Observation]]:
        return iter(self._of.values())

    def of(self, resource_id: str) -> list[Observation]:
        return self._of.get(resource_id.lower(), [])


def is_arm(exchange: Exchange) -> bool:
    """Return whether an exchange is with Resource Manager."""
    return exchange.host == ARM_HOST


def is_list_of_all(exchange: Exchange) -> bool:
    """Return whether an exchange lists the resources of every type in a group or subscription."""
    return is_arm(exchange) and ids.route(exchange.path).template in _LISTS_OF_ALL


def vault_name(exchange: Exchange) -> str:
    """Return the vault whose data plane an exchange is with; "" for none."""
    return exchange.host.removesuffix(VAULT_DOMAIN) if exchange.host.endswith(VAULT_DOMAIN) else ""


def _observations_in(exchange: Exchange) -> Iterator[Observation]:
    if not is_arm(exchange):
        return
    route = ids.route(exchange.path)

    def observed(resource_id: str, kind: Kind, body: Any = None) -> Observation:
        return Observation(id=resource_id, kind=kind, exchange=exchange, body=body if isinstance(body, dict) else {})

    if exchange.ok:
        yield from (observed(ancestor, "used") for ancestor in _ancestors(route))
    if exchange.rows is not None:
        kind: Kind = "listed" if is_list_of_all(exchange) else "read"
        yield from (observed(row["id"], kind, row) for row in exchange.rows if isinstance(row.get("id"), str))
    elif route.template.endswith("*"):
        own_kind = _kind_of(exchange)
        if own_kind:
            yield observed(route.path, own_kind, exchange.response_body)
    elif exchange.ok:
        yield observed(route.path.rpartition("/")[0], "used")


def _kind_of(exchange: Exchange) -> Kind | None:
    """Return what an exchange that addresses a resource shows of it."""
    if exchange.status == _GONE or (exchange.method == "DELETE" and exchange.status == 204):  # noqa: PLR2004 - No Content
        return "absent"
    if not exchange.ok:
        return None
    kinds: dict[str, Kind] = {"GET": "read", "PUT": "written", "PATCH": "written", "DELETE": "deleted"}
    return kinds.get(exchange.method, "used")


def _ancestors(route: ids.Route) -> Iterator[str]:
    """Yield the ids of the group, the scope and the parents in a path."""
    if route.group and route.template != GROUP:
        yield f"/subscriptions/{route.subscription}/resourceGroups/{route.group}"
    if route.namespace == ids.RESOURCES or "/locations/" in route.template or not route.names:
        return
    if ids.route(route.scope).names and "/providers/" in route.scope.lower():
        yield from _ancestors(ids.route(route.scope))
        yield route.scope
    namespace = route.path[len(route.scope) + len("/providers/") :].split("/")
    for end in range(3, len(namespace), 2):
        yield f"{route.scope}/providers/{'/'.join(namespace[:end])}"
