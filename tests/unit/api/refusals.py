"""Objects that must be refused: data for the tests of the parser and for tests on API servers.

A case starts from `MINIMAL`, merged (as by `kubectl patch --type merge`) with `before`, which is accepted; `change` is
merged into that and refused, on creation when `before` is None, else as an update. `expected` is part of the message of
the API server; `parser_message` is part of that of the parser where the two differ.
"""

import copy
import dataclasses
from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]

MINIMAL: Json = {
    "apiVersion": "acrcmk.dev/v1alpha1",
    "kind": "EncryptedRegistry",
    "metadata": {"name": "demo", "namespace": "default"},
    "spec": {
        "resourceGroup": "rg-demo",
        "location": "westeurope",
        "vault": {"name": "kv-acrcmk-demo"},
        "registry": {"name": "acrcmkdemo"},
    },
}

SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
OTHER_SUBSCRIPTION = "11111111-0000-0000-0000-000000000000"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-shared"
IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-shared"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv-shared"
KEY = "https://kv-acrcmk-demo.vault.azure.net/keys/registries"
VERSION = "0123456789abcdef0123456789abcdef"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Refusal:
    """A case; `field` is the path in the message."""

    case: str
    change: Json
    field: str
    expected: str
    parser_message: str | None = None
    before: Json | None = None

    @property
    def accepted(self) -> Json | None:
        """The object before the change; None for a creation."""
        return None if self.before is None else merged(MINIMAL, self.before)

    @property
    def refused(self) -> Json:
        """The object that must be refused."""
        return merged(self.accepted or MINIMAL, self.change)


def merged(document: Mapping[str, Any], patch: Mapping[str, Any]) -> Json:
    """Apply a JSON merge patch (RFC 7386) and return the result."""
    result = copy.deepcopy(dict(document))
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping):
            result[key] = merged(result.get(key) or {}, value)
        else:
            result[key] = value
    return result


def _created(case: str, spec: Json, *, field: str, expected: str, parser_message: str | None = None) -> Refusal:
    return Refusal(case=case, change={"spec": spec}, field=field, expected=expected, parser_message=parser_message)


OBSERVED: Json = {"registry": {"firstObserved": "2026-11-23T12:00:00Z"}}
"""The status of an object whose registry was seen to exist."""


def _updated(case: str, before: Json, spec: Json, *, field: str, expected: str) -> Refusal:
    stored = {"spec": before, "status": OBSERVED}
    return Refusal(case=case, before=stored, change={"spec": spec}, field=field, expected=expected)


SCHEMA = (
    _created(
        "no resource group",
        {"resourceGroup": None},
        field="spec.resourceGroup",
        expected="Required value",
        parser_message="is required",
    ),
    _created(
        "no location",
        {"location": None},
        field="spec.location",
        expected="Required value",
        parser_message="is required",
    ),
    _created("no vault", {"vault": None}, field="spec.vault", expected="Required value", parser_message="is required"),
    _created(
        "no registry name",
        {"registry": {"name": None}},
        field="spec.registry.name",
        expected="Required value",
        parser_message="is required",
    ),
    _created(
        "a text for a boolean",
        {"createResourceGroup": "yes"},
        field="spec.createResourceGroup",
        expected="must be of type boolean",
        parser_message="must be a valid boolean",
    ),
    _created(
        "an unknown vault tier",
        {"vault": {"sku": "gold"}},
        field="spec.vault.sku",
        expected='supported values: "standard", "premium"',
        parser_message="must be 'standard' or 'premium'",
    ),
    _created(
        "an unknown access mode",
        {"vault": {"access": "Rbac"}},
        field="spec.vault.access",
        expected='supported values: "RBAC", "AccessPolicy"',
        parser_message="must be 'RBAC' or 'AccessPolicy'",
    ),
    _created(
        "an EC key",
        {"key": {"type": "EC"}},
        field="spec.key.type",
        expected='supported values: "RSA", "RSA-HSM"',
        parser_message="must be 'RSA' or 'RSA-HSM'",
    ),
    _created(
        "a key too short",
        {"key": {"size": 1024}},
        field="spec.key.size",
        expected='supported values: "2048", "3072", "4096"',
        parser_message="must be 2048, 3072 or 4096",
    ),
    _created(
        "a retention too short",
        {"vault": {"softDeleteRetentionDays": 6}},
        field="spec.vault.softDeleteRetentionDays",
        expected="should be greater than or equal to 7",
        parser_message="must be greater than or equal to 7",
    ),
    _created(
        "untagged manifests kept too long",
        {"registry": {"policies": {"retentionDays": 366}}},
        field="spec.registry.policies.retentionDays",
        expected="should be less than or equal to 365",
        parser_message="must be less than or equal to 365",
    ),
    _created(
        "network rules without a default action",
        {"registry": {"networkRules": {"ipRules": ["203.0.113.0/24"]}}},
        field="spec.registry.networkRules.defaultAction",
        expected="Required value",
        parser_message="is required",
    ),
    _created(
        "more tags than Azure allows",
        {"tags": {f"tag-{number}": "x" for number in range(50)}},
        field="spec.tags",
        expected="must have at most 49 items",
        parser_message="should have at most 49 items",
    ),
    _created(
        "a tag value too long",
        {"tags": {"note": "x" * 257}},
        field="spec.tags.note",
        expected="may not be more than 256",
        parser_message="at most 256 characters",
    ),
)

FORMATS = (
    _created(
        "a subscription by its name",
        {"subscriptionId": "production"},
        field="spec.subscriptionId",
        expected="must be a subscription id",
    ),
    _created(
        "a resource group that ends with a period",
        {"resourceGroup": "rg."},
        field="spec.resourceGroup",
        expected="must be 1 to 90 letters",
    ),
    _created(
        "a location with punctuation",
        {"location": "west-europe"},
        field="spec.location",
        expected="must be an Azure region",
    ),
    _created(
        "an identity name too short",
        {"identity": {"name": "id"}},
        field="spec.identity.name",
        expected="must be 3 to 128 letters",
    ),
    _created(
        "an identity id of another type",
        {"identity": {"resourceId": VAULT}},
        field="spec.identity.resourceId",
        expected="Microsoft.ManagedIdentity/userAssignedIdentities/<name>",
    ),
    _created(
        "a vault name with two hyphens in a row",
        {"vault": {"name": "kv--demo"}},
        field="spec.vault.name",
        expected="must be 3 to 24 letters, digits and single hyphens",
    ),
    _created(
        "a vault id that is a name",
        {"vault": {"name": None, "resourceId": "kv-shared"}},
        field="spec.vault.resourceId",
        expected="Microsoft.KeyVault/vaults/<name>",
    ),
    _created(
        "a firewall rule that is not an address",
        {"vault": {"firewall": {"ipRules": ["203.0.113.256"]}}},
        field="spec.vault.firewall.ipRules[0]",
        expected="must be an IPv4 address or range",
    ),
    _created(
        "a subnet by its name",
        {"vault": {"firewall": {"subnetIds": ["default"]}}},
        field="spec.vault.firewall.subnetIds[0]",
        expected="Microsoft.Network/virtualNetworks/<network>/subnets/<subnet>",
    ),
    _created(
        "a key name with an underscore",
        {"key": {"name": "acr_cmk"}},
        field="spec.key.name",
        expected="must be 1 to 127 letters, digits and hyphens",
    ),
    _created(
        "a key identifier without scheme",
        {"key": {"identifier": "kv-acrcmk-demo.vault.azure.net/keys/registries"}},
        field="spec.key.identifier",
        expected="must be a key identifier like https://",
    ),
    _created(
        "a key version too short",
        {"key": {"rotation": {"mode": "Manual", "version": VERSION[:31]}}},
        field="spec.key.rotation.version",
        expected="must be a key version: 32 hexadecimal digits",
    ),
    _created(
        "a registry name with a hyphen",
        {"registry": {"name": "acrcmk-demo"}},
        field="spec.registry.name",
        expected="must be 5 to 50 letters and digits",
    ),
    _created(
        "an IPv6 network rule",
        {"registry": {"networkRules": {"defaultAction": "Deny", "ipRules": ["2001:db8::/32"]}}},
        field="spec.registry.networkRules.ipRules[0]",
        expected="must be an IPv4 address or range",
    ),
)

ACROSS_FIELDS = (
    _created(
        "retention off, with days",
        {"registry": {"policies": {"retention": False, "retentionDays": 7}}},
        field="spec.registry.policies",
        expected="policies.retentionDays turns the retention policy on",
    ),
    _created(
        "a key of a managed HSM",
        {
            "vault": {"name": "hsm-shared"},
            "key": {"identifier": "https://hsm-shared.managedhsm.azure.net/keys/registries"},
        },
        field="spec.key.identifier",
        expected="key.identifier is a key of a managed HSM",
    ),
    Refusal(
        case="an object name with a period",
        change={"metadata": {"name": "demo.v1"}},
        field="",
        expected="metadata.name must be at most 63 lower-case letters, digits and hyphens",
    ),
    _created(
        "a tag name with a slash",
        {"tags": {"team/app": "x"}},
        field="spec.tags",
        expected="tag names must have 1 to 512 characters and none of",
    ),
    _created(
        "the operator's own tag",
        {"tags": {"ACRCMK-Owner": "me"}},
        field="spec.tags",
        expected="the tag acrcmk-owner is the operator's own",
    ),
    _created(
        "tag names that differ in case only",
        {"tags": {"team": "a", "Team": "b"}},
        field="spec.tags",
        expected="tag names must differ in more than upper and lower case",
    ),
    _created(
        "an identity by name and by id",
        {"identity": {"name": "id-demo", "resourceId": IDENTITY}},
        field="spec.identity",
        expected="set identity.name (to create an identity) or identity.resourceId (to use an existing one), not both",
    ),
    _created(
        "a vault by name and by id",
        {"vault": {"resourceId": VAULT}},
        field="spec.vault",
        expected="set exactly one of vault.name",
    ),
    _created(
        "a vault by neither name nor id",
        {"vault": {"name": None}},
        field="spec.vault",
        expected="set exactly one of vault.name",
    ),
    _created(
        "a tier for a referenced vault",
        {"vault": {"name": None, "resourceId": VAULT, "sku": "premium"}},
        field="spec.vault",
        expected="sku, softDeleteRetentionDays and firewall are allowed only with vault.name",
    ),
    _created(
        "a private address in the vault's firewall",
        {"vault": {"firewall": {"ipRules": ["10.1.0.0/16"]}}},
        field="spec.vault.firewall.ipRules",
        expected="the vault's firewall accepts only public addresses",
    ),
    _created(
        "an HSM key in a standard vault",
        {"key": {"type": "RSA-HSM"}},
        field="spec.vault.sku",
        expected="key.type RSA-HSM requires vault.sku: premium",
    ),
    _created(
        "a key by name and by identifier",
        {"key": {"name": "registries", "identifier": KEY}},
        field="spec.key",
        expected="key.identifier names an existing key and determines the rotation",
    ),
    _created(
        "a rotation mode beside an identifier",
        {"key": {"rotation": {"mode": "Manual"}, "identifier": KEY}},
        field="spec.key",
        expected="key.identifier names an existing key and determines the rotation",
    ),
    _created(
        "a key of another vault than the named one",
        {"key": {"identifier": "https://kv-other.vault.azure.net/keys/registries"}},
        field="spec.key.identifier",
        expected="key.identifier must be a key of the vault that spec.vault names",
    ),
    _created(
        "a key of another vault than the referenced one",
        {"vault": {"name": None, "resourceId": VAULT}, "key": {"identifier": KEY}},
        field="spec.key.identifier",
        expected="key.identifier must be a key of the vault that spec.vault names",
    ),
    _created(
        "a version with automatic rotation",
        {"key": {"rotation": {"version": VERSION}}},
        field="spec.key.rotation.version",
        expected="key.rotation.version is allowed only with key.rotation.mode: Manual",
    ),
    _created(
        "exports forbidden on a public registry",
        {"registry": {"policies": {"export": False}}},
        field="spec.registry.policies",
        expected="registry.policies.export: false requires registry.publicNetworkAccess: Disabled",
    ),
)

CHANGES = (
    _updated(
        "another subscription",
        {"subscriptionId": SUBSCRIPTION},
        {"subscriptionId": OTHER_SUBSCRIPTION},
        field="spec.subscriptionId",
        expected="subscriptionId cannot be changed or removed",
    ),
    _updated(
        "a subscription removed",
        {"subscriptionId": SUBSCRIPTION},
        {"subscriptionId": None},
        field="spec.subscriptionId",
        expected="subscriptionId cannot be changed or removed",
    ),
    _updated(
        "another resource group",
        {},
        {"resourceGroup": "rg-other"},
        field="spec.resourceGroup",
        expected="resourceGroup cannot be changed",
    ),
    _updated(
        "another location",
        {},
        {"location": "northeurope"},
        field="spec.location",
        expected="location cannot be changed once the registry exists",
    ),
    _updated(
        "another registry name",
        {},
        {"registry": {"name": "acrcmkother"}},
        field="spec.registry.name",
        expected="registry.name cannot be changed once the registry exists",
    ),
    _updated(
        "another retention of the same vault",
        {},
        {"vault": {"softDeleteRetentionDays": 30}},
        field="spec.vault.softDeleteRetentionDays",
        expected="vault.softDeleteRetentionDays cannot be changed (absent means 90)",
    ),
    _updated(
        "another size of the same key",
        {"key": {"size": 2048}},
        {"key": {"size": 4096}},
        field="spec.key",
        expected="key.type and key.size cannot be changed (absent means RSA, 2048)",
    ),
    _updated(
        "another type of the same key",
        {"vault": {"sku": "premium"}},
        {"key": {"type": "RSA-HSM"}},
        field="spec.key",
        expected="key.type and key.size cannot be changed (absent means RSA, 2048)",
    ),
)

REFUSALS = (*SCHEMA, *FORMATS, *ACROSS_FIELDS, *CHANGES)

CORRECTIONS: tuple[tuple[str, Json], ...] = (
    ("another subscription", {"subscriptionId": OTHER_SUBSCRIPTION}),
    ("another resource group", {"resourceGroup": "rg-other"}),
    ("another location", {"location": "northeurope"}),
    ("another registry name", {"registry": {"name": "acrcmkother"}}),
)
"""Updates that are accepted until the registry was seen to exist."""

ALLOWED_CHANGES: tuple[tuple[str, Json, Json], ...] = (
    ("a subscription stated afterwards", {}, {"subscriptionId": SUBSCRIPTION}),
    ("the same location in another spelling", {}, {"location": "West Europe"}),
    ("defaults written out", {}, {"vault": {"softDeleteRetentionDays": 90}, "key": {"type": "RSA", "size": 2048}}),
    ("a key of another size under another name", {}, {"key": {"name": "acr-cmk-2", "size": 4096}}),
    ("another vault with another retention", {}, {"vault": {"name": "kv-other", "softDeleteRetentionDays": 30}}),
    ("a created vault replaced by a referenced one", {}, {"vault": {"name": None, "resourceId": VAULT}}),
    ("a created identity replaced by a referenced one", {}, {"identity": {"resourceId": IDENTITY}}),
    ("a named key replaced by an identifier", {"key": {"size": 4096}}, {"key": {"size": None, "identifier": KEY}}),
    ("from automatic to manual rotation", {}, {"key": {"rotation": {"mode": "Manual", "version": VERSION}}}),
    (
        "exports forbidden on a private registry",
        {},
        {"registry": {"publicNetworkAccess": "Disabled", "policies": {"export": False}}},
    ),
)
"""Updates that must be accepted: what it is, the object before, the change."""
