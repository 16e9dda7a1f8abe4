"""What Azure shows of the five resources, in our words. Built by the edge from the SDK's models, never by hand."""

import dataclasses
import datetime
from collections.abc import Mapping

from acrcmk.domain.failures import AzureFailure
from acrcmk.domain.names import KeyIdentifier, ResourceId

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
    """One entry of a vault's access policies; permissions in lower case, as Azure echoes whatever case it was given."""

    object_id: str
    key_permissions: frozenset[str]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Firewall:
    """A vault's network rules. Azure leaves them out when all is open (azure-behaviour.md 2.1): that is `OPEN`."""

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
        """Whether Azure has finished with it; before that its keys cannot be reached."""
        return self.provisioning_state == "Succeeded"


@dataclasses.dataclass(frozen=True, kw_only=True)
class RoleAssignment:
    """A role given to a principal on a scope."""

    name: str
    principal_id: str
    role_definition_id: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Key:
    """A key, or one version of it, seen through ARM; times are UTC."""

    identifier: KeyIdentifier
    """With the version that this is; for the key itself its current version."""
    type: str
    size: int | None
    enabled: bool
    created: datetime.datetime | None
    not_before: datetime.datetime | None
    expires: datetime.datetime | None
    tags: Tags


@dataclasses.dataclass(frozen=True, kw_only=True)
class Encryption:
    """What a registry says of its encryption; `identity` is the client id, identifiers are URIs."""

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
class Attempt:
    """A long operation of ours that failed: why, how often in a row, and when we learnt of it."""

    failure: AzureFailure
    count: int
    at: datetime.datetime


@dataclasses.dataclass(frozen=True, kw_only=True)
class Registry:
    """A container registry. What a person may set is in `settings`, keyed by the words of `RegistrySettings`."""

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
    settings: "RegistrySettings"
    attempt: "Attempt | None" = None
    """The last operation of ours that failed, while this process remembers it."""

    @property
    def succeeded(self) -> bool:
        """Whether no operation is under way and the last one went well; only then is anything else to be believed."""
        return self.provisioning_state == "Succeeded"

    @property
    def failed(self) -> bool:
        """Whether the last operation on it failed."""
        return self.provisioning_state in {"Failed", "Canceled"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class RegistrySettings:
    """Settings of a registry that PATCH may change; None means "not stated" on either side."""

    admin_user_enabled: bool | None = None
    anonymous_pull_enabled: bool | None = None
    data_endpoint_enabled: bool | None = None
    public_network_access: str | None = None
    network_rule_bypass: str | None = None
    network_default_action: str | None = None
    ip_rules: frozenset[str] | None = None
    retention_days: int | None = None
    """Days that untagged manifests are kept; None where the policy is off."""
    export_enabled: bool | None = None
    quarantine_enabled: bool | None = None
