"""The next status of an object, and the events of its transitions: one pure function."""

import dataclasses
import datetime
from collections.abc import Iterator

from acrcmk.api.conditions import Condition, ConditionType, Reason
from acrcmk.api.status import (
    EncryptedRegistryStatus,
    EncryptionStatus,
    Entries,
    IdentityStatus,
    KeyStatus,
    KeyVaultProperties,
    RegistryStatus,
    VaultStatus,
)
from acrcmk.domain import conditions, ids, ledger
from acrcmk.domain.conditions import ConditionUpdate
from acrcmk.domain.desired import Desired
from acrcmk.domain.ids import KeyIdentifier
from acrcmk.domain.observed import Observed
from acrcmk.domain.outcome import Outcome, Ready
from acrcmk.domain.resolve import Refusal
from acrcmk.domain.resources import Encryption, Identity, Key, Registry
from acrcmk.domain.steps.step import Results

_WITHOUT_EVENTS = {ConditionType.RECONCILING, ConditionType.STALLED}
"""The conditions of the steps have the same reasons, in more detail."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Progress:
    """What a reconcile has come to so far; `complete` when no step will follow.

    `desired` is None while the ids are not resolved, `refusal` tells why no step is run, `created` are the ledger's
    entries of what is about to be created.
    """

    desired: Desired | None = None
    refusal: Refusal | None = None
    results: Results = dataclasses.field(default_factory=dict)
    created: Entries = ()
    complete: bool = False
    unreadable: Outcome | None = None
    """A read that has failed for longer than is tolerated."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Transition:
    """The next status, and the condition updates that deserve an event."""

    status: EncryptedRegistryStatus
    events: tuple[ConditionUpdate, ...] = ()


def without_foreign_conditions(status: EncryptedRegistryStatus) -> EncryptedRegistryStatus:
    """Leave out the conditions of other controllers: to apply them would make them the operator's."""
    own = tuple(condition for condition in status.conditions if condition.type in set(ConditionType))
    return status.model_copy(update={"conditions": own})


def next_status(
    before: EncryptedRegistryStatus, progress: Progress, *, generation: int, now: datetime.datetime
) -> Transition:
    """Return the status after a reconcile came to `progress`; `before` holds the operator's conditions only."""
    updates = _updates(progress, new_generation=before.observed_generation != generation, generation=generation)
    fields = _fields(before, progress, now=now)
    status = fields.model_copy(
        update={
            "conditions": conditions.with_history(updates, before=before.conditions, generation=generation, now=now),
            "observed_generation": generation,
        }
    )
    events = (*_transitions(updates, before=before.conditions), *_rotated(before, status))
    return Transition(status=status, events=events)


def _updates(progress: Progress, *, new_generation: bool, generation: int) -> tuple[ConditionUpdate, ...]:
    if progress.refusal is not None:
        return conditions.of_refusal(progress.refusal.outcome, condition=progress.refusal.condition)
    if progress.unreadable is not None:
        return conditions.of_unreadable(progress.unreadable)
    if progress.complete:
        return conditions.of_results(progress.results)
    partial = conditions.of_partial_results(progress.results)
    return (*conditions.of_new_generation(generation), *partial) if new_generation else partial


def _transitions(updates: tuple[ConditionUpdate, ...], *, before: tuple[Condition, ...]) -> Iterator[ConditionUpdate]:
    """Yield the updates that change a status or a reason; one cause on two conditions counts once."""
    known = {condition.type: (condition.status, condition.reason) for condition in before}
    reported = set()
    for update in updates:
        not_reported = update.status == "Unknown" or update.type in _WITHOUT_EVENTS
        summary_of_a_step = update.type == ConditionType.READY and update.status == "False"
        if not_reported or summary_of_a_step or known.get(update.type) == (update.status, update.reason):
            continue
        if (update.reason, update.message) not in reported:
            reported.add((update.reason, update.message))
            yield update


def _rotated(before: EncryptedRegistryStatus, after: EncryptedRegistryStatus) -> Iterator[ConditionUpdate]:
    """Yield an event where the registry reports to use another key version than before, whoever moved it."""
    versions = [_reported_version(status) for status in (before, after)]
    if None not in versions and versions[0] != versions[1]:
        yield ConditionUpdate(
            type=ConditionType.KEY_CURRENT,
            status="True",
            reason=Reason.ROTATED,
            message=f"The registry moved from key version {versions[0]} to {versions[1]}.",
        )


def _reported_version(status: EncryptedRegistryStatus) -> str | None:
    properties = status.encryption.key_vault_properties if status.encryption else None
    return properties.versioned_key_identifier if properties else None


def _fields(before: EncryptedRegistryStatus, progress: Progress, *, now: datetime.datetime) -> EncryptedRegistryStatus:
    """Return the status with the fields that the results determine; the others stay.

    Of a resource that was observed to be absent only what pins it stays.
    """
    desired = progress.desired
    if desired is None:
        return before
    pinned = _pinned(before, desired)
    results = {name: result.observed for name, result in progress.results.items() if result.observed is not None}
    changes: dict[str, object] = {}
    if observed := results.get("identity"):
        changes["identity"] = _identity(desired, observed.identity)
    if observed := results.get("vault"):
        vault = observed.vault
        changes["vault"] = VaultStatus(
            id=str(vault.id if vault else desired.vault_id), uri=vault.uri if vault else None
        )
    if (observed := results.get("registry") or results.get("key")) and observed.vault and observed.vault.succeeded:
        changes["key"] = _key(desired, observed)
    if observed := results.get("registry") or results.get("existing"):
        changes |= _registry(pinned.registry or RegistryStatus(), observed.registry, now=now)
    created = (*progress.created, *(entry for seen in results.values() for entry in ledger.adopted(desired, seen)))
    changes["resources"] = ledger.with_entries(before.resources, created)
    return _with_first_ready(pinned.model_copy(update=changes), progress, now=now)


def _with_first_ready(
    status: EncryptedRegistryStatus, progress: Progress, *, now: datetime.datetime
) -> EncryptedRegistryStatus:
    """Note when the registry was encrypted as desired for the first time."""
    encryption = progress.results.get("encryption")
    registry = status.registry
    if not encryption or not isinstance(encryption.outcome, Ready) or not registry or registry.first_ready:
        return status
    return status.model_copy(update={"registry": registry.model_copy(update={"first_ready": now})})


def _pinned(before: EncryptedRegistryStatus, desired: Desired) -> EncryptedRegistryStatus:
    """Return the status with the ids of the desired resources; written before the first write to Azure."""
    identity, vault, key = before.identity, before.vault, before.key
    if identity is None or not ids.equal(identity.id, str(desired.identity_id)):
        identity = IdentityStatus(id=str(desired.identity_id))
    if vault is None or not ids.equal(vault.id, str(desired.vault_id)):
        vault = VaultStatus(id=str(desired.vault_id))
    if key is None or not ids.equal(key.name, desired.key_name):
        key = KeyStatus(name=desired.key_name)
    registry = before.registry or RegistryStatus(id=str(desired.registry_id))
    return before.model_copy(update={"identity": identity, "vault": vault, "key": key, "registry": registry})


def _identity(desired: Desired, identity: Identity | None) -> IdentityStatus:
    if identity is None:
        return IdentityStatus(id=str(desired.identity_id))
    return IdentityStatus(id=str(identity.id), client_id=identity.client_id, principal_id=identity.principal_id)


def _key(desired: Desired, observed: Observed) -> KeyStatus:
    """Return the key with the version in use or, before there is one, the version that the registry is to use."""
    if observed.key is None:
        return KeyStatus(name=desired.key_name)
    version = _version_in_use(observed) or observed.target_version or observed.key
    identifier = observed.key_identifier
    return KeyStatus(
        name=desired.key_name,
        identifier=str(identifier) if identifier else None,
        version=version.identifier.version,
        rotation="Automatic" if identifier and identifier.version is None else "Manual",
        created=version.created,
        expires=version.expires,
        enabled=version.enabled,
    )


def _version_in_use(observed: Observed) -> Key | None:
    """Return the observed key version that the registry reports to use."""
    registry = observed.registry
    identifier = registry.encryption.versioned_key_identifier if registry and registry.succeeded else None
    if identifier is None:
        return None
    in_use = KeyIdentifier.parse(identifier)
    candidates = (observed.key, observed.target_version, observed.version_in_use)
    return next((key for key in candidates if key and ids.equal(str(key.identifier), str(in_use))), None)


def _registry(before: RegistryStatus, registry: Registry | None, *, now: datetime.datetime) -> dict[str, object]:
    if registry is None:
        absent = before.model_copy(update={"login_server": None, "provisioning_state": None})
        return {"registry": absent, "encryption": None}
    status = RegistryStatus(
        id=str(registry.id),
        login_server=registry.login_server,
        provisioning_state=registry.provisioning_state,
        first_observed=before.first_observed or now,
        first_ready=before.first_ready,
    )
    encryption = {"encryption": _encryption(registry.encryption)} if registry.succeeded else {}
    return {"registry": status, **encryption}


def _encryption(encryption: Encryption) -> EncryptionStatus:
    properties = None
    if encryption.key_identifier:
        properties = KeyVaultProperties(
            identity=encryption.identity,
            key_identifier=encryption.key_identifier,
            versioned_key_identifier=encryption.versioned_key_identifier,
            key_rotation_enabled=encryption.key_rotation_enabled,
            last_key_rotation_timestamp=encryption.last_key_rotation,
        )
    return EncryptionStatus(status=encryption.status, key_vault_properties=properties)
