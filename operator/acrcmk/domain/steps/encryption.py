"""Step `encryption`: whether the registry reports that it is encrypted with the desired key and identity."""

from acrcmk.api.conditions import Reason
from acrcmk.domain.desired import Desired
from acrcmk.domain.observed import Observed
from acrcmk.domain.outcome import Blocked, Decision, Progressing, Ready
from acrcmk.domain.steps import registry as registry_step


def decide(desired: Desired, observed: Observed) -> Decision:
    """Judge the registry's encryption, never while an operation is in progress (azure-behaviour.md 1.1)."""
    registry, identity, identifier = observed.registry, observed.identity, observed.key_identifier
    if registry is None or identity is None or identifier is None or not registry.succeeded:
        return Progressing(reason=Reason.WAITING, message="An operation is in progress on the registry.")
    if not registry.encryption.enabled:
        return Blocked(
            reason=Reason.ENCRYPTION_NOT_ENABLED,
            message=f"The encryption status of registry {desired.registry_id} is {registry.encryption.status}.",
        )
    if not registry_step.uses(registry, identifier, identity):
        return Blocked(
            reason=Reason.ENCRYPTION_MISMATCH,
            message=f"Registry {desired.registry_id} uses key {registry.encryption.key_identifier} through identity "
            f"{registry.encryption.identity}; the spec asks for {identifier} and {identity.client_id}.",
        )
    return Ready(message=f"Encrypted with key {identifier}.")
