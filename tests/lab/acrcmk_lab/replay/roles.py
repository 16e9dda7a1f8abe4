"""The role definitions that existed before a recording: those it shows, and those whose id it references.

They are data, not behaviour of the service; a recording creates its own custom roles itself.
"""

from collections.abc import Iterator
from typing import Any

from acrcmk_lab.azure.arm import ids
from acrcmk_lab.azure.state import rbac
from acrcmk_lab.azure.state.rbac import RoleDefinition
from acrcmk_lab.replay import observations, recordings
from acrcmk_lab.replay.recordings import Exchange, Recording

Json = Any
TEMPLATE = "microsoft.authorization/roledefinitions/*"
_ASSIGNMENTS = "microsoft.authorization/roleassignments"


def derive(recording: Recording) -> list[RoleDefinition]:
    """Return the roles that a recording presupposes, those shown in full first."""
    definitions: dict[str, RoleDefinition] = {}
    created: set[str] = set()
    for exchange in recording.exchanges:
        if not observations.is_arm(exchange) or not exchange.ok:
            continue
        if exchange.method == "PUT" and ids.route(exchange.path).template == TEMPLATE:
            created.add(ids.name_of(exchange.path).lower())
        for body in _definitions_in(exchange):
            definitions.setdefault(str(body["name"]).lower(), _definition(body))
    for guid in _referenced_roles(recording):
        if guid.lower() not in rbac.definitions():
            definitions.setdefault(guid.lower(), _definition(_unknown(guid)))
    return [role for guid, role in definitions.items() if guid not in created]


def _definitions_in(exchange: Exchange) -> Iterator[dict[str, Json]]:
    if exchange.method != "GET" or not ids.route(exchange.path).template.startswith(TEMPLATE.removesuffix("/*")):
        return
    for body in exchange.rows if exchange.rows is not None else [exchange.response_object]:
        if "permissions" in recordings.properties_of(body) and body.get("name"):
            yield body


def _referenced_roles(recording: Recording) -> Iterator[str]:
    """Yield the ids of the roles in role assignments."""
    for exchange in recording.exchanges:
        if exchange.ok and ids.route(exchange.path).template.startswith(_ASSIGNMENTS):
            for body in exchange.rows if exchange.rows is not None else [exchange.response_object]:
                role = recordings.properties_of(body).get("roleDefinitionId")
                if role:
                    yield ids.name_of(str(role))


def _definition(body: dict[str, Json]) -> RoleDefinition:
    guid = str(body["name"])
    return RoleDefinition(guid, body={**body, "id": f"/providers/Microsoft.Authorization/roleDefinitions/{guid}"})


def _unknown(guid: str) -> dict[str, Json]:
    """Return a role of which only the id is known: it has no permissions."""
    return {
        "properties": {"roleName": guid, "type": "CustomRole", "assignableScopes": ["/"], "permissions": []},
        "type": "Microsoft.Authorization/roleDefinitions",
        "name": guid,
    }
