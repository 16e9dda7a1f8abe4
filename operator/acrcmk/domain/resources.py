"""Azure resources as the domain reads them; the Azure edge builds them from the SDK's models."""

import dataclasses
import datetime
from collections.abc import Mapping

from acrcmk.domain.failures import AzureFailure
from acrcmk.domain.ids import KeyIdentifier, ResourceId

Tags = Mapping[str, str]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Identity:
    """A user-assigned managed identity."""

    id: ResourceId
    client_id: str
    principal_id: str
    tags: Tags


@dataclasses.dataclass(frozen=True, kw_only=True)
class AccessPolicy:
    """An entry of a vault's access policies; permissions in lower case, since Azure keeps the case of the request."""

    object_id: str
    key_permissions: frozenset[str]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Firewall:
    """A vault's network rules; Azure omits them while the vault is open to all (azure-behaviour.md 2.1): `OPEN`."""

    default_action: str = "Allow"
    bypass: str = "AzureServices"
    ip_rules: frozenset[str] = frozenset()
    subnet_ids: frozenset[str] = frozenset()


OPEN = Firewall()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Vault:
    """A key vault."""

    id: ResourceId
    uri: str
    tenant_id: str
    """The tenant whose principals the vault's access policies name."""
    provisioning_state: str
    location: str
    tags: Tags
    sku: str
    rbac: bool
    purge_protection: bool
    retention_days: int
    firewall: Firewall
    public_network_access: str
    policies: tuple[AccessPolicy, ...]

    @property
    def succeeded(self) -> bool:
        """Whether provisioning has finished; before that the vault's keys cannot be reached."""
        return self.provisioning_state == "Succeeded"


@dataclasses.dataclass(frozen=True, kw_only=True)
class RoleAssignment:
    """A role that is assigned to a principal at a scope."""

    name: str
    principal_id: str
    role_definition_id: str
    created: datetime.datetime | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Key:
    """A key, or one version of it, seen through ARM; times are UTC."""

    identifier: KeyIdentifier
    """Versioned: the version that was read, or the current one where the key itself was read."""
    type: str
    size: int | None
    operations: frozenset[str]
    """`key_ops` in lower case, `wrapkey` and `unwrapkey` among them; empty where Azure reports none."""
    enabled: bool
    created: datetime.datetime | None
    not_before: datetime.datetime | None
    expires: datetime.datetime | None
    tags: Tags


@dataclasses.dataclass(frozen=True, kw_only=True)
class Encryption:
    """The encryption of a registry as Azure reports it; `identity` is the client id, identifiers are URIs."""

    status: str
    identity: str | None = None
    key_identifier: str | None = None
    versioned_key_identifier: str | None = None
    key_rotation_enabled: bool | None = None
    last_key_rotation: datetime.datetime | None = None

    @property
    def enabled(self) -> bool:
        """Whether a customer-managed key is in use."""
        return self.status.casefold() == "enabled"


@dataclasses.dataclass(frozen=True, kw_only=True)
class FailedOperation:
    """The last long-running operation on a registry that failed: cause, failures in a row, time of detection (UTC)."""

    failure: AzureFailure
    count: int
    at: datetime.datetime


@dataclasses.dataclass(frozen=True, kw_only=True)
class RegistrySettings:
    """Settings of a registry that PATCH can change; None means not specified, or not reported."""

    admin_user_enabled: bool | None = None
    anonymous_pull_enabled: bool | None = None
    data_endpoint_enabled: bool | None = None
    public_network_access: str | None = None
    network_rule_bypass: str | None = None
    network_default_action: str | None = None
    ip_rules: frozenset[str] | None = None
    retention_enabled: bool | None = None
    retention_days: int | None = None
    """Days for which untagged manifests are kept; None where the policy is off."""
    export_enabled: bool | None = None
    quarantine_enabled: bool | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Registry:
    """A container registry."""

    id: ResourceId
    login_server: str
    provisioning_state: str
    location: str
    tags: Tags
    sku: str
    identity_type: str
    identities: Mapping[ResourceId, str]
    """Attached user-assigned identities: id to client id."""
    encryption: Encryption
    settings: RegistrySettings
    last_failure: FailedOperation | None = None
    """The last operation of this process that failed; None after a restart."""

    @property
    def succeeded(self) -> bool:
        """Whether no operation is in progress and the last one succeeded; only then are the other fields reliable."""
        return self.provisioning_state == "Succeeded"

    @property
    def failed(self) -> bool:
        """Whether the last operation failed or was cancelled."""
        return self.provisioning_state in {"Failed", "Canceled"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class NameAvailability:
    """Whether a global name can be used; `reason` and `message` are Azure's, where it cannot."""

    available: bool
    reason: str = ""
    message: str = ""


Resource = Identity | Vault | Key | RoleAssignment | Registry
