"""Container Registry's checks of customer-managed keys, in its order."""

import dataclasses

from acrcmk_lab.azure.arm import errors, ids
from acrcmk_lab.azure.arm.messages import AzureError, Body
from acrcmk_lab.azure.services.container_registry import models
from acrcmk_lab.azure.services.container_registry.models import Configuration, Encryption, Registry
from acrcmk_lab.azure.services.key_vault import access
from acrcmk_lab.azure.services.key_vault.access import Unreachable
from acrcmk_lab.azure.state.state import State


def error(state: State, error_id: str, *, registry: Registry, **facts: str) -> AzureError:
    """Return an error; a code that is not published is taken from `acr_unsourced_code`."""
    return errors.error(
        error_id,
        unsourced_code=state.settings.acr_unsourced_code,
        name=registry.name,
        sub=ids.subscription_of(registry.id),
        rg=ids.group_of(registry.id),
        **facts,
    )


def check_transition(
    state: State,
    *,
    registry: Registry,
    current: Configuration,
    body: Body,
    replace: bool,
) -> None:
    """Check a change of an existing registry's encryption; AzureError for one that ACR never allows."""
    requested = (body.get("properties") or {}).get("encryption")
    status = str((requested or {}).get("status") or "").lower()
    if current.encryption is None:
        if status == "enabled":
            raise error(state, "ACR_CMK_ENABLE_EXISTING", registry=registry)
        return
    if status == "disabled":
        raise error(state, "ACR_CMK_DISABLE", registry=registry)
    if replace and not requested and state.settings.acr_encryption_omitted == "reject":
        raise error(state, "ACR_CMK_DISABLE", registry=registry)
    key_properties = (requested or {}).get("keyVaultProperties") or {}
    is_complete = bool(key_properties.get("keyIdentifier")) and bool(key_properties.get("identity"))
    if replace and requested and not is_complete and state.settings.acr_full_resubmit == "reject":
        raise error(state, "ACR_FULL_RESUBMIT_ON_CMK", registry=registry)


def resolve(
    state: State,
    *,
    registry: Registry,
    configuration: Configuration,
    body: Body,
    current: Encryption | None,
) -> Encryption | None:
    """Return the encryption after a write; AzureError where ACR rejects the write.

    None if neither the write nor the registry has one.
    """
    requested = (body.get("properties") or {}).get("encryption") or {}
    key_properties = requested.get("keyVaultProperties") or {}
    names_key = bool(key_properties.get("keyIdentifier") or key_properties.get("identity"))
    if str(requested.get("status") or "").lower() != "enabled" or (current and not names_key):
        if current:
            _check_features(state, registry=registry, configuration=configuration)
        return current
    key_identifier, identity = str(key_properties.get("keyIdentifier") or ""), str(key_properties.get("identity") or "")
    principal = _check(state, registry=registry, configuration=configuration, identity=identity)
    reached = access.reach(state, principal=principal, key_identifier=key_identifier)
    if isinstance(reached, Unreachable):
        raise error(state, "ACR_KEY_ACCESS", registry=registry, kid=key_identifier, clientId=identity)
    if not reached.version.kty.startswith("RSA"):
        raise error(state, "ACR_CMK_EC_KEY", registry=registry, kid=key_identifier, kty=reached.version.kty)
    if not reached.vault.purge_protection and state.settings.acr_purge_protection == "reject":
        raise error(state, "ACR_NO_PURGE_PROTECTION", registry=registry, kid=key_identifier)
    return _encryption(
        state, key_identifier=key_identifier, identity=identity, version=reached.version.version, current=current
    )


def _check(state: State, *, registry: Registry, configuration: Configuration, identity: str) -> str:
    """Check SKU, feature conflicts and identity; return the principal that reaches the key."""
    _check_features(state, registry=registry, configuration=configuration)
    principal = configuration.identities.principal(identity)
    if principal is None:
        raise error(state, "ACR_IDENTITY_ACCESS", registry=registry, clientId=identity)
    return principal


def _check_features(state: State, *, registry: Registry, configuration: Configuration) -> None:
    """Check SKU and feature conflicts of a registry with a customer-managed key."""
    if configuration.sku != models.PREMIUM:
        raise error(state, "ACR_CMK_NON_PREMIUM", registry=registry)
    if configuration.properties["policies"]["trustPolicy"].get("status") == "enabled":
        raise error(state, "ACR_FEATURE_BLOCKED_BY_CMK", registry=registry, feature="ContenTrust")


def _encryption(
    state: State,
    *,
    key_identifier: str,
    identity: str,
    version: str,
    current: Encryption | None,
) -> Encryption:
    """Return the new encryption; recorded: `lastKeyRotationTimestamp` is absent until the first change of the key."""
    encryption = Encryption(
        key_identifier=key_identifier,
        versioned=versioned(key_identifier, version=version),
        identity=identity,
        rotated=current.rotated if current else None,
    )
    if current and encryption != current:
        encryption = dataclasses.replace(encryption, rotated=state.clock.now())
    return encryption


def versioned(key_identifier: str, *, version: str) -> str:
    """Return the identifier of one version of a key; a versioned identifier unchanged."""
    bare = key_identifier.rstrip("/")
    return bare if bare.lower().endswith(f"/{version}") else f"{bare}/{version}"
