"""Access of a principal to a key as Container Registry has it: as a trusted Microsoft service.

ACR reports one text for every cause [I]; the cause is for debugging the lab.
"""

import dataclasses
from typing import cast

from acrcmk_lab.azure.services.key_vault import models
from acrcmk_lab.azure.services.key_vault.models import Key, KeyVersion, Vault
from acrcmk_lab.azure.state.state import State

DATA_ACTIONS = tuple(f"Microsoft.KeyVault/vaults/keys/{action}" for action in ("read", "wrap/action", "unwrap/action"))
PERMISSIONS = ("get", "wrapkey", "unwrapkey")
KEY_OPERATIONS = ("wrapKey", "unwrapKey")
"""The operations that a key must permit, whoever made it: a registry wraps its data keys with it [D]."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Reached:
    """The vault, key and version behind an identifier, with access to get, wrap and unwrap."""

    vault: Vault
    key: Key
    version: KeyVersion


@dataclasses.dataclass(frozen=True, slots=True)
class Unreachable:
    """Why a key cannot be used, and since which simulated time at the latest."""

    cause: str
    _: dataclasses.KW_ONLY
    since: float = 0.0


def reach(state: State, *, principal: str, key_identifier: str) -> Reached | Unreachable:
    """Return the key of an identifier if `principal` may use it; unversioned means the newest usable version."""
    located = locate(state, key_identifier=key_identifier)
    if isinstance(located, Unreachable):
        return located
    if not located.version.usable(state.clock.utc().timestamp()):
        return Unreachable("the version is disabled, expired or not valid yet", since=_updated(state, located.version))
    # Of another type of key the registry says that it is not supported, whatever the key permits.
    if located.version.kty.startswith("RSA") and not set(KEY_OPERATIONS) <= set(located.version.operations):
        return Unreachable("the key does not permit wrapKey and unwrapKey", since=_updated(state, located.version))
    return _check_access(state, located, principal=principal)


def unwrap(state: State, *, principal: str, versioned_identifier: str) -> Reached | Unreachable:
    """Return a key version if `principal` may unwrap with it: expired ones work [D], disabled ones do not [I]."""
    located = locate(state, key_identifier=versioned_identifier)
    if isinstance(located, Unreachable):
        return located
    if not located.version.enabled:
        return Unreachable("the version is disabled", since=_updated(state, located.version))
    if "unwrapKey" not in located.version.operations:
        return Unreachable("the key does not permit unwrapKey", since=_updated(state, located.version))
    return _check_access(state, located, principal=principal)


def locate(state: State, *, key_identifier: str) -> Reached | Unreachable:
    """Return the key of an identifier without checking access."""
    uri = models.parse_uri(key_identifier)
    if uri is None or uri.domain != state.settings.vault_domain:
        return Unreachable("not a key identifier")
    vault = state.store.by_name(Vault, uri.vault)
    if vault is None or vault.provisioning != "Succeeded":
        since = state.vault_deletions.get(uri.vault, 0.0)
        return Unreachable("no such vault, or its name does not resolve yet", since=since)
    key = vault.keys.get(uri.name.lower())
    if key is None:
        deleted = vault.deleted_keys.get(uri.name.lower())
        return Unreachable("no such key", since=(deleted.deleted_at if deleted else None) or 0.0)
    unix_now = state.clock.utc().timestamp()
    version = key.versions.get(uri.version) if uri.version else key.newest_usable(unix_now)
    if version is None:
        return Unreachable("no such version, or none that is enabled and valid", since=_updated(state, key.current))
    return Reached(vault=vault, key=key, version=version)


def _updated(state: State, version: KeyVersion) -> float:
    return version.updated - state.clock.utc(0).timestamp()


def _check_access(state: State, located: Reached, *, principal: str) -> Reached | Unreachable:
    removed = state.directory.removed(principal)
    if state.directory.by_object(principal) is None:
        return Unreachable("the identity does not exist", since=(removed.removed_at if removed else None) or 0.0)
    if not passes_firewall(located.vault):
        return Unreachable("the vault's firewall does not allow trusted services", since=located.vault.modified)
    if not granted(state, vault=located.vault, key=located.key.name, principal=principal):
        now = state.clock.now()
        ended = [grant.effective_to for grant in state.access.of(principal) if grant.effective_to <= now]
        return Unreachable(
            "no grant of get, wrapKey and unwrapKey is in effect", since=max([located.vault.policies_effective, *ended])
        )
    return located


def passes_firewall(vault: Vault) -> bool:
    """Tell whether a trusted Microsoft service passes: with a restriction, only by `AzureServices` [D]."""
    acls = vault.network_acls or {}
    access = vault.public_network_access.lower()
    if access == "securedbyperimeter":
        return False
    restricted = access == "disabled" or str(acls.get("defaultAction", "Allow")).lower() == "deny"
    return not restricted or str(acls.get("bypass", "AzureServices")).lower() == "azureservices"


def granted(state: State, *, vault: Vault, key: str, principal: str) -> bool:
    """Tell whether the vault's own permission model gives get, wrapKey and unwrapKey, in effect now."""
    if vault.rbac:
        scope = f"{vault.id}/keys/{key}"
        return all(
            state.access.allows(principal, action=action, scope=scope, now=state.clock.now(), data=True)
            for action in DATA_ACTIONS
        )
    permissions = policy_permissions(vault, principal=principal)
    return "all" in permissions or permissions.issuperset(PERMISSIONS)


def policy_permissions(vault: Vault, *, principal: str, area: str = "keys") -> set[str]:
    """Return the permissions on keys (or secrets...), lower case, that effective policies give a principal."""
    result: set[str] = set()
    for policy in vault.effective_policies:
        if str(policy.get("objectId", "")).lower() == principal.lower():
            permissions = cast("dict[str, list[str] | None]", policy.get("permissions") or {})
            result.update(p.lower() for p in permissions.get(area) or [])
    return result
