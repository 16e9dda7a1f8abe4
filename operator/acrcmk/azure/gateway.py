"""The port that the domain asks for, put together from the services."""

from collections.abc import Awaitable, Callable
from typing import Any

from acrcmk.azure.authorization import Authorization
from acrcmk.azure.clients import ClientFactory
from acrcmk.azure.groups import Groups
from acrcmk.azure.identities import Identities
from acrcmk.azure.keys import Keys
from acrcmk.azure.operations import Operations
from acrcmk.azure.registries import Registries
from acrcmk.azure.vaults import Vaults
from acrcmk.domain import writes
from acrcmk.domain.names import ResourceId
from acrcmk.domain.resources import Identity, Key, Registry, RoleAssignment, Vault


class Gateway:
    """`domain.ports.Azure` over the real SDK."""

    def __init__(self, clients: ClientFactory, operations: Operations) -> None:
        self._groups = Groups(clients)
        self._identities = Identities(clients)
        self._vaults = Vaults(clients)
        self._authorization = Authorization(clients)
        self._keys = Keys(clients)
        self._registries = Registries(clients, operations)
        self._appliers: dict[type[writes.Write], Callable[[Any], Awaitable[None]]] = {
            writes.CreateGroup: self._groups.create,
            writes.CreateIdentity: self._identities.create,
            writes.TagIdentity: self._identities.tag,
            writes.CreateVault: self._vaults.create,
            writes.UpdateVault: self._vaults.update,
            writes.AddAccessPolicy: self._vaults.add_policy,
            writes.AssignRole: self._authorization.assign,
            writes.CreateKey: self._keys.create,
            writes.CreateRegistry: self._registries.create,
            writes.UpdateRegistry: self._registries.update,
        }

    async def group_exists(self, subscription: str, name: str) -> bool:
        """See `domain.ports.Azure`."""
        return await self._groups.exists(subscription, name)

    async def identity(self, wanted: ResourceId) -> Identity | None:
        """See `domain.ports.Azure`."""
        return await self._identities.get(wanted)

    async def identities(self, subscription: str, group: str) -> tuple[Identity, ...]:
        """See `domain.ports.Azure`."""
        return await self._identities.in_group(subscription, group)

    async def vault(self, wanted: ResourceId) -> Vault | None:
        """See `domain.ports.Azure`."""
        return await self._vaults.get(wanted)

    async def vault_name_free(self, subscription: str, name: str) -> bool:
        """See `domain.ports.Azure`."""
        return await self._vaults.name_free(subscription, name)

    async def vault_deleted(self, wanted: ResourceId, location: str) -> bool:
        """See `domain.ports.Azure`."""
        return await self._vaults.deleted(wanted, location)

    async def role_assignments(self, scope: ResourceId, principal: str) -> tuple[RoleAssignment, ...]:
        """See `domain.ports.Azure`."""
        return await self._authorization.held(scope, principal)

    async def key(self, vault: ResourceId, name: str) -> Key | None:
        """See `domain.ports.Azure`."""
        return await self._keys.get(vault, name)

    async def key_version(self, vault: ResourceId, name: str, version: str) -> Key | None:
        """See `domain.ports.Azure`."""
        return await self._keys.version(vault, name, version)

    async def keys(self, vault: ResourceId) -> tuple[Key, ...]:
        """See `domain.ports.Azure`."""
        return await self._keys.in_vault(vault)

    async def registry(self, wanted: ResourceId) -> Registry | None:
        """See `domain.ports.Azure`."""
        return await self._registries.get(wanted)

    async def registry_name_free(self, subscription: str, name: str) -> bool:
        """See `domain.ports.Azure`."""
        return await self._registries.name_free(subscription, name)

    async def apply(self, write: writes.Write) -> None:
        """See `domain.ports.Azure`."""
        await self._appliers[type(write)](write)
