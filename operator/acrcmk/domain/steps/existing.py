"""Step `existing`: the registry as it is before anything is written; refuses one that cannot be managed.

While an operation is in progress on the registry nothing else is read or changed: Azure accepts no second operation.
"""

import dataclasses

from acrcmk import api
from acrcmk.api.conditions import Reason
from acrcmk.domain import ids, ledger, ownership, queries
from acrcmk.domain.desired import Desired
from acrcmk.domain.observed import Observed
from acrcmk.domain.outcome import Blocked, Decision, Outcome, Progressing, Ready, Stalled
from acrcmk.domain.port import Azure
from acrcmk.domain.resources import Registry


async def observe(desired: Desired, observed: Observed, azure: Azure) -> Observed:
    """Read the registry and, where it is gone, whether its name is in use elsewhere."""
    registry = await azure.read(queries.GetRegistry(id=desired.registry_id))
    if registry is not None or not _was_ready(desired):
        return dataclasses.replace(observed, registry=registry)
    name = await azure.read(queries.CheckRegistryName(id=desired.registry_id))
    return dataclasses.replace(observed, registry=None, registry_name=name)


def decide(desired: Desired, observed: Observed) -> Decision:
    """Refuse a registry that cannot be managed, and wait while an operation is in progress."""
    registry = observed.registry
    if registry is None:
        return _gone(desired, observed) or Ready(message=f"Registry {desired.registry_id.name} does not exist yet.")
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
    unused = registry.failed and _is_own_first_create(desired)
    if (registry.succeeded or registry.failed) and not registry.encryption.enabled and not unused:
        return Stalled(
            reason=Reason.ENCRYPTION_NOT_ENABLED,
            message=f"{what} was created without a customer-managed key, and Azure cannot add one later. "
            "Create a new object with a new registry name, and copy the images.",
        )
    return None


def _was_ready(desired: Desired) -> bool:
    return desired.status.registry is not None and desired.status.registry.first_ready is not None


def _is_own_first_create(desired: Desired) -> bool:
    """Whether the registry was created for this object and never became Ready, so that it holds nothing."""
    return ledger.has_created(desired.ledger, str(desired.registry_id)) and not _was_ready(desired)


def _gone(desired: Desired, observed: Observed) -> Blocked | None:
    """Return why a registry that was Ready is not created again; None where it was not, or where that is allowed."""
    name = desired.registry_id.name
    if not _was_ready(desired) or ids.equal(desired.recreate, name):
        return None
    gone = f"Registry {desired.registry_id} was Ready and does not exist any more"
    if observed.registry_name is not None and not observed.registry_name.available:
        return Blocked(
            reason=Reason.REGISTRY_GONE,
            message=f"{gone}, but its name is in use: it may have been moved to another resource group or "
            "subscription. Move it back, or create a new object for it there.",
        )
    return Blocked(
        reason=Reason.REGISTRY_GONE,
        message=f"{gone}: its images are gone with it. Azure support can restore a deleted registry only while its "
        f"name is free. To create it again, empty, set the annotation {api.RECREATE_ANNOTATION}: {name}.",
    )
