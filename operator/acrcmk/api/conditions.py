"""Conditions: their types, the one list of reasons, and the model, which is Kubernetes' `metav1.Condition`."""

import datetime
from enum import StrEnum
from typing import Annotated, Self

import pydantic
from pydantic import Field
from pydantic.alias_generators import to_camel


class Described(StrEnum):
    """A text with a description; the tables of docs/reference.md are generated from these."""

    description: str

    def __new__(cls, word: str, description: str) -> Self:
        """Return a member with the text as its value."""
        member = str.__new__(cls, word)
        member._value_ = word
        member.description = description
        return member


class ConditionType(Described):
    """All conditions, stated in the positive; Reconciling and Stalled have the meaning that kstatus gives them."""

    READY = "Ready", "The registry exists and is encrypted as the spec says; always present."
    RECONCILING = "Reconciling", "The operator is at work or will try again; present only when True."
    STALLED = "Stalled", "Only an edit of the spec helps; present only when True."
    IDENTITY_READY = "IdentityReady", "The managed identity exists."
    VAULT_READY = "VaultReady", "The vault exists, is purge-protected and lets trusted Azure services in."
    VAULT_ACCESS_READY = "VaultAccessReady", "Azure has accepted the key through the identity's grant."
    KEY_READY = "KeyReady", "The key exists, is RSA or RSA-HSM, enabled and not expired."
    REGISTRY_READY = "RegistryReady", "The registry exists and its settings are those of the spec."
    ENCRYPTION_READY = "EncryptionReady", "Encryption is enabled with the key and identity of the spec."
    KEY_CURRENT = "KeyCurrent", "The registry uses the newest enabled key version; informational, never touches Ready."


class Reason(Described):
    """Every reason a condition or an event may give."""

    SUCCEEDED = "Succeeded", "Azure is as the spec says."
    PROGRESSING = "Progressing", "The operator or Azure is working; the message and the other conditions tell on what."
    WAITING = "Waiting", "Something that this step needs is not ready yet."
    CREATING = "Creating", "Azure is creating the resource."
    UPDATING = "Updating", "Azure is changing the resource."
    PROPAGATING = "Propagating", "The grant is written; Azure takes up to ten minutes to honour it everywhere."
    DELETING = "Deleting", "The object is being deleted."
    INVALID_SPEC = "InvalidSpec", "The spec breaks a rule; the message names the field."
    ALREADY_EXISTS = "AlreadyExists", "A resource of this name exists without our owner tag, so it is left alone."
    OWNERSHIP_CONFLICT = "OwnershipConflict", "Another object owns the resource."
    OWNED_BY_OTHER = (
        "OwnedByOther",
        "A vault, identity or key that the spec refers to belongs to another object.",
    )
    REGISTRY_GONE = (
        "RegistryGone",
        "The registry was Ready and does not exist any more; it is not created again without permission.",
    )
    CHANGE_NOT_KEPT = (
        "ChangeNotKept",
        "Azure accepted the same change several times, and something in Azure reverted it each time.",
    )
    NAME_TAKEN = "NameTaken", "The name, which is unique in all of Azure, is in use elsewhere."
    RESOURCE_GROUP_NOT_FOUND = "ResourceGroupNotFound", "The resource group does not exist."
    SUBSCRIPTION_NOT_FOUND = (
        "SubscriptionNotFound",
        "The subscription does not exist or is not visible to the operator.",
    )
    IDENTITY_NOT_FOUND = "IdentityNotFound", "The identity that the spec refers to does not exist."
    VAULT_NOT_FOUND = "VaultNotFound", "The vault that the spec refers to does not exist."
    VAULT_SOFT_DELETED = "VaultSoftDeleted", "A deleted vault holds the name until it is recovered or purged."
    VAULT_ACCESS_MODE_MISMATCH = (
        "VaultAccessModeMismatch",
        "The vault uses another access mode (RBAC or access policies) than spec.vault.access.",
    )
    VAULT_FIREWALL_BLOCKS_AZURE = (
        "VaultFirewallBlocksAzure",
        "The vault's firewall does not let trusted Azure services in, so the registry cannot reach its key.",
    )
    PURGE_PROTECTION_DISABLED = (
        "PurgeProtectionDisabled",
        "The vault has no purge protection, so its keys can be lost for good.",
    )
    KEY_NOT_FOUND = "KeyNotFound", "The key, or the version of it, does not exist."
    KEY_SOFT_DELETED = "KeySoftDeleted", "The key is deleted and can still be recovered."
    KEY_DISABLED = "KeyDisabled", "The key version is disabled or not valid yet: the registry's content cannot be read."
    KEY_EXPIRED = "KeyExpired", "The key version has expired: content can be read, but nothing new protected."
    KEY_OPERATIONS_MISSING = "KeyOperationsMissing", "The key does not permit wrapKey and unwrapKey."
    KEY_TYPE_UNSUPPORTED = "KeyTypeUnsupported", "The key is not RSA or RSA-HSM."
    KEY_VAULT_MISMATCH = "KeyVaultMismatch", "The key identifier belongs to another vault than the spec names."
    KEY_ACCESS_DENIED = "KeyAccessDenied", "Azure refuses the identity the use of the key."
    IMMUTABLE_FIELD_CHANGED = (
        "ImmutableFieldChanged",
        "The spec asks for what Azure fixed when the resource was created.",
    )
    PINNED_ELSEWHERE = "PinnedElsewhere", "The object already stands for other Azure resources than the spec now names."
    SKU_NOT_PREMIUM = "SkuNotPremium", "The registry is not Premium, which customer-managed keys need."
    ENCRYPTION_NOT_ENABLED = (
        "EncryptionNotEnabled",
        "The registry was created without a customer-managed key, which cannot be added later.",
    )
    ENCRYPTION_MISMATCH = (
        "EncryptionMismatch",
        "The registry uses another key, identity or rotation mode than the spec.",
    )
    PROVISIONING_FAILED = "ProvisioningFailed", "Azure accepted the request and failed to carry it out."
    AUTHENTICATION_FAILED = "AuthenticationFailed", "The operator cannot obtain a token from Microsoft Entra."
    AUTHORIZATION_FAILED = "AuthorizationFailed", "The operator's identity lacks a permission; the message names it."
    POLICY_DENIED = "PolicyDenied", "Azure Policy forbids the request; the message names definition and assignment."
    LOCKED = "Locked", "A management lock forbids the change."
    SUBSCRIPTION_DISABLED = "SubscriptionDisabled", "The subscription is disabled, read-only or not registered."
    QUOTA_EXCEEDED = "QuotaExceeded", "A quota or limit of the subscription is used up; the message names it."
    LOCATION_NOT_AVAILABLE = "LocationNotAvailable", "Azure does not offer the resource in the location of the spec."
    NAME_NOT_ALLOWED = "NameNotAllowed", "Azure does not allow the name: a reserved word, or a rule of the service."
    ACCESS_POLICIES_REJECTED = (
        "AccessPoliciesRejected",
        "The vault takes no further access policy: its list is full or has invalid entries.",
    )
    PROVIDER_NOT_REGISTERED = "ProviderNotRegistered", "The subscription has not registered the resource provider."
    THROTTLED = "Throttled", "Azure asked for fewer requests."
    AZURE_UNAVAILABLE = "AzureUnavailable", "Azure did not answer, or answered with a server error."
    AZURE_REJECTED = "AzureRejected", "Azure refused the request; the message has its text."
    NEWER_VERSION_AVAILABLE = "NewerVersionAvailable", "The key has a newer version than the one that is pinned."
    ROTATION_PENDING = "RotationPending", "The key has a newer version, to which Azure moves within an hour."
    ROTATION_OVERDUE = (
        "RotationOverdue",
        "The registry has not moved to a newer key version for more than an hour, as automatic rotation should.",
    )
    NEWEST_VERSION_UNUSABLE = (
        "NewestVersionUnusable",
        "The newest key version is disabled, expired or not valid yet; the registry stays with an older one.",
    )
    ROTATED = "Rotated", "Event only: the registry moved to another key version."
    CURRENT = "Current", "The registry uses the newest enabled version of the key."
    INTERNAL_ERROR = "InternalError", "The operator met an error of its own; its log has the details."


class ConditionStatus(StrEnum):
    """The values of a condition's status."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


def _to_the_second(moment: datetime.datetime) -> datetime.datetime:
    """Kubernetes writes times in UTC, to the second; models that differ below that must compare equal."""
    return moment.astimezone(datetime.UTC).replace(microsecond=0)


def _rfc3339(moment: datetime.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


Time = Annotated[
    pydantic.AwareDatetime,
    pydantic.AfterValidator(_to_the_second),
    pydantic.PlainSerializer(_rfc3339, return_type=str, when_used="unless-none"),
]
"""A moment: aware, in UTC, to the second; `2026-11-23T19:28:10Z` on the wire."""


class Reported(pydantic.BaseModel):
    """Base of the status models: frozen, camelCase on the wire; unknown fields of other versions are ignored."""

    model_config = pydantic.ConfigDict(
        alias_generator=to_camel, validate_by_name=True, serialize_by_alias=True, extra="ignore", frozen=True
    )


class Condition(Reported):
    """One condition. Type and reason are plain text here, since another version may have written others."""

    type: Annotated[str, Field(max_length=316)] = Field(description="What the condition is about.")
    status: ConditionStatus = Field(description="True, False or Unknown.")
    reason: Annotated[str, Field(min_length=1, max_length=1024)] = Field(
        description="One word for programs: why the status is what it is."
    )
    message: Annotated[str, Field(max_length=32768)] = Field(
        description="For people: what is the matter and, where somebody must act, what to do."
    )
    last_transition_time: Time = Field(description="When the status last changed from one value to another.")
    observed_generation: int | None = Field(
        default=None, description="The generation of the spec that the condition speaks of."
    )
