"""What one reconcile has read from Azure: each step adds its part, and passes it to the steps that need it."""

import dataclasses
from collections.abc import Iterable

from acrcmk.domain.ids import KeyIdentifier
from acrcmk.domain.resources import Identity, Key, NameAvailability, Registry, RoleAssignment, Vault


@dataclasses.dataclass(frozen=True, kw_only=True)
class Observed:
    """Observations of a step and of the steps that it needs; None where a resource is absent or was not read."""

    registry: Registry | None = None
    registry_name: NameAvailability | None = None
    """Whether the name of a registry that is gone is free."""
    group_exists: bool | None = None
    identity: Identity | None = None
    vault: Vault | None = None
    vault_deleted: bool | None = None
    """Whether a vault that the spec refers to and that does not exist is soft-deleted; None where it was not read."""
    assignments: tuple[RoleAssignment, ...] = ()
    key: Key | None = None
    """The key with its current version."""
    key_identifier: KeyIdentifier | None = None
    """What the registry is to be set to: unversioned for automatic rotation. None while the key does not exist."""
    target_version: Key | None = None
    """The key version behind `key_identifier`; None where it does not exist."""
    version_in_use: Key | None = None
    """The key version that the registry reports to use; None where it reports none or the version does not exist."""


def merged(observations: Iterable[Observed]) -> Observed:
    """Return the union of what several steps observed side by side; each observed other fields."""
    fields = {
        field.name: value
        for observed in observations
        for field in dataclasses.fields(Observed)
        if (value := getattr(observed, field.name)) != field.default
    }
    return Observed(**fields)
