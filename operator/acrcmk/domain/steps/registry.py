"""Step `registry`: created Premium and encrypted by one PUT, afterwards changed only by PATCH with what differs.

A registry is never read, changed and PUT back: Azure rejects that with a customer-managed key (azure-behaviour.md 1.3).
"""

import dataclasses
import datetime

from acrcmk.api.conditions import Reason
from acrcmk.domain import failures, ids, ownership, queries, registry_settings, remedies
from acrcmk.domain.desired import Desired
from acrcmk.domain.failures import AzureFailure
from acrcmk.domain.ids import KeyIdentifier
from acrcmk.domain.observed import Observed
from acrcmk.domain.outcome import Act, Blocked, Decision, Outcome, Progressing, Ready
from acrcmk.domain.port import Azure
from acrcmk.domain.resources import FailedOperation, Identity, Registry
from acrcmk.domain.steps import access, existing
from acrcmk.domain.writes import CreateRegistry, UpdateRegistry

_PAUSE = 15.0
"""Seconds before a failed operation is started again; doubles with each failure."""
_LONGEST_PAUSE = 600.0
_SHORTEST_PAUSE = 0.5
_POLICY_SHARE = 0.1
"""Of the time that a role assignment usually takes, the time that an access policy takes."""


async def observe(desired: Desired, observed: Observed, azure: Azure) -> Observed:
    """Read the registry again: the answer decides about a PUT."""
    query = queries.GetRegistry(id=desired.registry_id, fresh=observed.registry is None)
    return dataclasses.replace(observed, registry=await azure.read(query))


def decide(desired: Desired, observed: Observed) -> Decision:
    """Create the registry, wait for Azure, or make the change that comes next."""
    registry, (identity, identifier) = observed.registry, _needed(observed)
    if registry is None:
        return _create(desired, identity, identifier)
    refusal = existing.refusal(desired, registry) or existing.in_progress(registry)
    return refusal or _proceed(desired, observed, registry, identity, identifier)


def _needed(observed: Observed) -> tuple[Identity, KeyIdentifier]:
    """Return what the steps before this one observed; both exist once this step runs."""
    if observed.identity is None or observed.key_identifier is None:
        raise ValueError("the step registry runs only once the identity and the key exist")
    return observed.identity, observed.key_identifier


def explain(desired: Desired, observed: Observed, failure: AzureFailure, *, doing: str) -> Outcome:
    """Explain a refused key by a grant that has not taken effect yet, within the access budget."""
    if failure.kind is failures.Kind.KEY_ACCESS and access.within_budget(desired, observed):
        return Progressing(
            reason=Reason.PROPAGATING,
            message="Azure cannot use the key yet; a new grant can take up to 10 minutes to take effect, and the "
            f"operator tries again until then. Azure: {failure}",
            retry_after=failure.retry_after,
            retry_at=desired.now + datetime.timedelta(seconds=_grant_pause(desired, observed)),
        )
    return remedies.outcome_of(failure, doing=doing)


def _proceed(
    desired: Desired, observed: Observed, registry: Registry, identity: Identity, identifier: KeyIdentifier
) -> Decision:
    """Start a failed operation again, or make the change that comes next."""
    update = _next_update(desired, registry, identity, identifier)
    if registry.failed:
        retry = update or UpdateRegistry(id=registry.id, key=identifier, client_id=identity.client_id)
        return _retry(desired, observed, registry, retry)
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


def _retry(desired: Desired, observed: Observed, registry: Registry, update: UpdateRegistry) -> Decision:
    """Start a failed operation again after a growing pause, with what is still different.

    A create that failed before the registry had its key is repeated whole: nobody has used that registry.
    """
    outcome, pause = _cause(desired, observed, registry), _pause(desired, observed, registry.last_failure)
    if pause > 0:
        return dataclasses.replace(outcome, retry_after=pause)
    if not registry.encryption.enabled:
        identity, identifier = _needed(observed)
        return dataclasses.replace(_create(desired, identity, identifier), meanwhile=outcome)
    return Act(writes=(update,), meanwhile=outcome)


def _cause(desired: Desired, observed: Observed, registry: Registry) -> Progressing | Blocked:
    if registry.last_failure is not None:
        doing = f"finish the last operation on registry {registry.id}"
        outcome = explain(desired, observed, registry.last_failure.failure, doing=doing)
        if isinstance(outcome, Progressing | Blocked):
            return outcome
    return Blocked(
        reason=Reason.PROVISIONING_FAILED,
        message=f"Registry {registry.id} is {registry.provisioning_state}; Azure gives no cause. "
        "The operator tries again.",
    )


def _pause(desired: Desired, observed: Observed, last: FailedOperation | None) -> float:
    """Return the seconds until a failed operation may be started again."""
    if last is None:
        return 0.0
    if last.failure.kind is failures.Kind.KEY_ACCESS and access.within_budget(desired, observed):
        pause = _grant_pause(dataclasses.replace(desired, now=last.at), observed)
    else:
        pause = min(_LONGEST_PAUSE, _PAUSE * 2.0 ** (last.count - 1))
    return pause - (desired.now - last.at).total_seconds()


def _grant_pause(desired: Desired, observed: Observed) -> float:
    """Return the seconds from a refusal of the key to the next attempt.

    A role assignment seldom takes effect in less than a minute (a setting), an access policy does within seconds;
    after that a tenth of the time waited costs little of the time to Ready and few requests.
    """
    age = access.grant_age(desired, observed)
    waited = age.total_seconds() if age else 0.0
    _, vault = access.needed(observed)
    usual = desired.defaults.grant_delay.total_seconds() * (1.0 if vault.rbac else _POLICY_SHARE)
    return usual - waited if waited < usual - _SHORTEST_PAUSE else max(_SHORTEST_PAUSE, waited / 10)


def _next_update(
    desired: Desired, registry: Registry, identity: Identity, identifier: KeyIdentifier
) -> UpdateRegistry | None:
    """Return the change that comes next: identity and key in one PATCH, then the settings, then the tags.

    An identity that was deleted and created again has another client id under the same id: it is attached again
    together with the key, since the old one can no longer reach the key.
    """
    attached = ids.equal(registry.identities.get(identity.id), identity.client_id)
    if not attached or not uses(registry, identifier, identity):
        return UpdateRegistry(
            id=registry.id,
            identity=None if attached else identity.id,
            identity_type=None if attached else _identity_type(registry),
            key=identifier,
            client_id=identity.client_id,
        )
    settings = registry_settings.desired_settings(desired.spec.registry)
    change = registry_settings.settings_change(settings, registry.settings)
    if change is not None:
        return UpdateRegistry(id=registry.id, settings=change)
    tags = ownership.missing_tags(desired, registry.tags)
    return None if tags is None else UpdateRegistry(id=registry.id, tags=tags)


def _identity_type(registry: Registry) -> str:
    """Return the type that adds a user-assigned identity and keeps a system-assigned one."""
    return "SystemAssigned, UserAssigned" if "systemassigned" in registry.identity_type.casefold() else "UserAssigned"


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
