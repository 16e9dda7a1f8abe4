"""Step `identity`: the user-assigned managed identity with which the registry reaches the key."""

import dataclasses

from acrcmk.api.conditions import Reason
from acrcmk.domain import ownership, resources
from acrcmk.domain.decision import Act, Decision
from acrcmk.domain.outcome import Blocked, Progressing, Ready
from acrcmk.domain.ports import Azure
from acrcmk.domain.subject import Subject
from acrcmk.domain.writes import CreateIdentity, TagIdentity


@dataclasses.dataclass(frozen=True, kw_only=True)
class Observed:
    """The identity, or None when it is not there."""

    identity: resources.Identity | None


async def observe(subject: Subject, azure: Azure) -> Observed:
    """Read the identity."""
    return Observed(identity=await azure.identity(subject.identity_id))


def decide(subject: Subject, observed: Observed) -> Decision:
    """Create the identity when it is ours and missing; a referenced one is only looked at."""
    what, identity = f"Identity {subject.identity_id}", observed.identity
    exists = f"Identity {subject.identity_id.name} exists."
    if not subject.owns_identity:
        return Ready(message=exists) if identity else _missing(what)
    if identity is None:
        return Act(
            writes=(CreateIdentity(id=subject.identity_id, location=subject.spec.location, tags=subject.tags),),
            meanwhile=Progressing(reason=Reason.CREATING, message=f"Creating identity {subject.identity_id.name}."),
        )
    refusal = ownership.refusal(subject, what=what, tags=identity.tags, reference="spec.identity.resourceId")
    if refusal:
        return refusal
    tags = ownership.missing_tags(subject, identity.tags)
    if tags is not None:
        return Act(
            writes=(TagIdentity(id=subject.identity_id, tags=tags),),
            meanwhile=Progressing(reason=Reason.UPDATING, message=f"Tagging identity {subject.identity_id.name}."),
        )
    return Ready(message=exists)


def _missing(what: str) -> Blocked:
    return Blocked(
        reason=Reason.IDENTITY_NOT_FOUND,
        message=f"{what}, named by spec.identity.resourceId, does not exist. Create it, or correct the id.",
    )
