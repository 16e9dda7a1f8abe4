"""Step `existing`: the registry as it is before anything is written; refuses one that cannot be managed.

While an operation is in progress on the registry nothing else is read or changed: Azure accepts no second operation.
"""

import dataclasses

from acrcmk.api.conditions import Reason
from acrcmk.domain import ids, ownership, queries
from acrcmk.domain.desired import Desired
from acrcmk.domain.observed import Observed
from acrcmk.domain.outcome import Decision, Outcome, Progressing, Ready, Stalled
from acrcmk.domain.port import Azure
from acrcmk.domain.resources import Registry


async def observe(desired: Desired, observed: Observed, azure: Azure) -> Observed:
    """Read the registry."""
    return dataclasses.replace(observed, registry=await azure.read(queries.GetRegistry(id=desired.registry_id)))


def decide(desired: Desired, observed: Observed) -> Decision:
    """Refuse a registry that cannot be managed, and wait while an operation is in progress."""
    registry = observed.registry
    if registry is None:
        return Ready(message=f"Registry {desired.registry_id.name} does not exist yet.")
    return refusal(desired, registry) or in_progress(registry) or Ready(message=f"Registry {registry.id.name} exists.")


def in_progress(registry: Registry) -> Progressing | None:
    """Return the outcome while an operation is in progress, None where none is."""
    if registry.succeeded or registry.failed:
        return None
    creating = registry.provisioning_state == "Creating"
    return Progressing(
        reason=Reason.CREATING if creating else Reason.UPDATING,
        message=f"Registry {registry.id.name}: an operation is in progress in Azure (provisioning state "
        f"{registry.provisioning_state}).",
    )


def refusal(desired: Desired, registry: Registry) -> Outcome | None:
    """Return why a registry cannot be managed, None where it can."""
    what = f"Registry {registry.id}"
    not_owned = ownership.refusal(desired, what=what, id_=str(registry.id), tags=registry.tags)
    if not_owned:
        return not_owned
    if not ids.equal(registry.sku, "Premium"):
        return Stalled(
            reason=Reason.SKU_NOT_PREMIUM,
            message=f"{what} is {registry.sku}; customer-managed keys need Premium from its creation on. "
            "Create a new object with a new registry name, and copy the images.",
        )
    if ids.location(registry.location) != ids.location(desired.spec.location):
        return Stalled(
            reason=Reason.IMMUTABLE_FIELD_CHANGED,
            message=f"{what} is in {registry.location}, spec.location is {desired.spec.location}. "
            "A registry cannot move: correct the spec.",
        )
    if registry.succeeded and not registry.encryption.enabled:
        return Stalled(
            reason=Reason.ENCRYPTION_NOT_ENABLED,
            message=f"{what} was created without a customer-managed key, and Azure cannot add one later. "
            "Create a new object with a new registry name, and copy the images.",
        )
    return None
