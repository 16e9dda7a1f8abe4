"""Step `encryption`: does the registry say that it is encrypted with the wanted key, through the wanted identity?"""

from acrcmk.api.conditions import Reason
from acrcmk.domain import registry
from acrcmk.domain.decision import Decision
from acrcmk.domain.outcome import Blocked, Progressing, Ready
from acrcmk.domain.registry import Observed
from acrcmk.domain.subject import Subject

observe = registry.observe


def decide(subject: Subject, observed: Observed) -> Decision:
    """Judge the registry's encryption; never before Azure has finished (azure-behaviour.md 1.1: three generations)."""
    found, identity, wanted = observed.registry, observed.identity, observed.key
    if found is None or identity is None or wanted is None or not found.succeeded:
        return Progressing(reason=Reason.WAITING, message="Azure is at work on the registry; encryption is not judged.")
    if not found.encryption.enabled:
        return Blocked(
            reason=Reason.ENCRYPTION_NOT_ENABLED,
            message=f"Registry {subject.registry_id} says that its encryption is {found.encryption.status}.",
        )
    if not registry.uses(found, wanted, identity):
        return Blocked(
            reason=Reason.ENCRYPTION_MISMATCH,
            message=f"Registry {subject.registry_id} uses key {found.encryption.key_identifier} through identity "
            f"{found.encryption.identity}; wanted are {wanted} and {identity.client_id}.",
        )
    return Ready(message=f"Encrypted with key {wanted}.")
