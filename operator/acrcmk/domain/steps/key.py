"""Step `key`: the RSA key in the vault, and the identifier by which the registry is given it.

Unversioned identifier: Azure follows new versions by itself (automatic rotation). Versioned: it never moves by itself.
"""

import dataclasses

from acrcmk.api.conditions import Reason
from acrcmk.domain import names, ownership
from acrcmk.domain.decision import Act, Decision
from acrcmk.domain.names import KeyIdentifier
from acrcmk.domain.outcome import Blocked, Outcome, Progressing, Ready, Stalled
from acrcmk.domain.ports import Azure
from acrcmk.domain.resources import Key, Registry, Vault
from acrcmk.domain.subject import Subject
from acrcmk.domain.writes import CreateKey

RSA = frozenset({"RSA", "RSA-HSM"})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Observed:
    """The key with its current version, and the version that the registry is to use."""

    vault: Vault | None
    current: Key | None
    identifier: KeyIdentifier | None
    """What the registry is to be given; None while the key is not there."""
    used: Key | None
    """The version behind `identifier`; None when it does not exist."""


async def observe(subject: Subject, azure: Azure) -> Observed:
    """Read the key, and the version in question where that is not the current one."""
    vault = await azure.vault(subject.vault_id)
    usable = vault is not None and vault.succeeded
    current = await azure.key(subject.vault_id, subject.key_name) if usable else None
    if current is None:
        return Observed(vault=vault, current=None, identifier=None, used=None)
    wanted = identifier(subject, current, await azure.registry(subject.registry_id))
    used: Key | None = current
    if wanted.version not in {None, current.identifier.version}:
        used = await azure.key_version(subject.vault_id, subject.key_name, wanted.version or "")
    return Observed(vault=vault, current=current, identifier=wanted, used=used)


def identifier(subject: Subject, current: Key, registry: Registry | None) -> KeyIdentifier:
    """Return the identifier to give to the registry.

    Manual rotation without a stated version stays with the version this object first used: the one pinned in
    status, else the one in the registry, else the current one.
    """
    spec = subject.spec.key
    if spec.identifier:
        return KeyIdentifier.parse(spec.identifier)
    if spec.rotation.mode == "Automatic":
        return dataclasses.replace(current.identifier, version=None)
    if spec.rotation.version:
        return dataclasses.replace(current.identifier, version=spec.rotation.version)
    pins = [subject.status.key.identifier if subject.status.key else None]
    pins.append(registry.encryption.versioned_key_identifier if registry else None)
    for pin in filter(None, pins):
        parsed = KeyIdentifier.parse(pin)
        if parsed.version and parsed.same_key(current.identifier):
            return parsed
    return current.identifier


def decide(subject: Subject, observed: Observed) -> Decision:
    """Create the key when it is ours and missing; refuse what the registry could not use."""
    mismatch = _elsewhere(subject, observed.vault)
    if mismatch:
        return mismatch
    if observed.vault is None or not observed.vault.succeeded:
        return Progressing(reason=Reason.WAITING, message=f"Waiting for vault {subject.vault_id.name}.")
    if observed.current is None:
        return _create(subject) if subject.owns_key else _missing(subject)
    return _foreign(subject, observed.current) or _unusable(subject, observed) or _ready(observed)


def _create(subject: Subject) -> Act:
    spec = subject.spec.key
    create = CreateKey(vault=subject.vault_id, name=subject.key_name, type=spec.type, size=spec.size, tags=subject.tags)
    message = f"Creating key {subject.key_name} in vault {subject.vault_id.name}."
    return Act(writes=(create,), meanwhile=Progressing(reason=Reason.CREATING, message=message))


def _elsewhere(subject: Subject, vault: Vault | None) -> Outcome | None:
    given = subject.spec.key.identifier
    if not given or vault is None or KeyIdentifier.parse(given).host == names.vault_host(vault.uri):
        return None
    return Stalled(
        reason=Reason.KEY_VAULT_MISMATCH,
        message=f"spec.key.identifier {given} is not a key of vault {vault.uri}. Name its vault in spec.vault.",
    )


def _foreign(subject: Subject, key: Key) -> Outcome | None:
    if not subject.owns_key:
        return None
    return ownership.refusal(
        subject,
        what=f"Key {key.identifier.unversioned}",
        tags=key.tags,
        reference=f"spec.key.identifier: {key.identifier.unversioned}",
    )


def _unusable(subject: Subject, observed: Observed) -> Outcome | None:
    key, used = observed.current, observed.used
    if key is None or used is None:
        return Stalled(
            reason=Reason.KEY_NOT_FOUND,
            message=f"Key version {observed.identifier} does not exist. Correct the version in spec.key.",
        )
    if key.type not in RSA:
        return Stalled(
            reason=Reason.KEY_TYPE_UNSUPPORTED,
            message=f"Key {key.identifier.unversioned} is of type {key.type}; registries take only RSA and RSA-HSM. "
            "Name another key in spec.key.",
        )
    return _changed(subject, key) or _inactive(subject, used)


def _changed(subject: Subject, key: Key) -> Outcome | None:
    spec = subject.spec.key
    if not subject.owns_key or (spec.type == key.type and key.size in {None, spec.size}):
        return None
    return Stalled(
        reason=Reason.IMMUTABLE_FIELD_CHANGED,
        message=f"Key {key.identifier.unversioned} is {key.type} {key.size}, the spec says {spec.type} {spec.size}. "
        "Azure fixes this at creation: put spec.key.type and size back, or set another spec.key.name.",
    )


def _inactive(subject: Subject, used: Key) -> Outcome | None:
    if not used.enabled:
        return Blocked(
            reason=Reason.KEY_DISABLED,
            message=f"Key version {used.identifier} is disabled, so the registry's images cannot be read. Enable it: "
            f"az keyvault key set-attributes --id {used.identifier} --enabled true.",
        )
    if used.expires is not None and used.expires <= subject.now:
        return Blocked(
            reason=Reason.KEY_EXPIRED,
            message=f"Key version {used.identifier} expired on {used.expires:%Y-%m-%d}: it still reads, but cannot "
            "protect new images. Rotate the key, or move its expiry.",
        )
    if used.not_before is not None and used.not_before > subject.now:
        return Blocked(
            reason=Reason.KEY_DISABLED,
            message=f"Key version {used.identifier} is not valid before {used.not_before:%Y-%m-%dT%H:%M:%SZ}.",
        )
    return None


def _missing(subject: Subject) -> Blocked:
    return Blocked(
        reason=Reason.KEY_NOT_FOUND,
        message=f"The key of spec.key.identifier {subject.spec.key.identifier} does not exist. "
        "Create or recover it, or correct the identifier.",
    )


def _ready(observed: Observed) -> Ready:
    return Ready(message=f"Key {observed.identifier} is enabled.")
