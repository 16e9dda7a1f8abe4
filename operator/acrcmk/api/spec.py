"""What a user may wish: `spec` of an `EncryptedRegistry`.

Defaults live here and nowhere else. The CRD's schema has none under `spec`, so nothing is ever written into a spec
(GitOps tools would see a difference for ever). An attribute with a default always carries the effective value;
what was given is in pydantic's `model_fields_set`. An attribute is None where the default needs other knowledge
(operator settings, names pinned in status) or is "leave it as Azure has it".
"""

from enum import StrEnum
from typing import Annotated, Literal

import pydantic
from pydantic import Field
from pydantic.alias_generators import to_camel

from acrcmk.api import formats

DEFAULT_KEY_NAME = "acr-cmk"
"""The key's name where neither the spec nor a pin in status gives one."""

MAX_TAGS = 49
"""Azure allows 50 tags on a resource; one is the operator's own (`acrcmk-owner`)."""

MAX_TAG_VALUE = 256


class VaultSku(StrEnum):
    """Key Vault's pricing tiers, in Azure's spelling."""

    STANDARD = "standard"
    PREMIUM = "premium"


class VaultAccess(StrEnum):
    """How a vault grants access: by role assignments or by its own list of policies."""

    RBAC = "RBAC"
    ACCESS_POLICY = "AccessPolicy"


class KeyType(StrEnum):
    """Key types that a registry takes; it never takes EC keys."""

    RSA = "RSA"
    RSA_HSM = "RSA-HSM"


class Grant(StrEnum):
    """Who grants the identity the use of the key."""

    MANAGED = "Managed"
    EXTERNAL = "External"


class RotationMode(StrEnum):
    """Automatic: Azure follows new key versions by itself. Manual: the version stays until the spec changes."""

    AUTOMATIC = "Automatic"
    MANUAL = "Manual"


class PublicNetworkAccess(StrEnum):
    """Whether the registry answers on its public endpoint."""

    ENABLED = "Enabled"
    DISABLED = "Disabled"


class DefaultAction(StrEnum):
    """What the registry's firewall does with addresses that no rule names."""

    ALLOW = "Allow"
    DENY = "Deny"


class NetworkRuleBypass(StrEnum):
    """Who passes the registry's network rules."""

    AZURE_SERVICES = "AzureServices"
    NONE = "None"


class Model(pydantic.BaseModel):
    """Base of the spec's models: frozen, closed, camelCase on the wire."""

    model_config = pydantic.ConfigDict(alias_generator=to_camel, validate_by_name=True, extra="forbid", frozen=True)


class IdentitySpec(Model):
    """The user-assigned managed identity by which the registry reaches its key."""

    name: formats.IdentityName | None = Field(
        default=None,
        description="Name of the identity to create in spec.resourceGroup. Default: <name of this object>-acr, "
        "kept in status.identity once used.",
    )
    resource_id: formats.IdentityId | None = Field(
        default=None,
        description="Resource id of an existing identity to use instead. The operator never changes or deletes it.",
    )


class VaultFirewall(Model):
    """Who may reach the vault's data plane; ARM is never blocked (azure-behaviour.md 2.3)."""

    ip_rules: Annotated[tuple[formats.IpRule, ...], Field(max_length=1000)] = Field(
        default=(),
        description="Public IPv4 addresses and CIDR ranges that may reach the vault.",
    )
    subnet_ids: Annotated[tuple[formats.SubnetId, ...], Field(max_length=200)] = Field(
        default=(),
        description="Resource ids of subnets (with the service endpoint Microsoft.KeyVault) that may reach the vault.",
    )


class VaultSpec(Model):
    """The key vault: `name` of one that is ours, or `resource_id` of an existing one."""

    name: formats.VaultName | None = Field(
        default=None,
        description="Name of the vault to create in spec.resourceGroup, always with purge protection. Unique in all "
        "of Azure. Give either name or resourceId.",
    )
    resource_id: formats.VaultId | None = Field(
        default=None,
        description="Resource id of an existing vault to use instead. The operator never creates, changes or deletes "
        "it; it only grants the identity access to its keys and, unless key.identifier is given, creates a key in it.",
    )
    sku: VaultSku = Field(
        default=VaultSku.STANDARD,
        description="Tier of the vault: standard or premium. HSM keys (key.type RSA-HSM) need premium. "
        "Only with vault.name.",
    )
    access: VaultAccess = Field(
        default=VaultAccess.RBAC,
        description="How the identity is granted the use of keys: RBAC (role assignment) or AccessPolicy. A referenced "
        "vault must already work in this way.",
    )
    grant: Grant = Field(
        default=Grant.MANAGED,
        description="Managed: the operator grants the identity the use of the key where it is missing. External: "
        "somebody else does, and the operator needs no permission to write role assignments.",
    )
    soft_delete_retention_days: Annotated[int, Field(ge=7, le=90)] = Field(
        default=90,
        description="Days for which a deleted vault or key can be recovered. Azure fixes it when the vault is created. "
        "Only with vault.name.",
    )
    firewall: VaultFirewall | None = Field(
        default=None,
        description="Closes the vault to all but these addresses and subnets and, always, trusted Azure services, "
        "which the registry needs. Default: open. Only with vault.name.",
    )


class KeyRotation(Model):
    """Whether the registry follows new key versions."""

    mode: RotationMode = Field(
        default=RotationMode.AUTOMATIC,
        description="Automatic: the registry moves to a new key version within an hour, by itself. Manual: it stays "
        "with one version until this spec changes.",
    )
    version: formats.KeyVersion | None = Field(
        default=None,
        description="The key version to use in Manual mode. Default: the one that was current when this object first "
        "used the key, kept in status.key.",
    )


class KeySpec(Model):
    """The RSA key: created in the vault, or an existing one named by `identifier`."""

    name: formats.KeyName | None = Field(
        default=None,
        description=f"Name of the key to create in the vault. Default: {DEFAULT_KEY_NAME}.",
    )
    type: KeyType = Field(
        default=KeyType.RSA,
        description="Type of the key: RSA or RSA-HSM. Fixed when the key is created.",
    )
    size: Literal[2048, 3072, 4096] = Field(
        default=2048,
        description="Size of the key in bits. Fixed when the key is created.",
    )
    identifier: formats.KeyUri | None = Field(
        default=None,
        description="Identifier of an existing key in the vault, instead of name, type, size and rotation. With a "
        "version: the registry stays with that version (Manual). Without: it follows new versions (Automatic).",
    )
    rotation: KeyRotation = Field(
        default=KeyRotation(),
        description="Whether the registry follows new versions of the key.",
    )


class NetworkRules(Model):
    """The registry's firewall."""

    default_action: DefaultAction = Field(
        description="What happens to addresses that no rule names: Allow or Deny.",
    )
    ip_rules: Annotated[tuple[formats.IpRule, ...], Field(max_length=200)] = Field(
        default=(),
        description="Public IPv4 addresses and CIDR ranges that are allowed.",
    )


class RegistryPolicies(Model):
    """Policies of the registry; what is absent is left as Azure has it. Content trust is impossible with CMK."""

    retention: bool | None = Field(
        default=None,
        description="Whether untagged manifests are deleted after retentionDays. true where only retentionDays is set.",
    )
    retention_days: Annotated[int, Field(ge=0, le=365)] | None = Field(
        default=None,
        description="Days after which untagged manifests are deleted; turns the retention policy on. Not with "
        "retention: false.",
    )
    export: bool | None = Field(
        default=None,
        description="Whether artifacts may be exported (imported by, or transferred to, another registry). false needs "
        "registry.publicNetworkAccess: Disabled.",
    )
    quarantine: bool | None = Field(
        default=None,
        description="Whether pushed images stay hidden until something releases them.",
    )


class RegistrySpec(Model):
    """The container registry; its SKU is always Premium."""

    name: formats.RegistryName = Field(
        description="Name of the registry, unique in all of Azure. Cannot change once the registry exists.",
    )
    admin_user_enabled: bool | None = Field(
        default=None,
        description="Whether the admin user, an account with two passwords, may log in. Default: as Azure has it "
        "(false for a new registry).",
    )
    anonymous_pull_enabled: bool | None = Field(
        default=None,
        description="Whether anybody may pull without logging in. Default: as Azure has it (false for a new registry).",
    )
    data_endpoint_enabled: bool | None = Field(
        default=None,
        description="Whether layers are served from a data endpoint of the registry's own, for client "
        "firewalls. Default: as Azure has it (false for a new registry).",
    )
    public_network_access: PublicNetworkAccess | None = Field(
        default=None,
        description="Whether the registry can be reached by its public endpoint. Default: as Azure has it (Enabled).",
    )
    network_rules: NetworkRules | None = Field(
        default=None,
        description="Which public addresses may reach the registry. Default: as Azure has it (all).",
    )
    network_rule_bypass: NetworkRuleBypass | None = Field(
        default=None,
        description="Whether trusted Azure services pass the network rules: AzureServices or None. Default: as Azure "
        "has it (AzureServices).",
    )
    policies: RegistryPolicies | None = Field(
        default=None,
        description="Retention, export and quarantine. Default: as Azure has them.",
    )


class EncryptedRegistrySpec(Model):
    """The registry that is wanted: where, and with which identity, vault and key."""

    subscription_id: formats.SubscriptionId | None = Field(
        default=None,
        description="Azure subscription of all that is created. Default: the operator's. May be added later; cannot "
        "change once the registry exists.",
    )
    resource_group: formats.ResourceGroupName = Field(
        description="Resource group of all that is created. Cannot change once the registry exists.",
    )
    create_resource_group: bool = Field(
        default=False,
        description="Whether to create the resource group when it does not exist.",
    )
    location: formats.Location = Field(
        description="Azure region of all that is created, such as westeurope or West Europe. Cannot "
        "change once the registry exists.",
    )
    tags: Annotated[
        dict[str, Annotated[str, Field(max_length=MAX_TAG_VALUE)]],
        Field(max_length=MAX_TAGS),
    ] = Field(
        default_factory=dict,
        description="Tags put on all that is created. Tags that others set are left alone.",
    )
    identity: IdentitySpec = Field(
        default=IdentitySpec(),
        description="The managed identity by which the registry reaches the key: created, or an existing one.",
    )
    vault: VaultSpec = Field(
        description="The key vault that holds the key: created (name), or an existing one (resourceId).",
    )
    key: KeySpec = Field(
        default=KeySpec(),
        description="The RSA key that encrypts the registry: created, or an existing one (identifier).",
    )
    registry: RegistrySpec = Field(
        description="The container registry. Its SKU is always Premium, which customer-managed keys need.",
    )
