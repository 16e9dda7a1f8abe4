"""One pass's view of Azure: every resource is read at most once, and again only after a write that touched it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from acrcmk.domain import writes
from acrcmk.domain.names import ResourceId
from acrcmk.domain.ports import Azure
from acrcmk.domain.resources import Identity, Key, Registry, RoleAssignment, Vault

T = TypeVar("T")


class View:
    """`ports.Azure`, memoised for one pass; steps that run side by side share one read."""

    def __init__(self, azure: Azure) -> None:
        self._azure = azure
        self._reads: dict[tuple[Any, ...], asyncio.Future[Any]] = {}
        self.wrote = False
        """Whether this pass changed anything in Azure."""

    async def group_exists(self, subscription: str, name: str) -> bool:
        """See `ports.Azure`."""
        return await self._once((name, "group"), self._azure.group_exists, subscription, name)

    async def identity(self, wanted: ResourceId) -> Identity | None:
        """See `ports.Azure`."""
        return await self._once((wanted, "identity"), self._azure.identity, wanted)

    async def identities(self, subscription: str, group: str) -> tuple[Identity, ...]:
        """See `ports.Azure`."""
        return await self._once((group, "identities"), self._azure.identities, subscription, group)

    async def vault(self, wanted: ResourceId) -> Vault | None:
        """See `ports.Azure`."""
        return await self._once((wanted, "vault"), self._azure.vault, wanted)

    async def role_assignments(self, scope: ResourceId, principal: str) -> tuple[RoleAssignment, ...]:
        """See `ports.Azure`."""
        return await self._once((scope, "roles", principal), self._azure.role_assignments, scope, principal)

    async def key(self, vault: ResourceId, name: str) -> Key | None:
        """See `ports.Azure`."""
        return await self._once((vault, "key", name), self._azure.key, vault, name)

    async def key_version(self, vault: ResourceId, name: str, version: str) -> Key | None:
        """See `ports.Azure`."""
        return await self._once((vault, "key", name, version), self._azure.key_version, vault, name, version)

    async def keys(self, vault: ResourceId) -> tuple[Key, ...]:
        """See `ports.Azure`."""
        return await self._once((vault, "keys"), self._azure.keys, vault)

    async def registry(self, wanted: ResourceId) -> Registry | None:
        """See `ports.Azure`."""
        return await self._once((wanted, "registry"), self._azure.registry, wanted)

    async def registry_name_free(self, subscription: str, name: str) -> bool:
        """See `ports.Azure`."""
        return await self._once((name, "registry name"), self._azure.registry_name_free, subscription, name)

    async def vault_name_free(self, subscription: str, name: str) -> bool:
        """See `ports.Azure`."""
        return await self._once((name, "vault name"), self._azure.vault_name_free, subscription, name)

    async def vault_deleted(self, wanted: ResourceId, location: str) -> bool:
        """See `ports.Azure`."""
        return await self._once((wanted, "deleted vault"), self._azure.vault_deleted, wanted, location)

    async def apply(self, write: writes.Write) -> None:
        """Begin a write and forget what was read of its target, even when the answer was lost."""
        self.wrote = True
        try:
            await self._azure.apply(write)
        finally:
            touched = _target(write)
            self._reads = {key: read for key, read in self._reads.items() if key[0] != touched}

    async def _once(self, key: tuple[Any, ...], read: Callable[..., Awaitable[T]], *arguments: Any) -> T:
        if key not in self._reads:
            self._reads[key] = asyncio.ensure_future(read(*arguments))
        result: T = await self._reads[key]
        return result


def _target(write: writes.Write) -> ResourceId | str:
    match write:
        case writes.CreateGroup():
            return write.name
        case writes.AssignRole():
            return write.scope
        case writes.AddAccessPolicy() | writes.CreateKey():
            return write.vault
        case _:
            return write.id
