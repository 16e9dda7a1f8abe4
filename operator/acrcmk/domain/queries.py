"""Reads of Azure as values: each query is typed with its answer.

An answer of None means that Azure answered 404; every other failure raises `failures.AzureFailure`. `target` is the
id, in lower case, of what a query reads: a write with the same target makes the answer outdated.
"""

import dataclasses
from typing import Any, Generic, TypeVar

from acrcmk.domain import ids, writes
from acrcmk.domain.ids import ResourceId
from acrcmk.domain.resources import Identity, Key, NameAvailability, Registry, RoleAssignment, Vault

T_co = TypeVar("T_co", covariant=True)


class Query(Generic[T_co]):
    """Base of all queries; `T_co` is the type of the answer."""

    @property
    def target(self) -> str:
        """What the query reads."""
        raise NotImplementedError


@dataclasses.dataclass(frozen=True, kw_only=True)
class GroupExists(Query[bool]):
    """Whether a resource group exists."""

    subscription: str
    name: str

    @property
    def target(self) -> str:
        """The group."""
        return ids.group_id(self.name, subscription=self.subscription).casefold()


@dataclasses.dataclass(frozen=True, kw_only=True)
class _OfResource(Query[T_co]):
    """A query for one top-level resource."""

    id: ResourceId

    @property
    def target(self) -> str:
        """The resource."""
        return str(self.id).casefold()


@dataclasses.dataclass(frozen=True, kw_only=True)
class GetIdentity(_OfResource[Identity | None]):
    """A user-assigned managed identity."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class GetVault(_OfResource[Vault | None]):
    """A key vault."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class VaultIsDeleted(_OfResource[bool]):
    """Whether a vault of this name is soft-deleted in the subscription and `location`."""

    location: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class GetRegistry(_OfResource[Registry | None]):
    """A registry, with the cause of its last failed operation where this process started it.

    `fresh` where the answer decides about a PUT, so that it must not come from an earlier reconcile.
    """

    fresh: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class CheckVaultName(_OfResource[NameAvailability]):
    """Whether a vault of this name can be created; not where one exists or is soft-deleted, whoever owns it."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class CheckRegistryName(_OfResource[NameAvailability]):
    """Whether a registry of this name can be created; not where one exists, whoever owns it."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ListRoleAssignments(Query[tuple[RoleAssignment, ...]]):
    """The role assignments that a principal has at a scope or above it."""

    scope: str
    principal: str

    @property
    def target(self) -> str:
        """The role assignments at the scope."""
        return f"{self.scope}/roleAssignments".casefold()


@dataclasses.dataclass(frozen=True, kw_only=True)
class GetKey(Query[Key | None]):
    """A key with its current version, or with `version`."""

    vault: ResourceId
    name: str
    version: str | None = None

    @property
    def target(self) -> str:
        """The key, whatever its version."""
        return ids.key_id(self.name, vault=self.vault).casefold()


def of_write(write: writes.Write) -> Query[Any]:  # noqa: PLR0911 - one case per write
    """Return the query whose answer a write changes."""
    match write:
        case writes.CreateGroup():
            return GroupExists(subscription=write.subscription, name=write.name)
        case writes.CreateIdentity() | writes.TagIdentity():
            return GetIdentity(id=write.id)
        case writes.CreateVault() | writes.UpdateVault():
            return GetVault(id=write.id)
        case writes.AddAccessPolicy():
            return GetVault(id=write.vault)
        case writes.AssignRole():
            return ListRoleAssignments(scope=write.scope, principal=write.principal)
        case writes.CreateKey():
            return GetKey(vault=write.vault, name=write.name)
        case writes.CreateRegistry() | writes.UpdateRegistry():
            return GetRegistry(id=write.id)
