"""Conversion between the SDK's models of a registry and the domain's."""

from typing import Any

from azure.mgmt.containerregistry import models

from acrcmk.azure.service import enum_text
from acrcmk.domain.ids import ResourceId
from acrcmk.domain.resources import Encryption, Registry, RegistrySettings
from acrcmk.domain.writes import CreateRegistry, UpdateRegistry


def registry(model: models.Registry) -> Registry:
    """Return a registry from the SDK's model.

    While a registry is being created its model may lack `identity` and `encryption`, or show both before they are
    true, depending on the generation of the service (azure-behaviour.md 1.1).
    """
    properties = model.properties or models.RegistryProperties()
    identity = model.identity
    attached = (identity.user_assigned_identities or {}) if identity else {}
    return Registry(
        id=ResourceId.parse(str(model.id)),
        login_server=str(properties.login_server or ""),
        provisioning_state=enum_text(properties.provisioning_state),
        location=str(model.location),
        tags=model.tags or {},
        sku=enum_text(model.sku.name),
        identity_type=enum_text(identity.type) if identity else "",
        identities={ResourceId.parse(id_): str(identity.client_id or "") for id_, identity in attached.items()},
        encryption=_encryption(properties.encryption),
        settings=_settings(properties),
    )


def create_body(write: CreateRegistry) -> models.Registry:
    """Return the body of the PUT."""
    specified = _specified(write.settings)
    return models.Registry(
        location=write.location,
        tags=dict(write.tags),
        sku=models.Sku(name="Premium"),
        identity=_identity(write.identity, kind="UserAssigned"),
        properties=models.RegistryProperties(
            encryption=_encryption_body(identifier=str(write.key), client_id=write.client_id), **specified
        ),
    )


def update_body(write: UpdateRegistry) -> models.RegistryUpdateParameters:
    """Return the body of a PATCH with what the write specifies and nothing else."""
    properties: dict[str, Any] = _specified(write.settings) if write.settings else {}
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


def _encryption(model: models.EncryptionProperty | None) -> Encryption:
    if model is None:
        return Encryption(status="disabled")
    key = model.key_vault_properties
    if key is None:
        return Encryption(status=enum_text(model.status))
    return Encryption(
        status=enum_text(model.status),
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


def _identity(id_: ResourceId, *, kind: str) -> models.IdentityProperties:
    return models.IdentityProperties(type=kind, user_assigned_identities={str(id_): models.UserIdentityProperties()})


def _settings(model: models.RegistryProperties) -> RegistrySettings:
    rules, policies = model.network_rule_set, model.policies or models.Policies()
    retention = policies.retention_policy
    return RegistrySettings(
        admin_user_enabled=model.admin_user_enabled,
        anonymous_pull_enabled=model.anonymous_pull_enabled,
        data_endpoint_enabled=model.data_endpoint_enabled,
        public_network_access=enum_text(model.public_network_access),
        network_rule_bypass=enum_text(model.network_rule_bypass_options),
        network_default_action=enum_text(rules.default_action) if rules else None,
        ip_rules=frozenset(rule.ip_address_or_range for rule in rules.ip_rules or ()) if rules else frozenset(),
        retention_enabled=_is_enabled(retention),
        retention_days=retention.days if retention and _is_enabled(retention) else None,
        export_enabled=_is_enabled(policies.export_policy),
        quarantine_enabled=_is_enabled(policies.quarantine_policy),
    )


def _specified(settings: RegistrySettings) -> dict[str, Any]:
    """Return the settings that are not None, by the SDK's names."""
    values: dict[str, Any] = {
        "admin_user_enabled": settings.admin_user_enabled,
        "anonymous_pull_enabled": settings.anonymous_pull_enabled,
        "data_endpoint_enabled": settings.data_endpoint_enabled,
        "public_network_access": settings.public_network_access,
        "network_rule_bypass_options": settings.network_rule_bypass,
        "network_rule_set": _network_rules(settings),
        "policies": _policies(settings),
    }
    return {name: value for name, value in values.items() if value is not None}


def _network_rules(settings: RegistrySettings) -> models.NetworkRuleSet | None:
    if settings.network_default_action is None and settings.ip_rules is None:
        return None
    rules = None
    if settings.ip_rules is not None:
        rules = [models.IPRule(action="Allow", ip_address_or_range=rule) for rule in sorted(settings.ip_rules)]
    return models.NetworkRuleSet(default_action=settings.network_default_action or "Allow", ip_rules=rules)


def _policies(settings: RegistrySettings) -> models.Policies | None:
    policies: dict[str, Any] = {}
    if settings.retention_enabled is not None:
        policies["retention_policy"] = models.RetentionPolicy(
            days=settings.retention_days, status=_status(enabled=settings.retention_enabled)
        )
    if settings.export_enabled is not None:
        policies["export_policy"] = models.ExportPolicy(status=_status(enabled=settings.export_enabled))
    if settings.quarantine_enabled is not None:
        policies["quarantine_policy"] = models.QuarantinePolicy(status=_status(enabled=settings.quarantine_enabled))
    return models.Policies(**policies) if policies else None


def _is_enabled(policy: Any) -> bool | None:
    return None if policy is None or policy.status is None else enum_text(policy.status).casefold() == "enabled"


def _status(*, enabled: bool) -> str:
    return "enabled" if enabled else "disabled"
