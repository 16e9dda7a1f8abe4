"""Resource groups."""

from azure.mgmt.resource.resources import models

from acrcmk.azure import errors
from acrcmk.azure.clients import ClientFactory
from acrcmk.azure.service import Handlers
from acrcmk.domain.queries import GroupExists
from acrcmk.domain.writes import CreateGroup


class Groups:
    """Reads and creates resource groups."""

    def __init__(self, clients: ClientFactory) -> None:
        self._clients = clients
        self.handlers: Handlers = {GroupExists: self._exists, CreateGroup: self._create}

    async def _exists(self, query: GroupExists) -> bool:
        operations = self._clients.of(query.subscription).resources.resource_groups
        return await errors.or_none(operations.get(query.name)) is not None

    async def _create(self, write: CreateGroup) -> None:
        group = models.ResourceGroup(location=write.location, tags=dict(write.tags))
        async with errors.translated():
            await self._clients.of(write.subscription).resources.resource_groups.create_or_update(write.name, group)
