"""Step `identity`: the user-assigned managed identity by which the registry reaches the key."""

import dataclasses

from acrcmk.api.conditions import Reason
from acrcmk.domain import ownership, queries
from acrcmk.domain.desired import Desired
from acrcmk.domain.observed import Observed
from acrcmk.domain.outcome import Act, Blocked, Decision, Progressing, Ready
from acrcmk.domain.port import Azure
from acrcmk.domain.writes import CreateIdentity, TagIdentity


async def observe(desired: Desired, observed: Observed, azure: Azure) -> Observed:
    """Read the identity."""
    return dataclasses.replace(observed, identity=await azure.read(queries.GetIdentity(id=desired.identity_id)))


def decide(desired: Desired, observed: Observed) -> Decision:
    """Create and tag an identity that the spec names; one that it refers to must exist."""
    identity, identity_id = observed.identity, desired.identity_id
    exists = Ready(message=f"Identity {identity_id.name} exists.")
    if desired.spec.identity.resource_id is not None:
        return exists if identity else _missing(desired)
    if identity is None:
        create = CreateIdentity(id=identity_id, location=desired.spec.location, tags=desired.tags)
        creating = Progressing(reason=Reason.CREATING, message=f"Creating identity {identity_id.name}.")
        return Act(writes=(create,), meanwhile=creating)
    refusal = ownership.refusal(
        desired,
        what=f"Identity {identity_id}",
        id_=str(identity_id),
        tags=identity.tags,
        reference="spec.identity.resourceId",
    )
    if refusal:
        return refusal
    tags = ownership.missing_tags(desired, identity.tags)
    if tags is not None:
        tagging = Progressing(reason=Reason.UPDATING, message=f"Updating the tags of identity {identity_id.name}.")
        return Act(writes=(TagIdentity(id=identity_id, tags=tags),), meanwhile=tagging)
    return exists


def _missing(desired: Desired) -> Blocked:
    return Blocked(
        reason=Reason.IDENTITY_NOT_FOUND,
        message=f"Identity {desired.identity_id}, named by spec.identity.resourceId, does not exist. "
        "Create it, or correct the id.",
    )
