"""The role definitions of a recording's day: what it shows of them, and those it only names.

They are data of Microsoft's and of other people, not behaviour; a recording's own ones it makes itself.
"""

import typing
from collections.abc import Iterator

from acrcmk_lab.azure import ids, rbac
from acrcmk_lab.replay import observations, recording

Json = typing.Any
TEMPLATE = "microsoft.authorization/roledefinitions/*"
_ASSIGNMENTS = "microsoft.authorization/roleassignments"


def derive(tape: recording.Recording) -> list[rbac.RoleDefinition]:
    """Return the roles that a recording presumes, those shown in full first."""
    found: dict[str, rbac.RoleDefinition] = {}
    made: set[str] = set()
    for exchange in tape.exchanges:
        if not observations.is_arm(exchange) or not exchange.ok:
            continue
        if exchange.method == "PUT" and ids.route(exchange.path).template == TEMPLATE:
            made.add(ids.name_of(exchange.path).lower())
        for body in _shown(exchange):
            found.setdefault(str(body["name"]).lower(), _definition(body))
    for guid in _named(tape):
        if guid.lower() not in rbac.definitions():
            found.setdefault(guid.lower(), _definition(_unknown(guid)))
    return [role for guid, role in found.items() if guid not in made]


def _shown(exchange: recording.Exchange) -> Iterator[dict[str, Json]]:
    if exchange.method != "GET" or not ids.route(exchange.path).template.startswith(TEMPLATE.removesuffix("/*")):
        return
    for body in exchange.rows if exchange.rows is not None else [exchange.shown]:
        if "permissions" in recording.properties_of(body) and body.get("name"):
            yield body


def _named(tape: recording.Recording) -> Iterator[str]:
    """Yield the roles that role assignments name."""
    for exchange in tape.exchanges:
        if exchange.ok and ids.route(exchange.path).template.startswith(_ASSIGNMENTS):
            for body in exchange.rows if exchange.rows is not None else [exchange.shown]:
                role = recording.properties_of(body).get("roleDefinitionId")
                if role:
                    yield ids.name_of(str(role))


def _definition(body: dict[str, Json]) -> rbac.RoleDefinition:
    guid = str(body["name"])
    return rbac.RoleDefinition(guid, {**body, "id": f"/providers/Microsoft.Authorization/roleDefinitions/{guid}"})


def _unknown(guid: str) -> dict[str, Json]:
    """Return a role of which only the id is known: it permits nothing."""
    return {
        "properties": {"roleName": guid, "type": "CustomRole", "assignableScopes": ["/"], "permissions": []},
        "type": "Microsoft.Authorization/roleDefinitions",
        "name": guid,
    }
