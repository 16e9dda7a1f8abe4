"""Microsoft.Authorization: role assignments at any scope; role definitions, locks, policies.

A role assignment exists at once; its grant takes effect after `rbac_propagation`.
"""

import re
import uuid

from acrcmk_lab.azure.arm import errors, ids, operations, paging, timestamps
from acrcmk_lab.azure.arm.messages import Body, Response
from acrcmk_lab.azure.arm.operations import Call, Operation
from acrcmk_lab.azure.services.authorization import models
from acrcmk_lab.azure.services.authorization.locks import Locks
from acrcmk_lab.azure.services.authorization.models import RoleAssignment
from acrcmk_lab.azure.services.authorization.policy.policies import Policies
from acrcmk_lab.azure.services.authorization.role_definitions import RoleDefinitions
from acrcmk_lab.azure.state.rbac import Grant, RoleDefinition
from acrcmk_lab.azure.state.state import State

_MANAGEMENT_GROUPS = "/providers/microsoft.management/managementgroups/"
CHECKED_NAMESPACES = ("microsoft.keyvault", "microsoft.containerregistry", "microsoft.managedidentity")
_ADVICE_SINCE = "2022-04-01"
"""Recorded: the error of older versions for an unknown principal has no advice."""
_CHANGEABLE = {"description": "description", "condition": "condition", "condition_version": "conditionVersion"}
_PRINCIPAL_FILTER = re.compile(r"(?:principalId\s+eq\s+'|assignedTo\(')([^']+)'", re.IGNORECASE)


class Authorization:
    """The provider."""

    namespace = models.NAMESPACE
    versions: tuple[str, ...] = ("2018-01-01-preview", "2020-04-01-preview", "2022-04-01", "2022-05-01-preview")

    def __init__(self, state: State, *, locks: Locks) -> None:
        self._state = state
        self._locks = locks
        self._roles = RoleDefinitions(state)
        state.removers[RoleAssignment] = self.remove
        # The existing combinations of scope, principal and role, for lookup in fleets with many assignments.
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
            *self._locks.operations(),
            *Policies(self._state).operations(),
        ]

    async def get(self, call: Call) -> Response:
        return Response(200, body=self._body(self._get_assignment(call)))

    async def index(self, call: Call) -> Response:
        """List the assignments at, above and below the scope; `atScope()` excludes those below."""
        text = call.request.query.get("$filter", "")
        principal = _PRINCIPAL_FILTER.search(text)
        scope, at_scope = call.route.scope or "/", "atscope()" in text.lower()
        rows = [
            self._body(assignment)
            for assignment in self._state.store.table(RoleAssignment).values()
            if (_covers(assignment.scope, scope=scope) or (not at_scope and ids.within(assignment.scope, scope=scope)))
            and (not principal or assignment.principal_id.lower() == principal[1].lower())
        ]
        return paging.page(call, rows=rows, url=self._state.url)

    async def put(self, call: Call) -> Response:
        properties = call.request.properties()
        scope, principal_id = call.route.scope, str(properties.get("principalId", ""))
        role = self._roles.get_definition(str(properties.get("roleDefinitionId", "")))
        self._check_allowed(call, role=role.guid)
        self._check_scope_exists(call)
        self._check_principal_exists(call, principal_id, given_type=properties.get("principalType"))
        triple = (scope.lower(), principal_id.lower(), role.guid.lower())
        same_name = self._state.store.get(RoleAssignment, call.route.path)
        if same_name:
            return self._update(call, same_name, triple=triple, properties=properties)
        if triple in self._triples:
            raise errors.error("RA_EXISTS")
        assignment = self._create(call, role=role, properties=properties)
        return Response(201, body=self._body(assignment, created_now=True))

    async def delete(self, call: Call) -> Response:
        assignment = self._state.store.get(RoleAssignment, call.route.path)
        if assignment is None:
            return Response(204)
        self.remove(assignment)
        return Response(200, body=self._body(assignment))

    def remove(self, assignment: RoleAssignment) -> None:
        """Delete an assignment; its grant ends after `rbac_propagation`."""
        self._state.store.remove(assignment)
        self._triples.discard(assignment.triple)
        assignment.grant.effective_to = self._state.log_delay(
            "rbac_removal",
            resource=assignment.id,
            seconds=self._state.draw(self._state.settings.rbac_propagation),
        )

    def _check_allowed(self, call: Call, *, role: str) -> None:
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

    def _check_scope_exists(self, call: Call) -> None:
        """Check that the scope exists, if it is a resource of a service of the lab.

        A scope inside a resource, such as a key of a vault, needs the resource only.
        """
        scope = ids.route(call.route.scope)
        within = call.route.scope.removeprefix(scope.scope).split("/")
        tracked = scope.scope + "/".join(within[:5])
        if scope.namespace in CHECKED_NAMESPACES and self._state.store.find(tracked) is None:
            raise errors.error(
                "ARM_RESOURCE_NOT_FOUND",
                provider=scope.namespace,
                type=scope.typed,
                name="/".join(scope.names),
                rg=scope.group,
            )

    def _check_principal_exists(self, call: Call, principal_id: str, *, given_type: str | None) -> None:
        try:
            oid = uuid.UUID(principal_id)
        except ValueError:
            raise errors.error("RA_BAD_PRINCIPAL", x=principal_id) from None
        principal = self._state.directory.by_object(principal_id)
        visible = principal is not None and principal.visible_at <= self._state.clock.now()
        if not visible and not given_type:
            error = "RA_PRINCIPAL_NOT_FOUND" if call.version >= _ADVICE_SINCE else "RA_PRINCIPAL_NOT_FOUND_2020"
            raise errors.error(error, oid=oid.hex, tid=self._state.tenant_id)

    def _update(
        self, call: Call, existing: RoleAssignment, *, triple: tuple[str, str, str], properties: Body
    ) -> Response:
        """Change description and condition of an assignment; its scope, principal and role cannot change."""
        if existing.triple[:2] != triple[:2]:
            raise errors.error("RA_UPDATE_NOT_PERMITTED")
        changes = {name: properties.get(key) for name, key in _CHANGEABLE.items()}
        if any(getattr(existing, name) != value for name, value in changes.items()):
            for name, value in changes.items():
                setattr(existing, name, value)
            existing.modified, existing.author_id = self._state.clock.now(), call.caller.object_id
            return Response(201, body=self._body(existing, created_now=True))
        status = self._state.settings.role_assignment_repeat
        if status == 409:  # noqa: PLR2004 - the setting's third value, HTTP Conflict
            raise errors.error("RA_EXISTS")
        return Response(status, body=self._body(existing))

    def _create(self, call: Call, *, role: RoleDefinition, properties: Body) -> RoleAssignment:
        now, principal_id = self._state.clock.now(), str(properties["principalId"])
        principal = self._state.directory.by_object(principal_id)
        effective = self._state.log_delay(
            "rbac",
            resource=call.route.path,
            seconds=self._state.draw(self._state.settings.rbac_propagation),
        )
        assignment = RoleAssignment(
            id=call.route.path,
            name=call.names[-1],
            location="",
            created=now,
            modified=now,
            creator_id=call.caller.object_id,
            author_id=call.caller.object_id,
            scope=call.route.scope or "/",
            principal_id=principal_id,
            principal_type=properties.get("principalType") or (principal.kind if principal else "ServicePrincipal"),
            role_definition_id=str(properties["roleDefinitionId"]),
            description=properties.get("description"),
            condition=properties.get("condition"),
            condition_version=properties.get("conditionVersion"),
            grant=self._state.access.grant(
                Grant(
                    principal=principal_id,
                    role=role,
                    scope=call.route.scope or "/",
                    effective_from=effective,
                )
            ),
        )
        self._state.store.put(assignment)
        self._triples.add(assignment.triple)
        return assignment

    def _get_assignment(self, call: Call) -> RoleAssignment:
        assignment = self._state.store.get(RoleAssignment, call.route.path)
        if assignment is None:
            raise errors.error("RA_NOT_FOUND", guid=call.names[-1])
        return assignment

    def _body(self, assignment: RoleAssignment, *, created_now: bool = False) -> Body:
        """Return the body; recorded: responses to a PUT have no `createdBy`, and the time of the PUT as `createdOn`."""
        clock = self._state.clock
        created = assignment.modified if created_now else assignment.created
        return {
            "properties": {
                "roleDefinitionId": assignment.role_definition_id,
                "principalId": assignment.principal_id,
                "principalType": assignment.principal_type,
                "scope": assignment.scope,
                "condition": assignment.condition,
                "conditionVersion": assignment.condition_version,
                "createdOn": timestamps.zulu(clock.utc(created)),
                "updatedOn": timestamps.zulu(clock.utc(assignment.modified)),
                "createdBy": None if created_now else assignment.creator_id,
                "updatedBy": assignment.author_id,
                "delegatedManagedIdentityResourceId": None,
                "description": assignment.description,
            },
            "id": assignment.id,
            "type": models.TYPE,
            "name": assignment.name,
        }


def _covers(outer: str, *, scope: str) -> bool:
    """Tell whether a scope is within another; every management group contains every subscription."""
    return ids.within(scope, scope=outer) or outer.lower().startswith(_MANAGEMENT_GROUPS)
