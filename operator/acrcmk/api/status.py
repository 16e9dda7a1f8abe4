"""What the operator reports: `status` of an `EncryptedRegistry`.

Everything is optional, since a status grows as the work goes on, and unknown fields are ignored, since another
version of the operator may have written them.
"""

import contextlib
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import pydantic
from pydantic import Field

from acrcmk.api.conditions import Condition, Reported, Time
from acrcmk.api.spec import RotationMode

UNOBSERVED = -1
"""`observedGeneration` of an object that no pass has seen: the CRD's default, so that kstatus says InProgress."""

_SHORT = 8


class IdentityStatus(Reported):
    """The managed identity in use."""

    id: str | None = Field(default=None, description="Resource id of the identity.")
    client_id: str | None = Field(default=None, description="Client id: what the registry's encryption refers to.")
    principal_id: str | None = Field(default=None, description="Principal (object) id: what access is granted to.")


class VaultStatus(Reported):
    """The vault in use."""

    id: str | None = Field(default=None, description="Resource id of the vault.")
    uri: str | None = Field(default=None, description="URI of the vault's data plane.")


class KeyStatus(Reported):
    """The key, and the version of it that the registry uses or is to use."""

    name: str | None = Field(default=None, description="Name of the key.")
    identifier: str | None = Field(
        default=None,
        description="The key identifier that the registry is set to: unversioned with automatic rotation, versioned "
        "with manual.",
    )
    rotation: RotationMode | None = Field(
        default=None, description="Automatic when the registry follows new key versions, else Manual."
    )
    version: str | None = Field(default=None, description="The key version in use.")
    short_version: str | None = Field(
        default_factory=lambda fields: (fields.get("version") or "")[:_SHORT] or None,
        description="The first eight digits of the version, for kubectl get.",
    )
    created: Time | None = Field(default=None, description="When the version was created.")
    expires: Time | None = Field(default=None, description="When the version expires; absent when it never does.")
    enabled: bool | None = Field(default=None, description="Whether the version is enabled.")


class RegistryStatus(Reported):
    """The registry."""

    id: str | None = Field(default=None, description="Resource id of the registry.")
    login_server: str | None = Field(default=None, description="Host name for docker login, push and pull.")
    first_observed: Time | None = Field(
        default=None,
        description="When the operator first read the registry from Azure; what makes up its id is fixed since then.",
    )
    first_ready: Time | None = Field(
        default=None, description="When the registry was first encrypted as desired; it may hold images since then."
    )
    provisioning_state: str | None = Field(
        default=None, description="Provisioning state in Azure, which tells how the last operation ended."
    )


class KeyVaultProperties(Reported):
    """Which key the registry uses, as Azure says it."""

    identity: str | None = Field(default=None, description="Client id of the identity that reaches the key.")
    key_identifier: str | None = Field(default=None, description="Identifier of the key, as in the request.")
    versioned_key_identifier: str | None = Field(default=None, description="Identifier of the version in use.")
    key_rotation_enabled: bool | None = Field(default=None, description="Whether new versions are followed.")
    last_key_rotation_timestamp: Time | None = Field(
        default=None, description="When the registry last moved to another version; absent until the first time."
    )


class EncryptionStatus(Reported):
    """What `az acr encryption show` prints, in the same shape."""

    status: str | None = Field(default=None, description="enabled or disabled.")
    key_vault_properties: KeyVaultProperties | None = Field(
        default=None, description="Which key the registry uses, as Azure says it."
    )


class Purpose(StrEnum):
    """What a resource of the ledger is for."""

    RESOURCE_GROUP = "ResourceGroup"
    IDENTITY = "Identity"
    VAULT = "Vault"
    ACCESS = "Access"
    KEY = "Key"
    REGISTRY = "Registry"


class ResourceStatus(Reported):
    """One entry of the ledger."""

    id: str = Field(
        description="Resource id in Azure. An access policy has none: <vault id>/accessPolicies/<principal id>."
    )
    purpose: str = Field(
        description=f"What the resource is for: {', '.join(Purpose)}.",
    )
    created_by_operator: bool = Field(
        description="true when the operator created the resource for this object, false when it took it over by its "
        "owner tag."
    )
    since: Time | None = Field(default=None, description="When the entry was written.")


Entries = tuple[ResourceStatus, ...]
"""The ledger."""


class EncryptedRegistryStatus(Reported):
    """What the operator observed and did; written by the operator alone."""

    observed_generation: int | None = Field(
        default=None, description="The generation of the spec that this status speaks of; -1 before the first pass."
    )
    conditions: tuple[Condition, ...] = Field(
        default=(), description="Ready sums up; Reconciling and Stalled are present only when True; one per step."
    )
    identity: IdentityStatus | None = Field(default=None, description="The managed identity in use.")
    vault: VaultStatus | None = Field(default=None, description="The vault in use.")
    key: KeyStatus | None = Field(default=None, description="The key, and the version of it in use.")
    registry: RegistryStatus | None = Field(default=None, description="The registry.")
    encryption: EncryptionStatus | None = Field(
        default=None, description="Encryption as Azure reports it, in the shape of az acr encryption show."
    )

    resources: tuple[ResourceStatus, ...] = Field(
        default=(),
        description="The Azure resources that this object created or took over. An entry is written before the "
        "resource is created, and stays when the spec no longer names it.",
    )

    def condition(self, kind: str) -> Condition | None:
        """Return the condition of this type, or None."""
        return next((condition for condition in self.conditions if condition.type == kind), None)

    def to_wire(self) -> dict[str, Any]:
        """Return the status as JSON data, without what is absent."""
        return self.model_dump(mode="json", exclude_none=True)

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> "EncryptedRegistryStatus":
        """Read a stored status; parts that no version of the operator can have written are read as absent."""
        known: dict[str, Any] = {}
        for name, field in cls.model_fields.items():
            part = {key: wire[key] for key in (field.alias or name,) if key in wire}
            with contextlib.suppress(pydantic.ValidationError):
                known[name] = getattr(cls.model_validate(part), name)
        return cls(**known)
