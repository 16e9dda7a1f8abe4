"""Step `group`: the resource group, created only on request, never changed."""

import dataclasses

from acrcmk.api.conditions import Reason
from acrcmk.domain.decision import Act, Decision
from acrcmk.domain.outcome import Progressing, Ready
from acrcmk.domain.ports import Azure
from acrcmk.domain.subject import Subject
from acrcmk.domain.writes import CreateGroup


@dataclasses.dataclass(frozen=True, kw_only=True)
class Observed:
    """Whether the group exists; not asked unless the operator should create it."""

    exists: bool


async def observe(subject: Subject, azure: Azure) -> Observed:
    """Look for the group where its creation is wished for."""
    if not subject.spec.create_resource_group:
        return Observed(exists=True)
    group = subject.registry_id
    return Observed(exists=await azure.group_exists(group.subscription, group.group))


def decide(subject: Subject, observed: Observed) -> Decision:
    """Create the group when it is missing."""
    name = subject.registry_id.group
    if observed.exists:
        return Ready(message=f"Resource group {name} exists.")
    return Act(
        writes=(
            CreateGroup(
                subscription=subject.registry_id.subscription,
                name=name,
                location=subject.spec.location,
                tags=subject.tags,
            ),
        ),
        meanwhile=Progressing(reason=Reason.CREATING, message=f"Creating resource group {name}."),
    )
