"""Microsoft.Authorization: role definitions, built-in and custom."""

import re
from typing import cast

from acrcmk_lab.azure.arm import errors, ids, operations, paging, timestamps
from acrcmk_lab.azure.arm.messages import Body, Response
from acrcmk_lab.azure.arm.operations import Call, Operation
from acrcmk_lab.azure.state.rbac import RoleDefinition
from acrcmk_lab.azure.state.state import State

NAMESPACE = "Microsoft.Authorization"
TYPE = f"{NAMESPACE}/roleDefinitions"
CUSTOM = "CustomRole"
_COMPARISON = re.compile(r"(roleName|type)\s+eq\s+'([^']+)'", re.IGNORECASE)
_LISTS = ("actions", "notActions", "dataActions", "notDataActions")


class RoleDefinitions:
    """The operations on role definitions; a custom role is visible in the whole tenant."""

    def __init__(self, state: State) -> None:
        self._state = state

    def operations(self) -> list[Operation]:
        return [
            *operations.crud(NAMESPACE, path="roleDefinitions/*", get=self.get, put=self.put, delete=self.delete),
            *operations.crud(NAMESPACE, path="roleDefinitions", get=self.index),
        ]

    def get_definition(self, role_definition_id: str) -> RoleDefinition:
        """Return the role of an id; AzureError for an unknown one."""
        guid = ids.name_of(role_definition_id)
        role = self._state.access.roles.get(guid.lower())
        if role is None:
            raise errors.error("RD_NOT_FOUND", guid=guid)
        return role

    async def get(self, call: Call) -> Response:
        return Response(200, body=_body(self.get_definition(call.names[-1]), subscription=call.route.subscription))

    async def index(self, call: Call) -> Response:
        filters = {
            name.lower(): text.lower() for name, text in _COMPARISON.findall(call.request.query.get("$filter", ""))
        }
        rows = [
            _body(role, subscription=call.route.subscription)
            for role in self._state.access.roles.values()
            if filters.get("rolename", role.name.lower()) == role.name.lower()
            and filters.get("type", role.type.lower()) == role.type.lower()
            and (role.type != CUSTOM or _is_assignable_near(role, scope=call.route.scope))
        ]
        return paging.page(call, rows=rows, url=self._state.url, size=1000)

    async def put(self, call: Call) -> Response:
        """Create or update a custom role; recorded: 201 with `createdBy` null, also of an update."""
        guid, properties = call.names[-1], call.request.properties()
        existing = self._state.access.roles.get(guid.lower())
        self._check_name_free(str(properties.get("roleName", "")), guid=guid)
        now, author = timestamps.zulu(self._state.clock.utc()), call.caller.object_id
        previous = existing.body["properties"] if existing else {"createdOn": now, "createdBy": author}
        body: Body = {
            "properties": {
                "roleName": properties.get("roleName"),
                "type": CUSTOM,
                "description": properties.get("description"),
                "assignableScopes": properties.get("assignableScopes") or [],
                "permissions": [_complete(permission) for permission in properties.get("permissions") or []],
                "createdOn": previous["createdOn"],
                "updatedOn": now,
                "createdBy": previous["createdBy"],
                "updatedBy": author,
            },
            "id": f"/providers/{TYPE}/{guid}",
            "type": TYPE,
            "name": guid,
        }
        role = self._state.access.roles[guid.lower()] = RoleDefinition(guid, body=body)
        response = _body(role, subscription=call.route.subscription)
        response["properties"] = {**response["properties"], "createdBy": None}
        return Response(201, body=response)

    async def delete(self, call: Call) -> Response:
        guid = call.names[-1].lower()
        role = self._state.access.roles.get(guid)
        if role is None or role.type != CUSTOM:
            return Response(204)
        now = self._state.clock.now()
        if any(grant.role.guid.lower() == guid and now < grant.effective_to for grant in self._state.access):
            raise errors.error("RD_HAS_ASSIGNMENTS")
        del self._state.access.roles[guid]
        return Response(200, body=_body(role, subscription=call.route.subscription))

    def _check_name_free(self, name: str, *, guid: str) -> None:
        for role in self._state.access.roles.values():
            if role.name.lower() == name.lower() and role.guid.lower() != guid.lower():
                raise errors.error("RD_NAME_TAKEN")


def _is_assignable_near(role: RoleDefinition, *, scope: str) -> bool:
    """Tell whether a custom role can be assigned at, above or below a scope."""
    scopes = cast("list[str]", role.body["properties"].get("assignableScopes") or [])
    return any(ids.within(scope, scope=assignable) or ids.within(assignable, scope=scope) for assignable in scopes)


def _complete(permission: Body) -> Body:
    return {**permission, **{name: permission.get(name) or [] for name in _LISTS}}


def _body(role: RoleDefinition, *, subscription: str) -> Body:
    prefix = f"/subscriptions/{subscription}" if subscription else ""
    return {**role.body, "id": prefix + role.body["id"]}
