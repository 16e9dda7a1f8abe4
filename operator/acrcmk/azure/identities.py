"""User-assigned managed identities."""

from azure.mgmt.msi.v2024_11_30 import models

from acrcmk.azure import calls
from acrcmk.azure.clients import ClientFactory
from acrcmk.domain.names import ResourceId
from acrcmk.domain.resources import Identity
from acrcmk.domain.writes import CreateIdentity, TagIdentity


class Identities:
    """Reads, creates and tags identities."""

    def __init__(self, clients: ClientFactory) -> None:
        self._clients = clients

    async def get(self, wanted: ResourceId) -> Identity | None:
        """Read an identity."""
        operations = self._clients.of(wanted.subscription).identities.user_assigned_identities
        found = await calls.read(operations.get(wanted.group, wanted.name))
        return _identity(found) if found else None

    async def in_group(self, subscription: str, group: str) -> tuple[Identity, ...]:
        """Read all identities of a group; none when the group is not there."""
        operations = self._clients.of(subscription).identities.user_assigned_identities

        async def collect() -> tuple[Identity, ...]:
            return tuple([_identity(one) async for one in operations.list_by_resource_group(group)])

        return await calls.read(collect()) or ()

    async def create(self, write: CreateIdentity) -> None:
        """Create an identity; 201, or 200 for the one that is there."""
        operations = self._clients.of(write.id.subscription).identities.user_assigned_identities
        body = models.Identity(location=write.location, tags=dict(write.tags))
        async with calls.failing():
            await operations.create_or_update(write.id.group, write.id.name, body)

    async def tag(self, write: TagIdentity) -> None:
        """Set an identity's tags."""
        operations = self._clients.of(write.id.subscription).identities.user_assigned_identities
        body = models.IdentityUpdate(tags=dict(write.tags))
        async with calls.failing():
            await operations.update(write.id.group, write.id.name, body)


def _identity(found: models.Identity) -> Identity:
    return Identity(
        id=ResourceId.parse(str(found.id)),
        client_id=str(found.client_id),
        principal_id=str(found.principal_id),
        tags=found.tags or {},
    )
