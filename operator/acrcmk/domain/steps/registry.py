"""Step `registry`: created Premium and encrypted by one PUT, afterwards changed only by PATCH with what differs.

A registry is never read, changed and put back: Azure rejects that with CMK (azure-behaviour.md 1.3).
"""

import dataclasses

from acrcmk.api.conditions import ConditionType, Reason
from acrcmk.domain import diff, failures, key, names, ownership
from acrcmk.domain.decision import Act, Decision
from acrcmk.domain.failures import AzureFailure
from acrcmk.domain.names import KeyIdentifier
from acrcmk.domain.outcome import Blocked, Outcome, Progressing, Ready, Stalled
from acrcmk.domain.ports import Azure
from acrcmk.domain.resources import Attempt, Identity, Registry
from acrcmk.domain.subject import Subject
from acrcmk.domain.writes import CreateRegistry, UpdateRegistry

_PAUSE = 15.0
"""Seconds before a long operation that failed is begun again; doubles with each failure."""
_LONGEST_PAUSE = 600.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Observed:
    """The registry, and what it is to use; all three are there once the steps before it are Ready."""

    registry: Registry | None
    identity: Identity | None
    key: KeyIdentifier | None


async def observe(subject: Subject, azure: Azure) -> Observed:
    """Read the registry, the identity and the key."""
    return Observed(
        registry=await azure.registry(subject.registry_id),
        identity=await azure.identity(subject.identity_id),
        key=(await key.observe(subject, azure)).identifier,
    )


def decide(subject: Subject, observed: Observed) -> Decision:
    """Create the registry, wait for Azure, or change the one thing that comes next."""
    registry, identity, wanted = observed.registry, observed.identity, observed.key
    if identity is None or wanted is None:
        return Progressing(reason=Reason.WAITING, message="The identity or the key went away during this pass.")
    if registry is None:
        return _create(subject, identity, wanted)
    return _refuse(subject, registry) or _proceed(subject, registry, identity, wanted)


def explain(subject: Subject, failure: AzureFailure, *, doing: str) -> Outcome:
    """Put a refused key down to a grant that has not spread yet, as long as the budget lasts."""
    told = failures.outcome_of(failure, doing=doing)
    if failure.kind is failures.Kind.KEY_ACCESS and _within_budget(subject):
        return Progressing(
            reason=Reason.PROPAGATING,
            message="Azure cannot use the key yet; a new grant may take up to 10 minutes to spread, and the registry "
            f"is tried again until then. Azure: {failure}",
            retry_after=failure.retry_after,
        )
    return told


def _proceed(subject: Subject, registry: Registry, identity: Identity, wanted: KeyIdentifier) -> Decision:
    """Wait for Azure, begin again what failed, or begin the change that comes next."""
    if registry.failed:
        return _again(subject, registry, identity, wanted)
    if not registry.succeeded:
        creating = registry.provisioning_state == "Creating"
        return Progressing(
            reason=Reason.CREATING if creating else Reason.UPDATING,
            message=f"Registry {registry.id.name} is {registry.provisioning_state}: Azure is at work.",
        )
    update = _next_update(subject, registry, identity, wanted)
    if update is not None:
        return Act(writes=(update,), meanwhile=_updating(update))
    return Ready(message=f"Registry {registry.id.name} is as the spec says.")


def _create(subject: Subject, identity: Identity, wanted: KeyIdentifier) -> Act:
    create = CreateRegistry(
        id=subject.registry_id,
        location=subject.spec.location,
        tags=subject.tags,
        identity=identity.id,
        client_id=identity.client_id,
        key=wanted,
        settings=diff.wanted_settings(subject.spec.registry),
    )
    message = f"Creating registry {subject.registry_id.name}."
    return Act(writes=(create,), meanwhile=Progressing(reason=Reason.CREATING, message=message))


def _refuse(subject: Subject, registry: Registry) -> Outcome | None:
    what = f"Registry {registry.id}"
    refusal = ownership.refusal(subject, what=what, tags=registry.tags, reference=None)
    if refusal:
        return refusal
    if not names.same(registry.sku, "Premium"):
        return Stalled(
            reason=Reason.SKU_NOT_PREMIUM,
            message=f"{what} is {registry.sku}; customer-managed keys need Premium from the start. "
            "Name a new registry in a new object and copy the images.",
        )
    if names.location(registry.location) != names.location(subject.spec.location):
        return Stalled(
            reason=Reason.IMMUTABLE_FIELD_CHANGED,
            message=f"{what} is in {registry.location}, spec.location says {subject.spec.location}. "
            "A registry cannot move: correct the spec.",
        )
    if registry.succeeded and not registry.encryption.enabled:
        return Stalled(
            reason=Reason.ENCRYPTION_NOT_ENABLED,
            message=f"{what} was created without a customer-managed key, and Azure cannot add one later. "
            "Name a new registry in a new object and copy the images.",
        )
    return None


def _again(subject: Subject, registry: Registry, identity: Identity, wanted: KeyIdentifier) -> Decision:
    """Begin a failed operation again, after a pause that grows, unless the grant is only slow."""
    outcome, pause = _why(subject, registry), _pause(subject, registry.attempt)
    if pause > 0:
        return dataclasses.replace(outcome, retry_after=pause)
    if not registry.encryption.enabled:
        create = _create(subject, identity, wanted)
        return dataclasses.replace(create, meanwhile=outcome)
    update = UpdateRegistry(id=registry.id, key=wanted, client_id=identity.client_id)
    return Act(writes=(update,), meanwhile=outcome)


def _why(subject: Subject, registry: Registry) -> Progressing | Blocked:
    if registry.attempt is not None:
        told = explain(subject, registry.attempt.failure, doing=f"finish the last operation on registry {registry.id}")
        if isinstance(told, Progressing | Blocked):
            return told
    return Blocked(
        reason=Reason.PROVISIONING_FAILED,
        message=f"Registry {registry.id} is {registry.provisioning_state}; Azure tells no more. It is tried again.",
    )


def _pause(subject: Subject, attempt: Attempt | None) -> float:
    if attempt is None or (attempt.failure.kind is failures.Kind.KEY_ACCESS and _within_budget(subject)):
        return 0.0
    pause = min(_LONGEST_PAUSE, _PAUSE * 2.0 ** (attempt.count - 1))
    return pause - (subject.now - attempt.at).total_seconds()


def _within_budget(subject: Subject) -> bool:
    """Say whether access has been wanting for less than the budget, by the condition's own clock."""
    condition = subject.status.condition(ConditionType.VAULT_ACCESS_READY)
    if condition is None or condition.status == "True" or condition.last_transition_time is None:
        return True
    return subject.now - condition.last_transition_time < subject.defaults.access_budget


def _next_update(
    subject: Subject, registry: Registry, identity: Identity, wanted: KeyIdentifier
) -> UpdateRegistry | None:
    """Return the one change that comes next: attach the identity, then move the key to it, then the rest."""
    if not names.same(registry.identities.get(identity.id), identity.client_id):
        kind = (
            "SystemAssigned, UserAssigned" if "systemassigned" in registry.identity_type.casefold() else "UserAssigned"
        )
        return UpdateRegistry(id=registry.id, identity=identity.id, identity_type=kind)
    if not uses(registry, wanted, identity):
        return UpdateRegistry(id=registry.id, key=wanted, client_id=identity.client_id)
    update = UpdateRegistry(
        id=registry.id,
        tags=ownership.missing_tags(subject, registry.tags),
        settings=diff.settings_change(diff.wanted_settings(subject.spec.registry), registry.settings),
    )
    return None if update == UpdateRegistry(id=registry.id) else update


def uses(registry: Registry, wanted: KeyIdentifier, identity: Identity) -> bool:
    """Say whether the registry has been given this key, in this rotation mode, through this identity."""
    encryption = registry.encryption
    if not encryption.enabled or not encryption.key_identifier:
        return False
    given = KeyIdentifier.parse(encryption.key_identifier)
    return (
        given.same_key(wanted)
        and names.same(given.version, wanted.version)
        and names.same(encryption.identity, identity.client_id)
    )


def _updating(update: UpdateRegistry) -> Progressing:
    return Progressing(reason=Reason.UPDATING, message=f"Doing: {update}.")
