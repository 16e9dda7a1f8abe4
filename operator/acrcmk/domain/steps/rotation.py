"""Step `rotation`: whether the registry uses the newest key version. Informational: never changes Ready."""

import datetime

from acrcmk.api.conditions import Reason
from acrcmk.domain import ids
from acrcmk.domain.desired import Desired
from acrcmk.domain.observed import Observed
from acrcmk.domain.outcome import Blocked, Decision, Progressing, Ready
from acrcmk.domain.resources import Key
from acrcmk.domain.steps import key as key_step

_ROTATION_TIME = datetime.timedelta(hours=1, minutes=30)
"""Azure moves a registry to a new version within one hour (azure-behaviour.md 5); with a margin."""


def decide(desired: Desired, observed: Observed) -> Decision:
    """Compare the version in use with the current one."""
    current, in_use = observed.key, key_step.identifier_in_use(observed.registry)
    if current is None or in_use is None or observed.registry is None:
        return Progressing(reason=Reason.WAITING, message="The registry does not report which key version it uses.")
    version, newest = in_use.version, current.identifier.version
    if not in_use.same_key(current.identifier) or ids.equal(version, newest):
        return Ready(reason=Reason.CURRENT, message=f"The registry uses key version {version}.")
    newer = f"The registry uses key version {version}; {newest} is newer"
    unusable = _unusable(desired, current)
    if unusable:
        return Progressing(reason=Reason.NEWEST_VERSION_UNUSABLE, message=f"{newer}, but {unusable}.")
    if not observed.registry.encryption.key_rotation_enabled:
        return Progressing(
            reason=Reason.NEWER_VERSION_AVAILABLE,
            message=f"{newer}. To move, set spec.key.rotation.version; keep the old version enabled until then.",
        )
    if _usable_for(desired, current) < _ROTATION_TIME:
        return Progressing(reason=Reason.ROTATION_PENDING, message=f"{newer}. Azure moves to it within about an hour.")
    return Blocked(
        reason=Reason.ROTATION_OVERDUE,
        message=f"{newer}, and Azure has not moved to it for more than an hour. Check that the identity may use the "
        "new version, and that the vault's firewall allows trusted Azure services.",
    )


def _unusable(desired: Desired, version: Key) -> str | None:
    if not version.enabled:
        return "disabled"
    if version.expires is not None and version.expires <= desired.now:
        return f"expired since {version.expires:%Y-%m-%d}"
    if version.not_before is not None and version.not_before > desired.now:
        return f"not valid before {version.not_before:%Y-%m-%dT%H:%M:%SZ}"
    return None


def _usable_for(desired: Desired, version: Key) -> datetime.timedelta:
    """Return for how long a version could have been used; zero where Azure does not tell when it was created."""
    since = max(filter(None, (version.created, version.not_before)), default=desired.now)
    return desired.now - since
