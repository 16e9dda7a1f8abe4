"""What a recording tells of each resource: shown, written, removed, absent, used by a request.

The first sighting of a resource decides whether it was there before the recording began.
"""

import typing
from collections.abc import Iterator
from dataclasses import dataclass

from acrcmk_lab.azure import ids
from acrcmk_lab.replay import recording

Kind = typing.Literal["shown", "listed", "written", "removed", "absent", "used"]
ARM_HOST = "management.azure.com"
VAULT_DOMAIN = ".vault.azure.net"
GROUP = "subscriptions/*/resourcegroups/*"
_LISTS_OF_ALL = ("subscriptions/*/resources", f"{GROUP}/resources")
_GONE = 404
_DELETED_VAULT = "microsoft.keyvault/locations/*/deletedvaults/*"


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """One exchange that tells of a resource; `body` is the resource as the answer shows it."""

    id: str
    kind: Kind
    exchange: recording.Exchange
    body: dict[str, typing.Any]


class Sightings:
    """All sightings of a recording, by lower-case resource id, in order."""

    def __init__(self, tape: recording.Recording) -> None:
        self._of: dict[str, list[Sighting]] = {}
        for exchange in tape.exchanges:
            for sighting in _seen(exchange):
                self._of.setdefault(sighting.id.lower(), []).append(sighting)

    def __iter__(self) -> Iterator[list[Sighting]]:
        return iter(self._of.values())

    def of(self, resource_id: str) -> list[Sighting]:
        return self._of.get(resource_id.lower(), [])


def is_arm(exchange: recording.Exchange) -> bool:
    """Tell whether an exchange is with Resource Manager."""
    return exchange.host == ARM_HOST


def is_list_of_all(exchange: recording.Exchange) -> bool:
    """Tell whether an exchange lists the resources of every type in a group or subscription."""
    return is_arm(exchange) and ids.route(exchange.path).template in _LISTS_OF_ALL


def vault_name(exchange: recording.Exchange) -> str:
    """Return the vault whose data plane an exchange is with; "" for none."""
    return exchange.host.removesuffix(VAULT_DOMAIN) if exchange.host.endswith(VAULT_DOMAIN) else ""


def _seen(exchange: recording.Exchange) -> Iterator[Sighting]:
    if not is_arm(exchange):
        return
    route = ids.route(exchange.path)

    def seen(resource_id: str, kind: Kind, body: typing.Any = None) -> Sighting:
        return Sighting(id=resource_id, kind=kind, exchange=exchange, body=body if isinstance(body, dict) else {})

    if exchange.ok:
        yield from (seen(ancestor, "used") for ancestor in _ancestors(route))
    if exchange.rows is not None:
        kind: Kind = "listed" if is_list_of_all(exchange) else "shown"
        yield from (seen(row["id"], kind, row) for row in exchange.rows if isinstance(row.get("id"), str))
    elif route.template.endswith("*"):
        found = _own_kind(exchange)
        if found:
            yield seen(route.path, found, exchange.got)
    elif exchange.ok:
        yield seen(route.path.rpartition("/")[0], "used")


def _own_kind(exchange: recording.Exchange) -> Kind | None:
    """Return what an exchange on a resource itself tells of it."""
    if exchange.status == _GONE or (exchange.method == "DELETE" and exchange.status == 204):  # noqa: PLR2004 - No Content
        return "absent"
    if not exchange.ok:
        return None
    kinds: dict[str, Kind] = {"GET": "shown", "PUT": "written", "PATCH": "written", "DELETE": "removed"}
    return kinds.get(exchange.method, "used")


def _ancestors(route: ids.Route) -> Iterator[str]:
    """Yield the group, the scope, and the parents that a path names."""
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


def is_deleted_vault(resource_id: str) -> bool:
    """Tell whether an id is of a vault that soft delete keeps."""
    return ids.route(resource_id).template == _DELETED_VAULT
