"""What the domain needs of Azure, as a Protocol: the edge implements it, `view.View` memoises it for one pass."""

from typing import Protocol

from acrcmk.domain.names import ResourceId
from acrcmk.domain.resources import Identity, Key, Registry, RoleAssignment, Vault
from acrcmk.domain.writes import Write


class Azure(Protocol):
    """Reads answer None where Azure answers 404; everything else that fails raises `failures.AzureFailure`."""

    async def group_exists(self, subscription: str, name: str) -> bool:
        """Say whether the resource group exists."""

    async def identity(self, wanted: ResourceId) -> Identity | None:
        """Read a user-assigned managed identity."""

    async def identities(self, subscription: str, group: str) -> tuple[Identity, ...]:
        """Read all identities of a resource group; empty when the group is not there."""

    async def vault(self, wanted: ResourceId) -> Vault | None:
        """Read a key vault."""

    async def role_assignments(self, scope: ResourceId, principal: str) -> tuple[RoleAssignment, ...]:
        """Read the assignments that a principal holds at a scope or above it."""

    async def key(self, vault: ResourceId, name: str) -> Key | None:
        """Read a key's current version."""

    async def key_version(self, vault: ResourceId, name: str, version: str) -> Key | None:
        """Read one version of a key."""

    async def keys(self, vault: ResourceId) -> tuple[Key, ...]:
        """Read all keys of a vault, each with its current version."""

    async def registry(self, wanted: ResourceId) -> Registry | None:
        """Read a registry, with the words of its last failed operation where they are known."""

    async def registry_name_free(self, subscription: str, name: str) -> bool:
        """Say whether a registry of this name could be created; False for an existing one of our own too."""

    async def vault_name_free(self, subscription: str, name: str) -> bool:
        """Say whether a vault of this name could be created; False for soft-deleted ones too."""

    async def vault_deleted(self, wanted: ResourceId, location: str) -> bool:
        """Say whether a vault of this name is soft-deleted in the subscription and location."""

    async def apply(self, write: Write) -> None:
        """Begin a write; what came of it is read, never assumed."""
