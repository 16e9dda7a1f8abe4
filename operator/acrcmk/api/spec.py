"""`spec` of an `EncryptedRegistry`.

All defaults are defined here. The CRD's schema has none under `spec`, so the API server never writes a default into a
spec, which GitOps tools would report as drift for ever. An attribute with a default always has the effective value;
pydantic's `model_fields_set` names the fields that the object sets. An attribute is None where the default depends on
something else (operator settings, names pinned in status) or where the setting in Azure is left unchanged.
"""

from enum import StrEnum
from typing import Annotated, Literal

import pydantic
from pydantic import Field
from pydantic.alias_generators import to_camel

from acrcmk.api import formats

DEFAULT_KEY_NAME = "acr-cmk"
"""Name of the key where neither the spec nor the status has a name."""

MAX_TAGS = 49
"""Azure allows 50 tags on a resource; the operator sets `acrcmk-owner`."""

MAX_TAG_VALUE = 256


class VaultSku(StrEnum):
    """Pricing tiers of Key Vault, as Azure spells them."""

    STANDARD = "standard"
    PREMIUM = "premium"


class VaultAccess(StrEnum):
    """Permission model of a vault: role assignments, or access policies of the vault."""

    RBAC = "RBAC"
    ACCESS_POLICY = "AccessPolicy"


class KeyType(StrEnum):
    """Key types that a registry accepts; it does not accept EC keys."""

    RSA = "RSA"
    RSA_HSM = "RSA-HSM"


class Grant(StrEnum):
    """Who grants the identity the use of the key."""

    MANAGED = "Managed"
    EXTERNAL = "External"


class RotationMode(StrEnum):
    """Automatic: the registry moves to new key versions. Manual: it keeps its version until the spec changes."""

    AUTOMATIC = "Automatic"
    MANUAL = "Manual"


class PublicNetworkAccess(StrEnum):
    """Whether the registry can be reached by its public endpoint."""

    ENABLED = "Enabled"
    DISABLED = "Disabled"


class DefaultAction(StrEnum):
    """What the firewall of the registry does with addresses that no rule contains."""

    ALLOW = "Allow"
    DENY = "Deny"


class NetworkRuleBypass(StrEnum):
    """Services that bypass the network rules of the registry."""

    AZURE_SERVICES = "AzureServices"
    NONE = "None"


class Model(pydantic.BaseModel):
    """Base of the models of the spec: frozen, without unknown fields, camelCase in JSON."""

    model_config = pydantic.ConfigDict(alias_generator=to_camel, validate_by_name=True, extra="forbid", frozen=True)


class IdentitySpec(Model):
    """The user-assigned managed identity with which the registry accesses its key."""

    name: formats.IdentityName | None = Field(
        default=None,
        description="Name of the identity to create in spec.resourceGroup. Default: <name of this object>-acr, "
        "kept in status.identity once it is used.",
    )
    resource_id: formats.IdentityId | None = Field(
        default=None,
        description="Resource id of an existing identity to use instead. The operator never changes or deletes it.",
    )


class VaultFirewall(Model):
    """Who may reach the data plane of the vault; ARM is never blocked (azure-behaviour.md 2.3)."""

    ip_rules: Annotated[tuple[formats.IpRule, ...], Field(max_length=1000)] = Field(
        default=(),
        description="Public IPv4 addresses and CIDR ranges that may reach the vault.",
    )
    subnet_ids: Annotated[tuple[formats.SubnetId, ...], Field(max_length=200)] = Field(
        default=(),
        description="Resource ids of subnets (with the service endpoint Microsoft.KeyVault) that may reach the vault.",
    )


class VaultSpec(Model):
    """The key vault: `name` of a vault to create, or `resource_id` of an existing vault."""

    name: formats.VaultName | None = Field(
        default=None,
        description="Name of the vault to create in spec.resourceGroup, always with purge protection. It must be "
        "unique in all of Azure. Set either name or resourceId.",
    )
    resource_id: formats.VaultId | None = Field(
        default=None,
        description="Resource id of an existing vault to use instead. The operator never creates, changes or deletes "
        "it; it only grants the identity access to its keys and, unless key.identifier is set, creates a key in it.",
    )
    sku: VaultSku = Field(
        default=VaultSku.STANDARD,
        description="Pricing tier of the vault: standard or premium. HSM keys (key.type RSA-HSM) need premium. "
        "Only with vault.name.",
    )
    access: VaultAccess = Field(
        default=VaultAccess.RBAC,
        description="Permission model of the vault, by which the identity is granted access to the key: RBAC (role "
        "assignment) or AccessPolicy. An existing vault must already use it.",
    )
    grant: Grant = Field(
        default=Grant.MANAGED,
        description="Managed: the operator grants the identity the use of the key where it is missing. External: "
        "somebody else does, and the operator needs no permission to write role assignments.",
    )
    soft_delete_retention_days: Annotated[int, Field(ge=7, le=90)] = Field(
        default=90,
        description="Days for which a deleted vault or key can be recovered. Cannot be changed after the vault is "
        "created. Only with vault.name.",
    )
    firewall: VaultFirewall | None = Field(
        default=None,
        description="Firewall of the vault. It denies all but these addresses and subnets and trusted Azure services, "
        "which the registry needs. Default: no firewall. Only with vault.name.",
    )


class KeyRotation(Model):
    """Whether the registry moves to new key versions."""

    mode: RotationMode = Field(
        default=RotationMode.AUTOMATIC,
        description="Automatic: Azure moves the registry to a new key version within an hour. Manual: the registry "
        "keeps its key version until this spec changes.",
    )
    version: formats.KeyVersion | None = Field(
        default=None,
        description="The key version to use in Manual mode. Default: the version that was current when this object "
        "first used the key, kept in status.key.",
    )


class KeySpec(Model):
    """The RSA key: created in the vault, or an existing key, named by `identifier`."""

    name: formats.KeyName | None = Field(
        default=None,
        description=f"Name of the key to create in the vault. Default: {DEFAULT_KEY_NAME}.",
    )
    type: KeyType = Field(
        default=KeyType.RSA,
        description="Type of the key: RSA or RSA-HSM. Cannot be changed after the key is created.",
    )
    size: Literal[2048, 3072, 4096] = Field(
        default=2048,
        description="Size of the key in bits. Cannot be changed after the key is created.",
    )
    identifier: formats.KeyUri | None = Field(
        default=None,
        description="Identifier (URI) of an existing key in the vault, instead of name, type, size and rotation. With "
        "a version the registry keeps that version (Manual), without it moves to new versions (Automatic).",
    )
    rotation: KeyRotation = Field(
        default=KeyRotation(),
        description="Whether the registry moves to new versions of the key.",
    )


class NetworkRules(Model):
    """The firewall of the registry."""

    default_action: DefaultAction = Field(
        description="Action for addresses that ipRules does not contain: Allow or Deny.",
    )
    ip_rules: Annotated[tuple[formats.IpRule, ...], Field(max_length=200)] = Field(
        default=(),
        description="Public IPv4 addresses and CIDR ranges that are allowed.",
    )


class RegistryPolicies(Model):
    """Policies of the registry; absent fields are left unchanged in Azure. CMK excludes content trust."""

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
        description="Whether artifacts may be exported (imported by, or transferred to, another registry). false "
        "requires registry.publicNetworkAccess: Disabled.",
    )
    quarantine: bool | None = Field(
        default=None,
        description="Whether pushed images are quarantined, that is cannot be pulled until they are released.",
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
        description="Whether the registry can be reached by its public endpoint: Enabled or Disabled. Default: not "
        "managed (Azure creates a registry with Enabled).",
    )
    network_rules: NetworkRules | None = Field(
        default=None,
        description="Public addresses that may reach the registry. Default: not managed (Azure creates a registry that "
        "allows all).",
    )
    network_rule_bypass: NetworkRuleBypass | None = Field(
        default=None,
        description="Whether trusted Azure services bypass the network rules: AzureServices or None. Default: not "
        "managed (Azure creates a registry with AzureServices).",
    )
    policies: RegistryPolicies | None = Field(
        default=None,
        description="Retention, export and quarantine. Default: not managed.",
    )


class EncryptedRegistrySpec(Model):
    """The desired registry: its place in Azure, identity, vault and key."""

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
        description="Whether to create the resource group if it does not exist.",
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
        description="Tags of all resources that are created. Other tags on them are left unchanged.",
    )
    identity: IdentitySpec = Field(
        default=IdentitySpec(),
        description="The managed identity with which the registry accesses the key: created (name), or existing "
        "(resourceId).",
    )
    vault: VaultSpec = Field(
        description="The key vault that contains the key: created (name), or existing (resourceId).",
    )
    key: KeySpec = Field(
        default=KeySpec(),
        description="The RSA key that encrypts the registry: created (name), or existing (identifier).",
    )
    registry: RegistrySpec = Field(
        description="The container registry. Its SKU is always Premium, which customer-managed keys need.",
    )
