"""Role assignments."""

from azure.mgmt.authorization.v2022_04_01 import models

from acrcmk.azure import calls
from acrcmk.azure.clients import ClientFactory
from acrcmk.domain.names import ResourceId
from acrcmk.domain.resources import RoleAssignment
from acrcmk.domain.writes import AssignRole


class Authorization:
    """Reads and makes role assignments."""

    def __init__(self, clients: ClientFactory) -> None:
        self._clients = clients

    async def held(self, scope: ResourceId, principal: str) -> tuple[RoleAssignment, ...]:
        """Read what a principal holds at a scope or above; the filter alone would answer what is below, too."""
        operations = self._clients.of(scope.subscription).authorization.role_assignments
        async with calls.failing():
            found = [one async for one in operations.list_for_scope(str(scope), filter=f"principalId eq '{principal}'")]
        return tuple(_assignment(one) for one in found if _covers(str(one.scope), scope))

    async def assign(self, write: AssignRole) -> None:
        """Assign a role.

        With `principalType` Azure does not look the principal up, so a new identity need not have been replicated
        to its directory (azure-behaviour.md 3: PrincipalNotFound for 20-25 s without it).
        """
        operations = self._clients.of(write.scope.subscription).authorization.role_assignments
        body = models.RoleAssignmentCreateParameters(
            role_definition_id=write.role_definition,
            principal_id=write.principal,
            principal_type="ServicePrincipal",
        )
        async with calls.failing():
            await operations.create(str(write.scope), write.name, body)


def _covers(scope: str, wanted: ResourceId) -> bool:
    return f"{wanted}/".casefold().startswith(f"{scope.rstrip('/')}/".casefold())


def _assignment(found: models.RoleAssignment) -> RoleAssignment:
    return RoleAssignment(
        name=str(found.name),
        principal_id=str(found.principal_id),
        role_definition_id=str(found.role_definition_id),
    )
