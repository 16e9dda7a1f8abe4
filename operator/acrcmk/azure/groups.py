"""Resource groups."""

from azure.mgmt.resource.resources import models

from acrcmk.azure import calls
from acrcmk.azure.clients import ClientFactory
from acrcmk.domain.writes import CreateGroup


class Groups:
    """Reads and creates resource groups."""

    def __init__(self, clients: ClientFactory) -> None:
        self._clients = clients

    async def exists(self, subscription: str, name: str) -> bool:
        """Say whether the group is there."""
        return await calls.read(self._clients.of(subscription).resources.resource_groups.get(name)) is not None

    async def create(self, write: CreateGroup) -> None:
        """Create the group; 201, or 200 when somebody was faster."""
        group = models.ResourceGroup(location=write.location, tags=dict(write.tags))
        async with calls.failing():
            await self._clients.of(write.subscription).resources.resource_groups.create_or_update(write.name, group)
