"""Step `currency`: does the registry use the newest enabled key version? It informs, and never flips Ready."""

import dataclasses

from acrcmk.api.conditions import Reason
from acrcmk.domain import key, names
from acrcmk.domain.decision import Decision
from acrcmk.domain.names import KeyIdentifier
from acrcmk.domain.outcome import Progressing, Ready
from acrcmk.domain.ports import Azure
from acrcmk.domain.resources import Key, Registry
from acrcmk.domain.subject import Subject


@dataclasses.dataclass(frozen=True, kw_only=True)
class Observed:
    """The registry, the key's current version and the version that the registry uses."""

    registry: Registry | None
    current: Key | None
    used: Key | None


async def observe(subject: Subject, azure: Azure) -> Observed:
    """Read the registry and the key, and the version in use where that is not the current one."""
    registry = await azure.registry(subject.registry_id)
    current = (await key.observe(subject, azure)).current
    version = in_use(registry)
    used = current
    if version and current and not names.same(version, current.identifier.version):
        used = await azure.key_version(subject.vault_id, subject.key_name, version)
    return Observed(registry=registry, current=current, used=used)


def in_use(registry: Registry | None) -> str | None:
    """Return the key version that a registry uses, or None while it tells none."""
    identifier = registry.encryption.versioned_key_identifier if registry and registry.succeeded else None
    return KeyIdentifier.parse(identifier).version if identifier else None


def decide(_: Subject, observed: Observed) -> Decision:
    """Compare the version in use with the current one; a current version that is disabled is nothing to move to."""
    current, version = observed.current, in_use(observed.registry)
    if current is None or version is None:
        return Progressing(reason=Reason.WAITING, message="The registry does not tell which key version it uses.")
    if names.same(version, current.identifier.version) or not current.enabled:
        return Ready(reason=Reason.CURRENT, message=f"The registry uses key version {version}.")
    newer = f"The registry uses key version {version}; {current.identifier.version} is newer."
    if observed.registry and observed.registry.encryption.key_rotation_enabled:
        return Progressing(reason=Reason.ROTATION_PENDING, message=f"{newer} Azure moves to it within about an hour.")
    return Progressing(
        reason=Reason.NEWER_VERSION_AVAILABLE,
        message=f"{newer} To move, set spec.key.rotation.version; keep the old version enabled meanwhile.",
    )
