"""Changes of Azure as values. Each may be repeated: names are deterministic and bodies hold only what changes.

`target` is the id, in lower case, of what a write changes: `queries` with the same target are outdated by it.
"""

import dataclasses

from acrcmk.domain import ids
from acrcmk.domain.ids import KeyIdentifier, ResourceId
from acrcmk.domain.resources import Firewall, RegistrySettings, Tags


@dataclasses.dataclass(frozen=True, kw_only=True)
class CreateGroup:
    """Create a resource group."""

    subscription: str
    name: str
    location: str
    tags: Tags

    @property
    def target(self) -> str:
        """What the write changes."""
        return ids.group_id(self.name, subscription=self.subscription).casefold()

    def __str__(self) -> str:
        return f"create resource group {self.name}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class CreateIdentity:
    """Create a user-assigned managed identity."""

    id: ResourceId
    location: str
    tags: Tags

    @property
    def target(self) -> str:
        """What the write changes."""
        return str(self.id).casefold()

    def __str__(self) -> str:
        return f"create identity {self.id.name}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class TagIdentity:
    """Replace the tags of an identity; `tags` holds the tags of other tools too."""

    id: ResourceId
    tags: Tags

    @property
    def target(self) -> str:
        """What the write changes."""
        return str(self.id).casefold()

    def __str__(self) -> str:
        return f"tag identity {self.id.name}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class CreateVault:
    """Create a key vault, always with purge protection and an explicit access mode (azure-behaviour.md 2.2)."""

    id: ResourceId
    location: str
    tenant: str
    tags: Tags
    sku: str
    rbac: bool
    retention_days: int
    firewall: Firewall

    @property
    def target(self) -> str:
        """What the write changes."""
        return str(self.id).casefold()

    def __str__(self) -> str:
        return f"create vault {self.id.name}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class UpdateVault:
    """PATCH a vault with the fields that are not None."""

    id: ResourceId
    tags: Tags | None = None
    sku: str | None = None
    purge_protection: bool | None = None
    firewall: Firewall | None = None

    @property
    def target(self) -> str:
        """What the write changes."""
        return str(self.id).casefold()

    def __str__(self) -> str:
        return f"update {_changed_fields(self)} of vault {self.id.name}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class AddAccessPolicy:
    """Add key permissions for a principal to a vault's access policies; other entries stay."""

    vault: ResourceId
    tenant: str
    principal: str
    key_permissions: frozenset[str]

    @property
    def target(self) -> str:
        """What the write changes."""
        return str(self.vault).casefold()

    def __str__(self) -> str:
        return f"add an access policy for {self.principal} to vault {self.vault.name}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class AssignRole:
    """Assign a role to a service principal at a scope (an ARM id), under a deterministic name."""

    scope: str
    name: str
    principal: str
    role_definition: str

    @property
    def target(self) -> str:
        """What the write changes."""
        return f"{self.scope}/roleAssignments".casefold()

    def __str__(self) -> str:
        return f"assign the role to {self.principal} at {self.scope}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class CreateKey:
    """Create a key through ARM, which needs no data-plane permission; an existing key is left unchanged."""

    vault: ResourceId
    name: str
    type: str
    size: int
    tags: Tags

    @property
    def target(self) -> str:
        """What the write changes."""
        return ids.key_id(self.name, vault=self.vault).casefold()

    def __str__(self) -> str:
        return f"create key {self.name} in vault {self.vault.name}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class CreateRegistry:
    """Create a Premium registry with its identity and key by PUT; only an absent registry is PUT."""

    id: ResourceId
    location: str
    tags: Tags
    identity: ResourceId
    client_id: str
    key: KeyIdentifier
    settings: RegistrySettings

    @property
    def target(self) -> str:
        """What the write changes."""
        return str(self.id).casefold()

    def __str__(self) -> str:
        return f"create registry {self.id.name}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class UpdateRegistry:
    """PATCH a registry with the fields that are not None.

    `identity` is attached beside the identities that are attached already; `client_id` is that of the identity that
    is attached, or that is to reach `key`.
    """

    id: ResourceId
    tags: Tags | None = None
    identity: ResourceId | None = None
    identity_type: str | None = None
    key: KeyIdentifier | None = None
    client_id: str | None = None
    settings: RegistrySettings | None = None

    @property
    def target(self) -> str:
        """What the write changes."""
        return str(self.id).casefold()

    def __str__(self) -> str:
        return f"update {_changed_fields(self)} of registry {self.id.name}"


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


def _changed_fields(write: UpdateVault | UpdateRegistry) -> str:
    """Return the names of the fields that an update sets, for logs and messages."""
    fields = [field.name for field in dataclasses.fields(write) if field.name not in {"id", "client_id"}]
    return ", ".join(name.replace("_", " ") for name in fields if getattr(write, name) is not None)
