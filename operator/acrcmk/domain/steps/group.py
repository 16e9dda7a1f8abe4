"""Step `group`: the resource group, created only where the spec asks for it, never changed."""

import dataclasses

from acrcmk.api.conditions import Reason
from acrcmk.domain import queries
from acrcmk.domain.desired import Desired
from acrcmk.domain.observed import Observed
from acrcmk.domain.outcome import Act, Decision, Progressing, Ready
from acrcmk.domain.port import Azure
from acrcmk.domain.writes import CreateGroup


async def observe(desired: Desired, observed: Observed, azure: Azure) -> Observed:
    """Read whether the group exists; not read where the operator must not create it."""
    if not desired.spec.create_resource_group:
        return observed
    registry_id = desired.registry_id
    group = queries.GroupExists(subscription=registry_id.subscription, name=registry_id.group)
    return dataclasses.replace(observed, group_exists=await azure.read(group))


def decide(desired: Desired, observed: Observed) -> Decision:
    """Create the group where it is missing."""
    name = desired.registry_id.group
    if observed.group_exists is not False:
        return Ready(message=f"Resource group {name} exists.")
    create = CreateGroup(
        subscription=desired.registry_id.subscription,
        name=name,
        location=desired.spec.location,
        tags=desired.tags,
    )
    return Act(
        writes=(create,),
        meanwhile=Progressing(reason=Reason.CREATING, message=f"Creating resource group {name}."),
    )
