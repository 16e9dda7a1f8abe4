"""A container registry as the lab keeps it, and its body in each api-version, in recorded order."""

import copy
import dataclasses
import datetime
from collections.abc import Collection
from typing import Any

from acrcmk_lab.azure.arm import errors, timestamps
from acrcmk_lab.azure.arm.messages import Body
from acrcmk_lab.azure.arm.operations import Call
from acrcmk_lab.azure.services.key_vault import models
from acrcmk_lab.azure.services.managed_identity.models import Identity
from acrcmk_lab.azure.state.clock import Clock
from acrcmk_lab.azure.state.state import State
from acrcmk_lab.azure.state.store import Resource

NAMESPACE = "Microsoft.ContainerRegistry"
TYPE = f"{NAMESPACE}/registries"
PREMIUM = "Premium"
SKUS = ("Basic", "Standard", PREMIUM)
SYSTEM = "system"

_DEFAULTS: Body = {
    "adminUserEnabled": False,
    "networkRuleSet": {"defaultAction": "Allow", "ipRules": []},
    "policies": {
        "quarantinePolicy": {"status": "disabled"},
        "trustPolicy": {"type": "Notary", "status": "disabled"},
        "retentionPolicy": {"days": 7, "status": "disabled"},
        "exportPolicy": {"status": "enabled"},
        "azureADAuthenticationAsArmPolicy": {"status": "enabled"},
        "softDeletePolicy": {"retentionDays": 7, "status": "disabled"},
    },
    "dataEndpointEnabled": False,
    "zoneRedundancy": "Disabled",
    "publicNetworkAccess": "Enabled",
    "networkRuleBypassOptions": "AzureServices",
    "anonymousPullEnabled": False,
    "metadataSearch": "Disabled",
}
_FIRST_VERSIONS: dict[str, tuple[str, str]] = {
    "identity": ("2019-12-01", "2021-09-01"),
    "systemData": ("2019-12-01", "2021-09-01"),
    "encryption": ("2019-12-01", "2021-09-01"),
    "dataEndpointEnabled": ("2019-12-01", "2021-09-01"),
    "dataEndpointHostNames": ("2019-12-01", "2021-09-01"),
    "privateEndpointConnections": ("2019-12-01", "2021-09-01"),
    "publicNetworkAccess": ("2019-12-01", "2021-09-01"),
    "networkRuleBypassOptions": ("2020-11-01", "2020-11-01"),
    "zoneRedundancy": ("2020-11-01", "2020-11-01"),
    "anonymousPullEnabled": ("2020-11-01", "2023-07-01"),
    "metadataSearch": ("2023-11-01", "9999"),
    "networkRuleBypassAllowedForTasks": ("2025-06-01", "2025-11-01"),
    "roleAssignmentMode": ("2024-11-01", "2025-11-01"),
    "exportPolicy": ("2021-06-01", "2021-06-01"),
    "azureADAuthenticationAsArmPolicy": ("2022-02-01", "2023-07-01"),
    "softDeletePolicy": ("2022-02-01", "2023-07-01"),
    "keyRotationEnabled": ("2020-11-01", "2020-11-01"),
    "lastKeyRotationTimestamp": ("2020-11-01", "2020-11-01"),
}
"""Recorded: the first version that shows a member; `preview` members never show in stable versions before the
second one."""
_ANONYMOUS_PULL_FROM = datetime.datetime(2021, 2, 1, tzinfo=datetime.UTC)
"""Recorded: added to an existing api-version between 2020-12-22 and 2021-04-21."""
_SOFT_DELETE_IN_STABLE_UNTIL = datetime.datetime(2025, 7, 1, tzinfo=datetime.UTC)
"""Recorded: stable api-versions showed `softDeletePolicy` on 2024-11-01 and did not on 2026-08-11."""
_VNET_RULES_UNTIL = "2021-08-01-preview"
"""Recorded: later api-versions neither show nor change the rules of virtual networks."""
_WITH_UPDATE_TIME = ("retentionPolicy", "softDeletePolicy")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class AttachedIdentity:
    """A user-assigned identity on a registry, with the ids it had when it was attached."""

    id: str
    principal_id: str
    client_id: str

    @classmethod
    def from_identity(cls, identity: Identity) -> "AttachedIdentity":
        return cls(id=identity.id, principal_id=identity.principal_id, client_id=identity.client_id)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Identities:
    """A registry's `identity`: user-assigned ones by lower-case id, and maybe its own."""

    users: dict[str, AttachedIdentity] = dataclasses.field(default_factory=dict)
    system_principal: str | None = None

    def principal(self, reference: str) -> str | None:
        """Return the principal behind `keyVaultProperties.identity`: a client id, or `system`."""
        if reference.lower() == SYSTEM:
            return self.system_principal
        return next((a.principal_id for a in self.users.values() if a.client_id.lower() == reference.lower()), None)

    def body(self, *, tenant_id: str) -> Body | None:
        """Recorded: the type in lower camel case, ids with `/resourcegroups/`; None without any."""
        kinds = [*(["systemAssigned"] if self.system_principal else []), *(["userAssigned"] if self.users else [])]
        if not kinds:
            return None
        body: Body = {"type": ", ".join(kinds)}
        if self.system_principal:
            body |= {"principalId": self.system_principal, "tenantId": tenant_id}
        if self.users:
            body["userAssignedIdentities"] = {
                a.id: {"principalId": a.principal_id, "clientId": a.client_id} for a in self.users.values()
            }
        return body


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Encryption:
    """A customer-managed key in use; `rotated` is the simulated time of the last rotation."""

    key_identifier: str
    versioned: str
    identity: str
    rotated: float | None = None

    @property
    def automatic(self) -> bool:
        """Whether the registry follows new key versions: an unversioned identifier."""
        uri = models.parse_uri(self.key_identifier)
        return uri is not None and not uri.version


@dataclasses.dataclass(frozen=True, kw_only=True)
class Configuration:
    """The part of a registry that writes change; each write makes a new value."""

    sku: str
    tags: dict[str, str]
    properties: Body
    identities: Identities = dataclasses.field(default_factory=Identities)
    encryption: Encryption | None = None


@dataclasses.dataclass(kw_only=True)
class Registry(Resource):
    """A registry; `pending` is its configuration once the running operation ends, at `pending_until`.

    `is_created` once a write succeeded: until then a PUT tries to create it again.
    """

    TYPE = TYPE
    LISTED_AUTHORS = True

    configuration: Configuration
    tenant_id: str
    pending: Configuration | None = None
    provisioning: str = "Succeeded"
    is_created: bool = False
    pending_until: float = 0.0
    passwords: dict[str, str] = dataclasses.field(default_factory=dict)

    def apply(self, configuration: Configuration) -> None:
        """Make a configuration the registry's current one."""
        self.configuration, self.tags = configuration, configuration.tags
        self.provisioning, self.is_created = "Succeeded", True

    def identities(self) -> Collection[str]:
        return self.configuration.identities.users.keys()

    def listed(self) -> dict[str, Any]:
        """Recorded: the generic list has the identity's type in upper camel case."""
        listed_members: dict[str, Any] = {"sku": {"name": self.configuration.sku, "tier": self.configuration.sku}}
        identity = self.configuration.identities.body(tenant_id=self.tenant_id)
        if identity:
            kinds = [kind[:1].upper() + kind[1:] for kind in identity["type"].split(", ")]
            listed_members["identity"] = {**identity, "type": ", ".join(kinds)}
        return listed_members


def get_registry(state: State, call: Call) -> Registry:
    """Return the registry of a path; AzureError if it does not exist."""
    scope, name = call.route.scope, call.names[0]
    registry = state.store.get(Registry, f"{scope}/providers/{TYPE}/{name}")
    if registry is None:
        raise errors.error(
            "ARM_RESOURCE_NOT_FOUND", provider=NAMESPACE, type="registries", name=name, rg=call.route.group
        )
    return registry


def new_configuration(body: Body) -> Configuration:
    """Return the configuration of a create: Azure's defaults, overlaid with the body."""
    blank = Configuration(sku="", tags={}, properties=copy.deepcopy(_DEFAULTS))
    return overlay(blank, body=body)


def overlay(configuration: Configuration, *, body: Body) -> Configuration:
    """Return a configuration overlaid with the SKU, tags and plain properties of a body."""
    properties = copy.deepcopy(configuration.properties)
    requested = body.get("properties") or {}
    for name in (*_DEFAULTS, "networkRuleBypassAllowedForTasks", "roleAssignmentMode"):
        value = requested.get(name)
        if name == "policies" and value:
            for policy, requested_policy in value.items():
                properties["policies"].setdefault(policy, {}).update(requested_policy or {})
        elif name == "networkRuleSet" and value:
            properties[name] = {**properties[name], **_network_rules(value)}
        elif value is not None:
            properties[name] = value
    return dataclasses.replace(
        configuration,
        sku=(body.get("sku") or {}).get("name") or configuration.sku,
        tags=dict(body["tags"] or {}) if "tags" in body else configuration.tags,
        properties=properties,
    )


def _network_rules(requested: Body) -> Body:
    """Return the rules in a request; recorded: `Allow` is the action of a rule without one."""
    rules = {name: value for name, value in requested.items() if value is not None}
    for name in ("virtualNetworkRules", "ipRules"):
        if name in rules:
            rules[name] = [{"action": "Allow", **rule} for rule in rules[name]]
    return rules


def shows(member: str, *, version: str) -> bool:
    """Tell whether an api-version shows a member."""
    first_versions = _FIRST_VERSIONS.get(member)
    return first_versions is None or version[:10] >= first_versions[0 if "preview" in version else 1]


def body_of(
    registry: Registry,
    configuration: Configuration,
    *,
    version: str,
    time: Clock,
    tenant_id: str,
    domain: str,
    regions: Collection[str],
) -> Body:
    """Return a registry's body with a configuration of it; `regions` are those of the registry and its replications."""
    shown_identity = configuration.identities.body(tenant_id=tenant_id)
    authors = registry.system_data(lambda at: timestamps.offset(time.utc(at)))
    return {
        "sku": {"name": configuration.sku, "tier": configuration.sku},
        "type": TYPE,
        **({"identity": shown_identity} if shown_identity and shows("identity", version=version) else {}),
        "id": registry.id,
        "name": registry.name,
        "location": registry.location,
        "tags": configuration.tags,
        **({"systemData": authors} if shows("systemData", version=version) else {}),
        "properties": {
            "loginServer": f"{registry.name.lower()}.{domain}",
            "creationDate": timestamps.zulu(time.utc(registry.created)),
            "provisioningState": registry.provisioning,
            **_properties(registry, configuration, version=version, time=time, domain=domain, regions=regions),
        },
    }


def _properties(
    registry: Registry,
    configuration: Configuration,
    *,
    version: str,
    time: Clock,
    domain: str,
    regions: Collection[str],
) -> Body:
    properties = configuration.properties
    rules = dict(properties["networkRuleSet"])
    network_rules = rules.pop("virtualNetworkRules", [])
    if version <= _VNET_RULES_UNTIL:
        ip_rules = rules["ipRules"]
        rules = {"defaultAction": rules["defaultAction"], "virtualNetworkRules": network_rules, "ipRules": ip_rules}
    last_updated = {"lastUpdatedTime": timestamps.offset(time.utc(registry.modified))}
    policies = {
        name: _stamped(policy, last_updated) if name in _WITH_UPDATE_TIME else policy
        for name, policy in properties["policies"].items()
        if shows(name, version=version)
    }
    if "preview" not in version and time.utc() >= _SOFT_DELETE_IN_STABLE_UNTIL:
        policies.pop("softDeletePolicy", None)
    hosts = [f"{registry.name.lower()}.{region}.data.{domain}" for region in sorted(regions)]
    body: Body = {
        "adminUserEnabled": properties["adminUserEnabled"],
        **({"networkRuleSet": rules} if configuration.sku == PREMIUM else {}),
        "policies": policies,
        "encryption": _encryption(configuration.encryption, version=version, time=time),
        "dataEndpointEnabled": properties["dataEndpointEnabled"],
        "dataEndpointHostNames": hosts if properties["dataEndpointEnabled"] else [],
        "privateEndpointConnections": [],
        "publicNetworkAccess": properties["publicNetworkAccess"],
        "networkRuleBypassOptions": properties["networkRuleBypassOptions"],
        # Recorded: as requested, though documented to have no meaning any more.
        "zoneRedundancy": properties["zoneRedundancy"],
        "anonymousPullEnabled": properties["anonymousPullEnabled"],
        "metadataSearch": properties["metadataSearch"],
        **{k: properties[k] for k in ("networkRuleBypassAllowedForTasks", "roleAssignmentMode") if k in properties},
    }
    if time.utc() < _ANONYMOUS_PULL_FROM:
        del body["anonymousPullEnabled"]
    return {name: value for name, value in body.items() if shows(name, version=version)}


def _stamped(policy: Body, last_updated: Body) -> Body:
    """Recorded: the time of the last update stands before the status."""
    members = {name: value for name, value in policy.items() if name not in ("status", "lastUpdatedTime")}
    return {**members, **last_updated, "status": policy["status"]}


def _encryption(encryption: Encryption | None, *, version: str, time: Clock) -> Body:
    if encryption is None:
        return {"status": "disabled"}
    key_properties: Body = {
        "keyIdentifier": encryption.key_identifier,
        "versionedKeyIdentifier": encryption.versioned,
        "identity": encryption.identity,
        "keyRotationEnabled": encryption.automatic,
    }
    if encryption.rotated is not None:
        key_properties["lastKeyRotationTimestamp"] = timestamps.offset(time.utc(encryption.rotated))
    return {
        "status": "enabled",
        "keyVaultProperties": {k: v for k, v in key_properties.items() if shows(k, version=version)},
    }
