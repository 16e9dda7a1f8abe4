"""The exact writes that a decision may want. Each may be repeated: names are deterministic, bodies minimal."""

import dataclasses

from acrcmk.domain.names import KeyIdentifier, ResourceId
from acrcmk.domain.resources import Firewall, RegistrySettings, Tags


@dataclasses.dataclass(frozen=True, kw_only=True)
class CreateGroup:
    """Create a resource group."""

    subscription: str
    name: str
    location: str
    tags: Tags

    def __str__(self) -> str:
        return f"create resource group {self.name}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class CreateIdentity:
    """Create a user-assigned managed identity."""

    id: ResourceId
    location: str
    tags: Tags

    def __str__(self) -> str:
        return f"create identity {self.id.name}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class TagIdentity:
    """Replace an identity's tags by these, which hold everybody else's too."""

    id: ResourceId
    tags: Tags

    def __str__(self) -> str:
        return f"tag identity {self.id.name}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class CreateVault:
    """Create a key vault. Purge protection is always on and the access mode always stated (azure-behaviour.md 2.2)."""

    id: ResourceId
    location: str
    tenant: str
    tags: Tags
    sku: str
    rbac: bool
    retention_days: int
    firewall: Firewall

    def __str__(self) -> str:
        return f"create vault {self.id.name}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class UpdateVault:
    """Change these properties of a vault and no others."""

    id: ResourceId
    tags: Tags | None = None
    sku: str | None = None
    purge_protection: bool | None = None
    firewall: Firewall | None = None

    def __str__(self) -> str:
        return f"update {_stated(self)} of vault {self.id.name}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class AddAccessPolicy:
    """Add key permissions for a principal to a vault, leaving every other entry alone."""

    vault: ResourceId
    tenant: str
    principal: str
    key_permissions: frozenset[str]

    def __str__(self) -> str:
        return f"add an access policy for {self.principal} to vault {self.vault.name}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class AssignRole:
    """Give a service principal a role on a vault, under a deterministic name."""

    scope: ResourceId
    name: str
    principal: str
    role_definition: str

    def __str__(self) -> str:
        return f"assign the role to {self.principal} on vault {self.scope.name}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class CreateKey:
    """Create a key through ARM, which needs no data-plane grant; an existing key would be left as it is."""

    vault: ResourceId
    name: str
    type: str
    size: int
    tags: Tags

    def __str__(self) -> str:
        return f"create key {self.name} in vault {self.vault.name}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class CreateRegistry:
    """Create a Premium registry with its identity and key in the one PUT that it ever gets."""

    id: ResourceId
    location: str
    tags: Tags
    identity: ResourceId
    client_id: str
    key: KeyIdentifier
    settings: RegistrySettings

    def __str__(self) -> str:
        return f"create registry {self.id.name}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class UpdateRegistry:
    """PATCH a registry with what differs and nothing else.

    `identity` is attached beside those that are there; `key` comes with the `client_id` that shall reach it.
    """

    id: ResourceId
    tags: Tags | None = None
    identity: ResourceId | None = None
    identity_type: str | None = None
    key: KeyIdentifier | None = None
    client_id: str | None = None
    settings: RegistrySettings | None = None

    def __str__(self) -> str:
        return f"update {_stated(self)} of registry {self.id.name}"


Write = (
    CreateGroup
    | CreateIdentity
    | TagIdentity
    | CreateVault
    | UpdateVault
    | AddAccessPolicy
    | AssignRole
    | CreateKey
    | CreateRegistry
    | UpdateRegistry
)


def _stated(write: UpdateVault | UpdateRegistry) -> str:
    """Name the fields that a change states, for logs and messages."""
    fields = [field.name for field in dataclasses.fields(write) if field.name != "id"]
    return ", ".join(name.replace("_", " ") for name in fields if getattr(write, name) is not None)
