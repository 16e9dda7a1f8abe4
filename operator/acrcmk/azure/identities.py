"""User-assigned managed identities."""

from azure.mgmt.msi.v2024_11_30 import models
from azure.mgmt.msi.v2024_11_30.aio.operations import UserAssignedIdentitiesOperations

from acrcmk.azure import errors
from acrcmk.azure.clients import ClientFactory
from acrcmk.azure.service import Handlers
from acrcmk.domain.ids import ResourceId
from acrcmk.domain.queries import GetIdentity
from acrcmk.domain.resources import Identity
from acrcmk.domain.writes import CreateIdentity, TagIdentity


class Identities:
    """Reads, creates and tags identities."""

    def __init__(self, clients: ClientFactory) -> None:
        self._clients = clients
        self.handlers: Handlers = {GetIdentity: self._get, CreateIdentity: self._create, TagIdentity: self._tag}

    async def _get(self, query: GetIdentity) -> Identity | None:
        identity = await errors.or_none(self._operations(query.id).get(query.id.group, query.id.name))
        return _identity(identity) if identity else None

    async def _create(self, write: CreateIdentity) -> Identity:
        """PUT an identity; Azure answers 200 for one that exists."""
        body = models.Identity(location=write.location, tags=dict(write.tags))
        async with errors.translated():
            return _identity(await self._operations(write.id).create_or_update(write.id.group, write.id.name, body))

    async def _tag(self, write: TagIdentity) -> Identity:
        body = models.IdentityUpdate(tags=dict(write.tags))
        async with errors.translated():
            return _identity(await self._operations(write.id).update(write.id.group, write.id.name, body))

    def _operations(self, identity: ResourceId) -> UserAssignedIdentitiesOperations:
        return self._clients.of(identity.subscription).identities.user_assigned_identities


def _identity(identity: models.Identity) -> Identity:
    return Identity(
        id=ResourceId.parse(str(identity.id)),
        client_id=str(identity.client_id),
        principal_id=str(identity.principal_id),
        tags=identity.tags or {},
    )
