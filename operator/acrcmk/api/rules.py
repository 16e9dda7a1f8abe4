"""Rules across fields of a spec, or between the old and the new spec, for the API server and for the operator.

Each row has the CEL expression that goes into the CRD and the equivalent Python predicate; a property test compares
the two. In CEL `self` is the value at `at`, which must exist for the rule to run; the predicate gets the whole `Case`.
Optional fields (`self.?key`) need Kubernetes 1.29. The API server limits the estimated worst cost of an expression,
which is why every text, list and map has an upper limit in the schema.

The registry, and whatever is part of its id, is immutable: a changed name would mean another registry, and nothing
would manage the first. Identity, vault and key may change: a registry can move to another key, in another vault, with
another identity, at any time (azure-behaviour.md 1.3).
"""

import dataclasses
import re
from collections.abc import Callable

from acrcmk import api
from acrcmk.api.spec import (
    DEFAULT_KEY_NAME,
    EncryptedRegistrySpec,
    KeyType,
    Model,
    PublicNetworkAccess,
    RotationMode,
    VaultSku,
)

_NOT_OBSERVED = "!has(oldSelf.status) || !oldSelf.status.?registry.?firstObserved.hasValue()"
"""The registry was not seen to exist: what makes up its id may still be corrected."""
_DNS_LABEL = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_TAG_KEY = r"[^<>%&\\?/]{1,512}"
_PRIVATE = "(10|127|169[.]254|172[.](1[6-9]|2[0-9]|3[01])|192[.]168)[.].*"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Case:
    """Input of a rule: a spec, the name of its object and, for an update, the old spec."""

    name: str
    spec: EncryptedRegistrySpec
    old: EncryptedRegistrySpec | None = None
    observed: bool = True
    """Whether the registry was seen to exist (`status.registry.firstObserved`) before the update."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule: `at` is its node in the schema, `field`, at or below `at`, is the field that the message is about."""

    at: str
    field: str
    cel: str
    message: str
    holds: Callable[[Case], bool]

    @property
    def transition(self) -> bool:
        """Whether the rule compares with the old spec; the API server runs such a rule on updates only."""
        return "oldSelf" in self.cel


def broken(
    spec: EncryptedRegistrySpec, *, name: str, old: EncryptedRegistrySpec | None = None, observed: bool = True
) -> tuple[Rule, ...]:
    """Return the rules that a spec breaks; those about changes only when `old` is given."""
    case = Case(name=name, spec=spec, old=old, observed=observed)
    return tuple(rule for rule in RULES if not (rule.transition and old is None) and not rule.holds(case))


def _is_set(model: Model, *names: str) -> bool:
    """Return whether the spec sets any of these fields, even to their defaults."""
    return any(name in model.model_fields_set and getattr(model, name) is not None for name in names)


def _unchanged(read: Callable[[EncryptedRegistrySpec], object]) -> Callable[[Case], bool]:
    return lambda case: case.old is None or not case.observed or read(case.old) == read(case.spec)


def _same(path: str, *, default: str = "") -> str:
    """Return CEL for "this text is unchanged". Without `orValue`, in which the cost estimate ignores the limit."""
    maybe = path.replace(".", ".?")
    new, old = (f"({it}.?{maybe}.hasValue() ? {it}.{path} : '{default}')" for it in ("self", "oldSelf"))
    return f"{new} == {old}"


def _no_private_addresses(case: Case) -> bool:
    firewall = case.spec.vault.firewall
    return firewall is None or not any(re.fullmatch(_PRIVATE, rule) for rule in firewall.ip_rules)


def _retention_unchanged(case: Case) -> bool:
    new, old = case.spec.vault, case.old.vault if case.old else case.spec.vault
    return new.name != old.name or new.soft_delete_retention_days == old.soft_delete_retention_days


def _key_unchanged(case: Case) -> bool:
    new, old = case.spec, case.old or case.spec
    other_vault = (new.vault.name, new.vault.resource_id) != (old.vault.name, old.vault.resource_id)
    other_key = (new.key.name or DEFAULT_KEY_NAME) != (old.key.name or DEFAULT_KEY_NAME)
    if new.key.identifier or old.key.identifier or other_vault or other_key:
        return True
    return (new.key.type, new.key.size) == (old.key.type, old.key.size)


def _identifier_in_vault(case: Case) -> bool:
    vault, identifier = case.spec.vault, case.spec.key.identifier
    if identifier is None or _is_set(vault, "name") == _is_set(vault, "resource_id"):
        return True
    host = identifier.lower().split(".")[0].replace("https://", "/vaults/")
    return (vault.resource_id or f"/vaults/{vault.name}").lower().endswith(host)


def _version_is_manual(case: Case) -> bool:
    rotation = case.spec.key.rotation
    return rotation.version is None or rotation.mode is RotationMode.MANUAL


def _hsm_is_premium(case: Case) -> bool:
    key, vault = case.spec.key, case.spec.vault
    return key.type is not KeyType.RSA_HSM or vault.name is None or vault.sku is VaultSku.PREMIUM


def _export_off_is_private(case: Case) -> bool:
    registry = case.spec.registry
    off = registry.policies is not None and registry.policies.export is False
    return not off or registry.public_network_access is PublicNetworkAccess.DISABLED


RULES = (
    Rule(
        at="",
        field="metadata.name",
        cel=f"self.metadata.name.matches(r'^{_DNS_LABEL}$')",
        message="metadata.name must be at most 63 lower-case letters, digits and hyphens, without periods, because it "
        "becomes part of Azure names and tags",
        holds=lambda case: re.fullmatch(_DNS_LABEL, case.name) is not None,
    ),
    Rule(
        at="",
        field="spec.subscriptionId",
        cel=f"{_NOT_OBSERVED} || !has(oldSelf.spec.subscriptionId) || "
        "(has(self.spec.subscriptionId) && self.spec.subscriptionId == oldSelf.spec.subscriptionId)",
        message="subscriptionId cannot be changed or removed once the registry exists: it is part of the registry's "
        "id. Create a new object for a registry in another subscription",
        # It may be added: an operator with another default subscription cannot know which one it was.
        holds=lambda case: (
            case.old is None
            or not case.observed
            or case.old.subscription_id is None
            or case.spec.subscription_id == case.old.subscription_id
        ),
    ),
    Rule(
        at="",
        field="spec.resourceGroup",
        cel=f"{_NOT_OBSERVED} || self.spec.resourceGroup == oldSelf.spec.resourceGroup",
        message="resourceGroup cannot be changed once the registry exists: it is part of the registry's id. Create a "
        "new object for a registry in another resource group",
        holds=_unchanged(lambda spec: spec.resource_group),
    ),
    Rule(
        at="",
        field="spec.location",
        cel=f"{_NOT_OBSERVED} || self.spec.location.lowerAscii().replace(' ', '') == "
        "oldSelf.spec.location.lowerAscii().replace(' ', '')",
        message="location cannot be changed once the registry exists: Azure cannot move a registry to another region. "
        "Create a new object for a registry there",
        holds=_unchanged(lambda spec: spec.location.lower().replace(" ", "")),
    ),
    Rule(
        at="",
        field="spec.registry.name",
        cel=f"{_NOT_OBSERVED} || self.spec.registry.name == oldSelf.spec.registry.name",
        message="registry.name cannot be changed once the registry exists: Azure cannot rename a registry. Create a "
        "new object for another registry",
        holds=_unchanged(lambda spec: spec.registry.name),
    ),
    Rule(
        at="spec.registry",
        field="spec.registry.policies",
        cel="!has(self.policies) || !has(self.policies.retention) || self.policies.retention || "
        "!has(self.policies.retentionDays)",
        message="policies.retentionDays turns the retention policy on: remove it, or set policies.retention: true",
        holds=lambda case: (
            case.spec.registry.policies is None
            or case.spec.registry.policies.retention is not False
            or case.spec.registry.policies.retention_days is None
        ),
    ),
    Rule(
        at="spec.tags",
        field="spec.tags",
        cel=f"self.all(key, key.matches(r'^{_TAG_KEY}$'))",
        message=r"tag names must have 1 to 512 characters and none of < > % & \ ? /",
        holds=lambda case: all(re.fullmatch(_TAG_KEY, key) for key in case.spec.tags),
    ),
    Rule(
        at="spec.tags",
        field="spec.tags",
        cel=f"self.all(key, key.lowerAscii() != '{api.OWNER_TAG}')",
        message=f"the tag {api.OWNER_TAG} is the operator's own: it identifies the owner of a resource. "
        "Choose another name",
        holds=lambda case: all(key.lower() != api.OWNER_TAG for key in case.spec.tags),
    ),
    Rule(
        at="spec.tags",
        field="spec.tags",
        cel="self.all(name, self.exists_one(other, name.lowerAscii() == other.lowerAscii()))",
        message="tag names must differ in more than upper and lower case: Azure ignores the case of tag names",
        holds=lambda case: len({key.lower() for key in case.spec.tags}) == len(case.spec.tags),
    ),
    Rule(
        at="spec.identity",
        field="spec.identity",
        cel="!(has(self.name) && has(self.resourceId))",
        message="set identity.name (to create an identity) or identity.resourceId (to use an existing one), not both",
        holds=lambda case: not (case.spec.identity.name and case.spec.identity.resource_id),
    ),
    Rule(
        at="spec.vault",
        field="spec.vault",
        cel="has(self.name) != has(self.resourceId)",
        message="set exactly one of vault.name (to create a vault) and vault.resourceId (to use an existing one)",
        holds=lambda case: _is_set(case.spec.vault, "name") != _is_set(case.spec.vault, "resource_id"),
    ),
    Rule(
        at="spec.vault",
        field="spec.vault",
        cel="has(self.name) || !(has(self.sku) || has(self.softDeleteRetentionDays) || has(self.firewall))",
        message="sku, softDeleteRetentionDays and firewall are allowed only with vault.name: a vault referenced by "
        "resourceId is never changed. Remove them",
        holds=lambda case: (
            _is_set(case.spec.vault, "name")
            or not _is_set(case.spec.vault, "sku", "soft_delete_retention_days", "firewall")
        ),
    ),
    Rule(
        at="spec.vault",
        field="spec.vault.softDeleteRetentionDays",
        cel=f"!({_same('name')}) || "
        "self.?softDeleteRetentionDays.orValue(90) == oldSelf.?softDeleteRetentionDays.orValue(90)",
        message="vault.softDeleteRetentionDays cannot be changed (absent means 90): Azure fixes it when the vault is "
        "created. Set another vault.name to get another value",
        holds=_retention_unchanged,
    ),
    Rule(
        at="spec.vault.firewall",
        field="spec.vault.firewall.ipRules",
        cel=f"!has(self.ipRules) || self.ipRules.all(rule, !rule.matches(r'^{_PRIVATE}$'))",
        message="the vault's firewall accepts only public addresses; allow private networks by subnetIds",
        holds=_no_private_addresses,
    ),
    Rule(
        at="spec",
        field="spec.vault.sku",
        cel="self.?key.?type.orValue('RSA') != 'RSA-HSM' || !has(self.vault.name) || "
        "self.vault.?sku.orValue('standard') == 'premium'",
        message="key.type RSA-HSM requires vault.sku: premium (absent means standard)",
        holds=_hsm_is_premium,
    ),
    Rule(
        at="spec.key",
        field="spec.key",
        cel="!has(self.identifier) || !(has(self.name) || has(self.type) || has(self.size) || has(self.rotation))",
        message="key.identifier names an existing key and determines the rotation: remove name, type, size and "
        "rotation, or remove identifier",
        holds=lambda case: (
            not _is_set(case.spec.key, "identifier") or not _is_set(case.spec.key, "name", "type", "size", "rotation")
        ),
    ),
    Rule(
        at="spec",
        field="spec.key.identifier",
        cel="!has(self.key) || !has(self.key.identifier) || has(self.vault.name) == has(self.vault.resourceId) || "
        "(has(self.vault.name) ? '/vaults/' + self.vault.name : self.vault.resourceId).lowerAscii()"
        ".endsWith(self.key.identifier.lowerAscii().split('.')[0].replace('https://', '/vaults/'))",
        message="key.identifier must be a key of the vault that spec.vault names",
        holds=_identifier_in_vault,
    ),
    Rule(
        at="spec.key",
        field="spec.key.identifier",
        cel="!has(self.identifier) || !self.identifier.lowerAscii().contains('.managedhsm.')",
        message="key.identifier is a key of a managed HSM, which is not supported yet: name a key of a key vault",
        holds=lambda case: ".managedhsm." not in (case.spec.key.identifier or "").lower(),
    ),
    Rule(
        at="spec.key.rotation",
        field="spec.key.rotation.version",
        cel="!has(self.version) || (has(self.mode) && self.mode == 'Manual')",
        message="key.rotation.version is allowed only with key.rotation.mode: Manual; automatic rotation uses the "
        "newest version",
        holds=_version_is_manual,
    ),
    Rule(
        at="spec",
        field="spec.key",
        cel="self.?key.?identifier.hasValue() || oldSelf.?key.?identifier.hasValue() || "
        f"!({_same('vault.name')}) || !({_same('vault.resourceId')}) || "
        f"!({_same('key.name', default=DEFAULT_KEY_NAME)}) || "
        f"({_same('key.type', default='RSA')} && "
        "self.?key.?size.orValue(2048) == oldSelf.?key.?size.orValue(2048))",
        message="key.type and key.size cannot be changed (absent means RSA, 2048): Azure fixes them when the key is "
        "created. Set another key.name to move to another key",
        holds=_key_unchanged,
    ),
    Rule(
        at="spec.registry",
        field="spec.registry.policies",
        cel="!has(self.policies) || !has(self.policies.export) || self.policies.export || "
        "(has(self.publicNetworkAccess) && self.publicNetworkAccess == 'Disabled')",
        message="registry.policies.export: false requires registry.publicNetworkAccess: Disabled; Azure allows "
        "that only for registries without public network access",
        holds=_export_off_is_private,
    ),
)
"""All rules, in the order of the CRD."""
