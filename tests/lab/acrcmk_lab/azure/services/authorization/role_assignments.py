"""Microsoft.Authorization: role assignments at any scope.

A role assignment is a resource at once; what it grants counts only after `rbac_propagation`.
"""

import re
import uuid

from acrcmk_lab.azure.arm import errors, ids, operations, paging, timestamps
from acrcmk_lab.azure.arm.messages import Body, Response
from acrcmk_lab.azure.arm.operations import Call, Operation
from acrcmk_lab.azure.services.authorization import models
from acrcmk_lab.azure.services.authorization.models import RoleAssignment
from acrcmk_lab.azure.services.authorization.role_definitions import RoleDefinitions
from acrcmk_lab.azure.state.rbac import Grant, RoleDefinition
from acrcmk_lab.azure.state.state import State

_MANAGEMENT_GROUPS = "/providers/microsoft.management/managementgroups/"
LAB_NAMESPACES = ("microsoft.keyvault", "microsoft.containerregistry", "microsoft.managedidentity")
_ADVISES_SINCE = "2022-04-01"
"""Recorded: older versions do not tell what to do about an unknown principal."""
_PRINCIPAL_FILTER = re.compile(r"(?:principalId\s+eq\s+'|assignedTo\(')([^']+)'", re.IGNORECASE)


class Authorization:
    """The provider."""

    namespace = models.NAMESPACE
    versions: tuple[str, ...] = ("2018-01-01-preview", "2020-04-01-preview", "2022-04-01", "2022-05-01-preview")

    def __init__(self, state: State) -> None:
        self._state = state
        self._roles = RoleDefinitions(state)
        state.removers[RoleAssignment] = self.remove
        # Which scope, principal and role are taken: looked up rather than searched for, as fleets have very many.
        self._triples: set[tuple[str, str, str]] = set()

    def accepts(self, version: str) -> bool:
        return version >= "2015-07-01"

    def headers(self, _call: Call) -> dict[str, str]:
        return {}

    def operations(self) -> list[Operation]:
        return [
            *operations.crud(models.NAMESPACE, path="roleAssignments/*", get=self.get, delete=self.delete),
            # The data access administrators' conditions look at the role, so `put` checks the right itself.
            Operation(
                method="PUT",
                template=f"{models.TYPE}/*".lower(),
                handler=self.put,
                action=f"{models.TYPE}/write",
                kind="write",
                forbidden="",
            ),
            *operations.crud(models.NAMESPACE, path="roleAssignments", get=self.index),
            *self._roles.operations(),
        ]

    async def get(self, call: Call) -> Response:
        return Response(200, body=self._body(self._found(call)))

    async def index(self, call: Call) -> Response:
        """Answer the assignments at, above and below the scope; `atScope()` leaves those below out."""
        text = call.request.query.get("$filter", "")
        principal = _PRINCIPAL_FILTER.search(text)
        scope, at_scope = call.route.scope or "/", "atscope()" in text.lower()
        rows = [
            self._body(found)
            for found in self._state.store.table(RoleAssignment).values()
            if (_covers(found.scope, scope=scope) or (not at_scope and ids.within(found.scope, scope=scope)))
            and (not principal or found.principal_id.lower() == principal[1].lower())
        ]
        return paging.page(call, rows=rows, url=self._state.url)

    async def put(self, call: Call) -> Response:
        wanted = call.request.properties()
        scope, principal_id = call.route.scope, str(wanted.get("principalId", ""))
        role = self._roles.get_definition(str(wanted.get("roleDefinitionId", "")))
        self._allowed(call, role=role.guid)
        self._scope_exists(call)
        self._known_principal(call, principal_id, given_type=wanted.get("principalType"))
        triple = (scope.lower(), principal_id.lower(), role.guid.lower())
        same_name = self._state.store.get(RoleAssignment, call.route.path)
        if same_name:
            return self._repeat(same_name, triple=triple)
        if triple in self._triples:
            raise errors.error("RA_EXISTS")
        created = self._create(call, role=role, wanted=wanted)
        return Response(201, body=self._body(created, fresh=True))

    async def delete(self, call: Call) -> Response:
        found = self._state.store.get(RoleAssignment, call.route.path)
        if found is None:
            return Response(204)
        self.remove(found)
        return Response(200, body=self._body(found))

    def remove(self, assignment: RoleAssignment) -> None:
        """Take an assignment away; its effect lasts until that has propagated."""
        self._state.store.remove(assignment)
        self._triples.discard(assignment.triple)
        assignment.grant.effective_to = self._state.log_delay(
            "rbac_removal",
            resource=assignment.id,
            seconds=self._state.draw(self._state.settings.rbac_propagation),
        )

    def _allowed(self, call: Call, *, role: str) -> None:
        if not self._state.access.allows(
            call.caller.object_id,
            action=f"{models.TYPE}/write",
            scope=call.route.path,
            now=self._state.clock.now(),
            assigned_role=role,
        ):
            raise errors.error(
                "ARM_AUTHZ",
                name=call.caller.client_id,
                oid=call.caller.object_id,
                action=f"{models.TYPE}/write",
                scope=call.route.path,
            )

    def _scope_exists(self, call: Call) -> None:
        """Other providers' resources are taken on trust; those that the lab has must be there.

        What is inside of one is a scope, too, a vault's key for instance.
        """
        scope = ids.route(call.route.scope)
        within = call.route.scope.removeprefix(scope.scope).split("/")
        tracked = scope.scope + "/".join(within[:5])
        if scope.namespace in LAB_NAMESPACES and self._state.store.find(tracked) is None:
            raise errors.error(
                "ARM_RESOURCE_NOT_FOUND",
                provider=scope.namespace,
                type=scope.typed,
                name="/".join(scope.names),
                rg=scope.group,
            )

    def _known_principal(self, call: Call, principal_id: str, *, given_type: str | None) -> None:
        try:
            oid = uuid.UUID(principal_id)
        except ValueError:
            raise errors.error("RA_BAD_PRINCIPAL", x=principal_id) from None
        known = self._state.directory.by_object(principal_id)
        visible = known is not None and known.visible_at <= self._state.clock.now()
        if not visible and not given_type:
            error = "RA_PRINCIPAL_NOT_FOUND" if call.version >= _ADVISES_SINCE else "RA_PRINCIPAL_NOT_FOUND_2020"
            raise errors.error(error, oid=oid.hex, tid=self._state.tenant_id)

    def _repeat(self, existing: RoleAssignment, *, triple: tuple[str, str, str]) -> Response:
        if existing.triple[:2] != triple[:2]:
            raise errors.error("RA_UPDATE_NOT_PERMITTED")
        status = self._state.settings.role_assignment_repeat
        if status == 409:  # noqa: PLR2004 - the switch's third value, HTTP's Conflict
            raise errors.error("RA_EXISTS")
        return Response(status, body=self._body(existing))

    def _create(self, call: Call, *, role: RoleDefinition, wanted: Body) -> RoleAssignment:
        now, principal_id = self._state.clock.now(), str(wanted["principalId"])
        known = self._state.directory.by_object(principal_id)
        effective = self._state.log_delay(
            "rbac",
            resource=call.route.path,
            seconds=self._state.draw(self._state.settings.rbac_propagation),
        )
        created = RoleAssignment(
            id=call.route.path,
            name=call.names[-1],
            location="",
            created=now,
            modified=now,
            author_id=call.caller.object_id,
            scope=call.route.scope or "/",
            principal_id=principal_id,
            principal_type=wanted.get("principalType") or (known.kind if known else "ServicePrincipal"),
            role_definition_id=str(wanted["roleDefinitionId"]),
            description=wanted.get("description"),
            condition=wanted.get("condition"),
            condition_version=wanted.get("conditionVersion"),
            grant=self._state.access.grant(
                Grant(
                    principal=principal_id,
                    role=role,
                    scope=call.route.scope or "/",
                    effective_from=effective,
                )
            ),
        )
        self._state.store.put(created)
        self._triples.add(created.triple)
        return created

    def _found(self, call: Call) -> RoleAssignment:
        found = self._state.store.get(RoleAssignment, call.route.path)
        if found is None:
            raise errors.error("RA_NOT_FOUND", guid=call.names[-1])
        return found

    def _body(self, found: RoleAssignment, *, fresh: bool = False) -> Body:
        """Recorded: the PUT that creates answers `createdBy: null`, a GET fills it in."""
        clock = self._state.clock
        return {
            "properties": {
                "roleDefinitionId": found.role_definition_id,
                "principalId": found.principal_id,
                "principalType": found.principal_type,
                "scope": found.scope,
                "condition": found.condition,
                "conditionVersion": found.condition_version,
                "createdOn": timestamps.zulu(clock.utc(found.created)),
                "updatedOn": timestamps.zulu(clock.utc(found.modified)),
                "createdBy": None if fresh else found.author_id,
                "updatedBy": found.author_id,
                "delegatedManagedIdentityResourceId": None,
                "description": found.description,
            },
            "id": found.id,
            "type": models.TYPE,
            "name": found.name,
        }


def _covers(outer: str, *, scope: str) -> bool:
    """Tell whether a scope lies within another; every management group is above every subscription."""
    return ids.within(scope, scope=outer) or outer.lower().startswith(_MANAGEMENT_GROUPS)
