"""The lifecycle of a key: created, rotated by hand or by policy, disabled, deleted, recovered, purged.

One state machine for the management plane, the data plane and the control API.
"""

import dataclasses
import re

from acrcmk_lab.azure.arm.messages import Body
from acrcmk_lab.azure.services.key_vault import models, soft_delete
from acrcmk_lab.azure.services.key_vault.models import Key, KeyVersion, Vault
from acrcmk_lab.azure.services.key_vault.soft_delete import SoftDelete
from acrcmk_lab.azure.state.state import State

DAY = soft_delete.DAY
_DURATION = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_UNITS = (365 * DAY, 30 * DAY, 7 * DAY, DAY, 3600, 60, 1)


def duration(text: str) -> int:
    """Return the seconds of an ISO 8601 duration such as `P30D`; a month is 30 days; ValueError else."""
    match = _DURATION.fullmatch(text)
    if not match or text in ("P", "PT"):
        raise ValueError(f"{text!r} is no ISO 8601 duration")
    return sum(int(count or 0) * unit for count, unit in zip(match.groups(), _UNITS, strict=True))


class KeyLifecycle:
    """State changes of the keys of all vaults."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._soft_delete = SoftDelete(state)

    def create(self, vault: Vault, *, name: str, properties: Body, tags: dict[str, str]) -> Key:
        """Create a key, or a new current version of an existing one; AzureError for a name that is not free yet."""
        self._soft_delete.check_free(vault.key_collection, name=name)
        key = vault.keys.setdefault(name.lower(), Key(name=name))
        if properties.get("rotationPolicy"):
            key.rotation_policy = properties["rotationPolicy"]
        version = models.new_version(properties, version=self._state.hex32(), unix_now=self._unix())
        version.tags = tags
        self._add(vault, key, version)
        return key

    def restore(self, vault: Vault, key: Key, *, identifier: str) -> Key:
        """Restore a key with its versions from a backup; AzureError for a name that is in use or not free yet."""
        self._soft_delete.check_restorable(vault.key_collection, identifier=identifier, name=key.name)
        vault.keys[key.name.lower()] = key
        self._schedule(vault, key)
        return key

    def rotate(self, vault: Vault, key: Key) -> KeyVersion:
        """Add a version like the current one; it expires as the rotation policy says."""
        version = dataclasses.replace(
            key.current,
            version=self._state.hex32(),
            created=self._unix(),
            updated=self._unix(),
            enabled=True,
            expires=None,
            not_before=None,
        )
        self._add(vault, key, version)
        return version

    def set_policy(self, vault: Vault, key: Key, policy: Body) -> None:
        """Set a key's rotation policy, and schedule the rotation of the current version."""
        key.rotation_policy = policy
        self._schedule(vault, key)

    def change(self, vault: Vault, key: Key, *, version: KeyVersion, attributes: Body) -> None:
        """Change a version's `enabled`, `exp` and `nbf` (Unix times), those that are present."""
        version.enabled = attributes.get("enabled", version.enabled)
        version.expires = attributes.get("exp", version.expires)
        version.not_before = attributes.get("nbf", version.not_before)
        version.updated = self._unix()
        self._schedule(vault, key)

    def delete(self, vault: Vault, key: Key) -> None:
        """Soft-delete a key."""
        self._soft_delete.delete(vault.key_collection, key)

    def recover(self, vault: Vault, key: Key) -> None:
        """Start to recover a deleted key; its rotation continues."""
        self._soft_delete.recover(vault.key_collection, key, then=lambda: self._schedule(vault, key))

    def purge(self, vault: Vault, key: Key) -> None:
        """Purge a deleted key."""
        self._soft_delete.purge(vault.key_collection, key)

    def _add(self, vault: Vault, key: Key, version: KeyVersion) -> None:
        expiry = ((key.rotation_policy or {}).get("attributes") or {}).get("expiryTime")
        if expiry and version.expires is None:
            version.expires = self._unix() + duration(expiry)
        key.versions[version.version] = version
        self._schedule(vault, key)

    def _schedule(self, vault: Vault, key: Key) -> None:
        """Schedule the rotation of the current version, unless version or policy change before."""
        version, policy = key.current, key.rotation_policy
        due = _due(version, policy)
        if due is None:
            return

        def rotate() -> None:
            exists = vault.deleted_at is None and vault.keys.get(key.name.lower()) is key
            unchanged = key.current is version and key.rotation_policy is policy and _due(version, policy) == due
            if exists and unchanged:
                self.rotate(vault, key)

        self._state.clock.call_in(max(0.001, due - self._unix()), callback=rotate)

    def _unix(self) -> int:
        return int(self._state.clock.utc().timestamp())


def _due(version: KeyVersion, policy: Body | None) -> int | None:
    """Return when a policy rotates a version, in Unix time; None if never."""
    for action in (policy or {}).get("lifetimeActions") or []:
        trigger = action.get("trigger") or {}
        if str((action.get("action") or {}).get("type")).lower() != "rotate":
            continue
        if trigger.get("timeAfterCreate"):
            return version.created + duration(trigger["timeAfterCreate"])
        if trigger.get("timeBeforeExpiry") and version.expires is not None:
            return version.expires - duration(trigger["timeBeforeExpiry"])
    return None
