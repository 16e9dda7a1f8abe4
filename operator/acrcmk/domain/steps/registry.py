"""Step `registry`: created Premium and encrypted by one PUT, afterwards changed only by PATCH with what differs.

A registry is never read, changed and PUT back: Azure rejects that with a customer-managed key (azure-behaviour.md 1.3).
"""

import dataclasses

from acrcmk.api.conditions import ConditionType, Reason
from acrcmk.domain import failures, ids, ownership, queries, registry_settings, remedies
from acrcmk.domain.desired import Desired
from acrcmk.domain.failures import AzureFailure
from acrcmk.domain.ids import KeyIdentifier
from acrcmk.domain.observed import Observed
from acrcmk.domain.outcome import Act, Blocked, Decision, Outcome, Progressing, Ready
from acrcmk.domain.port import Azure
from acrcmk.domain.resources import FailedOperation, Identity, Registry
from acrcmk.domain.steps import existing
from acrcmk.domain.writes import CreateRegistry, UpdateRegistry

_PAUSE = 15.0
"""Seconds before a failed operation is started again; doubles with each failure."""
_LONGEST_PAUSE = 600.0


async def observe(desired: Desired, observed: Observed, azure: Azure) -> Observed:
    """Read the registry."""
    return dataclasses.replace(observed, registry=await azure.read(queries.GetRegistry(id=desired.registry_id)))


def decide(desired: Desired, observed: Observed) -> Decision:
    """Create the registry, wait for Azure, or make the change that comes next."""
    registry, identity, identifier = observed.registry, observed.identity, observed.key_identifier
    if identity is None or identifier is None:
        raise ValueError("the step registry runs only once the identity and the key exist")
    if registry is None:
        return _create(desired, identity, identifier)
    refusal = existing.refusal(desired, registry) or existing.in_progress(registry)
    return refusal or _proceed(desired, registry, identity, identifier)


def explain(desired: Desired, failure: AzureFailure, *, doing: str) -> Outcome:
    """Explain a refused key by a grant that Azure has not propagated yet, within the access budget."""
    if failure.kind is failures.Kind.KEY_ACCESS and _within_budget(desired):
        return Progressing(
            reason=Reason.PROPAGATING,
            message="Azure cannot use the key yet; a new grant can take up to 10 minutes to take effect, and the "
            f"operator tries again until then. Azure: {failure}",
            retry_after=failure.retry_after,
        )
    return remedies.outcome_of(failure, doing=doing)


def _proceed(desired: Desired, registry: Registry, identity: Identity, identifier: KeyIdentifier) -> Decision:
    """Start a failed operation again, or make the change that comes next."""
    if registry.failed:
        return _retry(desired, registry, identity, identifier)
    update = _next_update(desired, registry, identity, identifier)
    if update is not None:
        return Act(writes=(update,), meanwhile=_updating(update))
    return Ready(message=f"Registry {registry.id.name} matches the spec.")


def _create(desired: Desired, identity: Identity, identifier: KeyIdentifier) -> Act:
    create = CreateRegistry(
        id=desired.registry_id,
        location=desired.spec.location,
        tags=desired.tags,
        identity=identity.id,
        client_id=identity.client_id,
        key=identifier,
        settings=registry_settings.desired_settings(desired.spec.registry),
    )
    message = f"Creating registry {desired.registry_id.name}."
    return Act(writes=(create,), meanwhile=Progressing(reason=Reason.CREATING, message=message))


def _retry(desired: Desired, registry: Registry, identity: Identity, identifier: KeyIdentifier) -> Decision:
    """Start a failed operation again after a growing pause; at once where the grant may not have taken effect."""
    outcome, pause = _cause(desired, registry), _pause(desired, registry.last_failure)
    if pause > 0:
        return dataclasses.replace(outcome, retry_after=pause)
    if not registry.encryption.enabled:
        create = _create(desired, identity, identifier)
        return dataclasses.replace(create, meanwhile=outcome)
    update = UpdateRegistry(id=registry.id, key=identifier, client_id=identity.client_id)
    return Act(writes=(update,), meanwhile=outcome)


def _cause(desired: Desired, registry: Registry) -> Progressing | Blocked:
    if registry.last_failure is not None:
        doing = f"finish the last operation on registry {registry.id}"
        outcome = explain(desired, registry.last_failure.failure, doing=doing)
        if isinstance(outcome, Progressing | Blocked):
            return outcome
    return Blocked(
        reason=Reason.PROVISIONING_FAILED,
        message=f"Registry {registry.id} is {registry.provisioning_state}; Azure gives no cause. "
        "The operator tries again.",
    )


def _pause(desired: Desired, last: FailedOperation | None) -> float:
    if last is None or (last.failure.kind is failures.Kind.KEY_ACCESS and _within_budget(desired)):
        return 0.0
    pause = min(_LONGEST_PAUSE, _PAUSE * 2.0 ** (last.count - 1))
    return pause - (desired.now - last.at).total_seconds()


def _within_budget(desired: Desired) -> bool:
    """Whether VaultAccessReady has been False for less than the access budget."""
    condition = desired.status.condition(ConditionType.VAULT_ACCESS_READY)
    if condition is None or condition.status == "True" or condition.last_transition_time is None:
        return True
    return desired.now - condition.last_transition_time < desired.defaults.access_budget


def _next_update(
    desired: Desired, registry: Registry, identity: Identity, identifier: KeyIdentifier
) -> UpdateRegistry | None:
    """Return the change that comes next: attach the identity, then set the key, then the settings."""
    if not ids.equal(registry.identities.get(identity.id), identity.client_id):
        kind = (
            "SystemAssigned, UserAssigned" if "systemassigned" in registry.identity_type.casefold() else "UserAssigned"
        )
        return UpdateRegistry(id=registry.id, identity=identity.id, identity_type=kind, client_id=identity.client_id)
    if not uses(registry, identifier, identity):
        return UpdateRegistry(id=registry.id, key=identifier, client_id=identity.client_id)
    update = UpdateRegistry(
        id=registry.id,
        tags=ownership.missing_tags(desired, registry.tags),
        settings=registry_settings.settings_change(
            registry_settings.desired_settings(desired.spec.registry), registry.settings
        ),
    )
    return None if update == UpdateRegistry(id=registry.id) else update


def uses(registry: Registry, identifier: KeyIdentifier, identity: Identity) -> bool:
    """Whether the registry is set to this key, in this rotation mode, through this identity."""
    encryption = registry.encryption
    if not encryption.enabled or not encryption.key_identifier:
        return False
    current = KeyIdentifier.parse(encryption.key_identifier)
    return (
        current.same_key(identifier)
        and ids.equal(current.version, identifier.version)
        and ids.equal(encryption.identity, identity.client_id)
    )


def _updating(update: UpdateRegistry) -> Progressing:
    return Progressing(reason=Reason.UPDATING, message=f"In progress: {update}.")
