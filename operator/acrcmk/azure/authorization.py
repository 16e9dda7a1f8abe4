"""Role assignments."""

from azure.mgmt.authorization.v2022_04_01 import models
from azure.mgmt.authorization.v2022_04_01.aio.operations import RoleAssignmentsOperations

from acrcmk.azure import errors
from acrcmk.azure.clients import ClientFactory
from acrcmk.azure.service import Handlers
from acrcmk.domain import ids
from acrcmk.domain.queries import ListRoleAssignments
from acrcmk.domain.resources import RoleAssignment
from acrcmk.domain.writes import AssignRole


class Authorization:
    """Reads and creates role assignments."""

    def __init__(self, clients: ClientFactory) -> None:
        self._clients = clients
        self.handlers: Handlers = {ListRoleAssignments: self._list, AssignRole: self._assign}

    async def _list(self, query: ListRoleAssignments) -> tuple[RoleAssignment, ...]:
        """List what a principal holds at a scope or above it; Azure's filter lets assignments below it through too."""
        pages = self._operations(query.scope).list_for_scope(query.scope, filter=f"principalId eq '{query.principal}'")
        async with errors.translated():
            assignments = [assignment async for assignment in pages]
        return tuple(
            _assignment(assignment) for assignment in assignments if _covers(str(assignment.scope), query.scope)
        )

    async def _assign(self, write: AssignRole) -> RoleAssignment:
        """Assign a role.

        With `principalType` Azure does not look the principal up, so a new identity need not have been replicated
        to its directory (azure-behaviour.md 3: PrincipalNotFound for 20-25 s without it).
        """
        body = models.RoleAssignmentCreateParameters(
            role_definition_id=write.role_definition,
            principal_id=write.principal,
            principal_type="ServicePrincipal",
        )
        async with errors.translated():
            return _assignment(await self._operations(write.scope).create(write.scope, write.name, body))

    def _operations(self, scope: str) -> RoleAssignmentsOperations:
        return self._clients.of(ids.subscription_of(scope)).authorization.role_assignments


def _covers(scope: str, id_: str) -> bool:
    return f"{id_}/".casefold().startswith(f"{scope.rstrip('/')}/".casefold())


def _assignment(assignment: models.RoleAssignment) -> RoleAssignment:
    return RoleAssignment(
        name=str(assignment.name),
        principal_id=str(assignment.principal_id),
        role_definition_id=str(assignment.role_definition_id),
        created=assignment.created_on,
    )
