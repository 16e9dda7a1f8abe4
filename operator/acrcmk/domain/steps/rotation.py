"""Step `rotation`: whether the registry uses the newest enabled key version. Informational: never changes Ready."""

from acrcmk.api.conditions import Reason
from acrcmk.domain import ids
from acrcmk.domain.desired import Desired
from acrcmk.domain.observed import Observed
from acrcmk.domain.outcome import Decision, Progressing, Ready
from acrcmk.domain.steps import key as key_step


def decide(_: Desired, observed: Observed) -> Decision:
    """Compare the version in use with the current one; a current version that is disabled cannot be moved to."""
    current, in_use = observed.key, key_step.identifier_in_use(observed.registry)
    if current is None or in_use is None:
        return Progressing(reason=Reason.WAITING, message="The registry does not report which key version it uses.")
    version = in_use.version
    if ids.equal(version, current.identifier.version) or not current.enabled:
        return Ready(reason=Reason.CURRENT, message=f"The registry uses key version {version}.")
    newer = f"The registry uses key version {version}; {current.identifier.version} is newer."
    if observed.registry and observed.registry.encryption.key_rotation_enabled:
        return Progressing(reason=Reason.ROTATION_PENDING, message=f"{newer} Azure moves to it within about an hour.")
    return Progressing(
        reason=Reason.NEWER_VERSION_AVAILABLE,
        message=f"{newer} To move, set spec.key.rotation.version; keep the old version enabled until then.",
    )
