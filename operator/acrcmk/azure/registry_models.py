"""Between the SDK's models of a registry and ours."""

from typing import Any

from azure.mgmt.containerregistry import models

from acrcmk.azure.words import word
from acrcmk.domain.names import ResourceId
from acrcmk.domain.resources import Encryption, Registry, RegistrySettings
from acrcmk.domain.writes import CreateRegistry, UpdateRegistry


def registry(found: models.Registry) -> Registry:
    """Read a registry.

    A creation under way may lack `identity` and show no encryption, or show both before they are true, depending on
    the service's generation (azure-behaviour.md 1.1).
    """
    properties = found.properties or models.RegistryProperties()
    identity = found.identity
    attached = (identity.user_assigned_identities or {}) if identity else {}
    return Registry(
        id=ResourceId.parse(str(found.id)),
        login_server=str(properties.login_server or ""),
        provisioning_state=word(properties.provisioning_state),
        location=str(found.location),
        tags=found.tags or {},
        sku=word(found.sku.name),
        identity_type=word(identity.type) if identity else "",
        identities={ResourceId.parse(one): str(ids.client_id or "") for one, ids in attached.items()},
        encryption=_encryption(properties.encryption),
        settings=_settings(properties),
    )


def create_body(write: CreateRegistry) -> models.Registry:
    """Make the body of the one PUT."""
    stated = _stated(write.settings)
    return models.Registry(
        location=write.location,
        tags=dict(write.tags),
        sku=models.Sku(name="Premium"),
        identity=_identity(write.identity, kind="UserAssigned"),
        properties=models.RegistryProperties(
            encryption=_encryption_body(identifier=str(write.key), client_id=write.client_id), **stated
        ),
    )


def update_body(write: UpdateRegistry) -> models.RegistryUpdateParameters:
    """Make the body of a PATCH with what is stated and nothing else."""
    properties: dict[str, Any] = _stated(write.settings) if write.settings else {}
    if write.key is not None:
        properties["encryption"] = _encryption_body(identifier=str(write.key), client_id=write.client_id)
    body: dict[str, Any] = {}
    if properties:
        body["properties"] = models.RegistryPropertiesUpdateParameters(**properties)
    if write.tags is not None:
        body["tags"] = dict(write.tags)
    if write.identity is not None:
        body["identity"] = _identity(write.identity, kind=write.identity_type or "UserAssigned")
    return models.RegistryUpdateParameters(**body)


def _encryption(found: models.EncryptionProperty | None) -> Encryption:
    if found is None:
        return Encryption(status="disabled")
    key = found.key_vault_properties
    if key is None:
        return Encryption(status=word(found.status))
    return Encryption(
        status=word(found.status),
        identity=key.identity,
        key_identifier=key.key_identifier,
        versioned_key_identifier=key.versioned_key_identifier,
        key_rotation_enabled=key.key_rotation_enabled,
        last_key_rotation=key.last_key_rotation_timestamp,
    )


def _encryption_body(*, identifier: str, client_id: str | None) -> models.EncryptionProperty:
    return models.EncryptionProperty(
        status="enabled",
        key_vault_properties=models.KeyVaultProperties(key_identifier=identifier, identity=client_id),
    )


def _identity(attach: ResourceId, *, kind: str) -> models.IdentityProperties:
    return models.IdentityProperties(type=kind, user_assigned_identities={str(attach): models.UserIdentityProperties()})


def _settings(found: models.RegistryProperties) -> RegistrySettings:
    rules, policies = found.network_rule_set, found.policies or models.Policies()
    retention = policies.retention_policy
    return RegistrySettings(
        admin_user_enabled=found.admin_user_enabled,
        anonymous_pull_enabled=found.anonymous_pull_enabled,
        data_endpoint_enabled=found.data_endpoint_enabled,
        public_network_access=word(found.public_network_access),
        network_rule_bypass=word(found.network_rule_bypass_options),
        network_default_action=word(rules.default_action) if rules else None,
        ip_rules=frozenset(rule.ip_address_or_range for rule in rules.ip_rules or ()) if rules else frozenset(),
        retention_days=retention.days if retention and _on(retention) else None,
        export_enabled=_on(policies.export_policy),
        quarantine_enabled=_on(policies.quarantine_policy),
    )


def _stated(settings: RegistrySettings) -> dict[str, Any]:
    """Return the stated settings under the SDK's names."""
    stated: dict[str, Any] = {
        "admin_user_enabled": settings.admin_user_enabled,
        "anonymous_pull_enabled": settings.anonymous_pull_enabled,
        "data_endpoint_enabled": settings.data_endpoint_enabled,
        "public_network_access": settings.public_network_access,
        "network_rule_bypass_options": settings.network_rule_bypass,
        "network_rule_set": _network_rules(settings),
        "policies": _policies(settings),
    }
    return {name: value for name, value in stated.items() if value is not None}


def _network_rules(settings: RegistrySettings) -> models.NetworkRuleSet | None:
    if settings.network_default_action is None and settings.ip_rules is None:
        return None
    rules = None
    if settings.ip_rules is not None:
        rules = [models.IPRule(action="Allow", ip_address_or_range=one) for one in sorted(settings.ip_rules)]
    return models.NetworkRuleSet(default_action=settings.network_default_action or "Allow", ip_rules=rules)


def _policies(settings: RegistrySettings) -> models.Policies | None:
    stated: dict[str, Any] = {}
    if settings.retention_days is not None:
        stated["retention_policy"] = models.RetentionPolicy(days=settings.retention_days, status="enabled")
    if settings.export_enabled is not None:
        stated["export_policy"] = models.ExportPolicy(status=_switch(on=settings.export_enabled))
    if settings.quarantine_enabled is not None:
        stated["quarantine_policy"] = models.QuarantinePolicy(status=_switch(on=settings.quarantine_enabled))
    return models.Policies(**stated) if stated else None


def _on(policy: Any) -> bool | None:
    return None if policy is None or policy.status is None else word(policy.status).casefold() == "enabled"


def _switch(*, on: bool) -> str:
    return "enabled" if on else "disabled"
