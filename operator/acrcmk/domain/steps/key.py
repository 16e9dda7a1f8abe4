"""Step `key`: the RSA key in the vault, and the key identifier that the registry is set to.

With an unversioned identifier Azure follows new versions by itself (automatic rotation); a versioned one stays.
"""

import dataclasses

from acrcmk.api.conditions import Reason
from acrcmk.domain import ids, ownership, queries, tags
from acrcmk.domain.desired import Desired
from acrcmk.domain.ids import KeyIdentifier
from acrcmk.domain.observed import Observed
from acrcmk.domain.outcome import Act, Blocked, Decision, Outcome, Progressing, Ready, Stalled
from acrcmk.domain.port import Azure
from acrcmk.domain.resources import Key, Registry, Vault
from acrcmk.domain.writes import CreateKey

SUPPORTED_TYPES = frozenset({"RSA", "RSA-HSM"})


async def observe(desired: Desired, observed: Observed, azure: Azure) -> Observed:
    """Read the key, and the versions that the registry is to use and uses, where those are not the current one."""
    if observed.vault is None or not observed.vault.succeeded:
        return observed
    key = await azure.read(queries.GetKey(vault=desired.vault_id, name=desired.key_name))
    if key is None:
        return observed
    identifier = desired_identifier(desired, key, observed.registry)

    async def version(name: str | None) -> Key | None:
        if name is None or ids.equal(name, key.identifier.version):
            return key
        return await azure.read(queries.GetKey(vault=desired.vault_id, name=desired.key_name, version=name))

    in_use = identifier_in_use(observed.registry)
    uses_this_key = in_use is not None and in_use.same_key(key.identifier)
    return dataclasses.replace(
        observed,
        key=key,
        key_identifier=identifier,
        target_version=await version(identifier.version),
        version_in_use=await version(in_use.version) if in_use and uses_this_key else None,
    )


def identifier_in_use(registry: Registry | None) -> KeyIdentifier | None:
    """Return the versioned identifier that a registry reports to use, or None while it reports none."""
    identifier = registry.encryption.versioned_key_identifier if registry and registry.succeeded else None
    return KeyIdentifier.parse(identifier) if identifier else None


def desired_identifier(desired: Desired, key: Key, registry: Registry | None) -> KeyIdentifier:
    """Return the identifier to give to the registry.

    Manual rotation without a specified version stays with the version that the registry uses, to which an
    administrator may move it; before that with the one pinned in status, else with the current one.
    """
    spec = desired.spec.key
    if spec.identifier:
        return KeyIdentifier.parse(spec.identifier)
    if spec.rotation.mode == "Automatic":
        return dataclasses.replace(key.identifier, version=None)
    if spec.rotation.version:
        return dataclasses.replace(key.identifier, version=spec.rotation.version)
    in_use = registry.encryption.versioned_key_identifier if registry else None
    pinned = desired.status.key.identifier if desired.status.key else None
    for identifier in filter(None, (in_use, pinned)):
        parsed = KeyIdentifier.parse(identifier)
        if parsed.version and parsed.same_key(key.identifier):
            return parsed
    return key.identifier


def decide(desired: Desired, observed: Observed) -> Decision:
    """Create a key that the spec names and that is missing; refuse one that the registry could not use."""
    mismatch = _other_vault(desired, observed.vault)
    if mismatch:
        return mismatch
    if observed.vault is None or not observed.vault.succeeded:
        return Progressing(reason=Reason.WAITING, message=f"Waiting for vault {desired.vault_id.name}.")
    if observed.key is None:
        return _missing(desired) if _is_referenced(desired) else _create(desired)
    return _foreign(desired, observed.key) or _unusable(desired, observed, observed.key) or _ready(observed)


def _is_referenced(desired: Desired) -> bool:
    return desired.spec.key.identifier is not None


def _create(desired: Desired) -> Act:
    spec, key_tags = desired.spec.key, tags.key_tags(desired.spec.tags, desired.owner)
    create = CreateKey(vault=desired.vault_id, name=desired.key_name, type=spec.type, size=spec.size, tags=key_tags)
    message = f"Creating key {desired.key_name} in vault {desired.vault_id.name}."
    return Act(writes=(create,), meanwhile=Progressing(reason=Reason.CREATING, message=message))


def _other_vault(desired: Desired, vault: Vault | None) -> Outcome | None:
    identifier = desired.spec.key.identifier
    if not identifier or vault is None or KeyIdentifier.parse(identifier).host == ids.vault_host(vault.uri):
        return None
    return Stalled(
        reason=Reason.KEY_VAULT_MISMATCH,
        message=f"spec.key.identifier {identifier} is not a key of vault {vault.uri}. Name its vault in spec.vault.",
    )


def _foreign(desired: Desired, key: Key) -> Outcome | None:
    if _is_referenced(desired):
        what = f"Key {key.identifier.unversioned}"
        return ownership.foreign_reference(desired, what=what, tags=key.tags, field="spec.key.identifier")
    return ownership.refusal(
        desired,
        what=f"Key {key.identifier.unversioned}",
        id_=desired.key_id,
        tags=key.tags,
        reference=f"spec.key.identifier: {key.identifier.unversioned}",
    )


def _unusable(desired: Desired, observed: Observed, key: Key) -> Outcome | None:
    target = observed.target_version
    if target is None:
        return Stalled(
            reason=Reason.KEY_NOT_FOUND,
            message=f"Key version {observed.key_identifier} does not exist. Correct the version in spec.key.",
        )
    if key.type not in SUPPORTED_TYPES:
        return Stalled(
            reason=Reason.KEY_TYPE_UNSUPPORTED,
            message=f"Key {key.identifier.unversioned} is of type {key.type}; registries take only RSA and RSA-HSM. "
            "Name another key in spec.key.",
        )
    return _fixed_property(desired, key) or _missing_operations(target) or _unusable_version(desired, observed, key)


def _unusable_version(desired: Desired, observed: Observed, key: Key) -> Outcome | None:
    """Judge the version in use and the version that the registry is to use, each by itself.

    A version in use that is unusable is reported even where the registry can be moved to a usable one, and the steps
    after this one run, since they move it. With automatic rotation a new version that is not usable yet blocks
    nothing: Azure stays with the version in use.
    """
    identifier = identifier_in_use(observed.registry)
    if identifier is None or not identifier.same_key(key.identifier):
        return _inactive(desired, observed.target_version) if observed.target_version else None
    if observed.version_in_use is None:
        return Blocked(
            reason=Reason.KEY_NOT_FOUND,
            message=f"Key version {identifier}, which the registry uses, does not exist. Recover the key, or move the "
            "registry to another version.",
            unlocks=True,
        )
    unusable = _inactive(desired, observed.version_in_use)
    if unusable is not None:
        return dataclasses.replace(unusable, unlocks=True)
    automatic = observed.key_identifier is not None and observed.key_identifier.version is None
    if automatic or observed.target_version is None:
        return None
    return _inactive(desired, observed.target_version)


def _missing_operations(version: Key) -> Blocked | None:
    missing = {"wrapKey", "unwrapKey"} - {
        name for name in ("wrapKey", "unwrapKey") if name.casefold() in version.operations
    }
    if not version.operations or not missing:
        return None
    return Blocked(
        reason=Reason.KEY_OPERATIONS_MISSING,
        message=f"Key version {version.identifier} does not permit {' and '.join(sorted(missing))}, which a registry "
        f"needs. Permit them: az keyvault key set-attributes --id {version.identifier} --ops wrapKey unwrapKey.",
    )


def _fixed_property(desired: Desired, key: Key) -> Outcome | None:
    spec = desired.spec.key
    if _is_referenced(desired) or (spec.type == key.type and key.size in {None, spec.size}):
        return None
    return Stalled(
        reason=Reason.IMMUTABLE_FIELD_CHANGED,
        message=f"Key {key.identifier.unversioned} is {key.type} {key.size}, the spec says {spec.type} {spec.size}. "
        "Azure fixes this at creation: put spec.key.type and size back, or set another spec.key.name.",
    )


def _inactive(desired: Desired, version: Key) -> Blocked | None:
    if not version.enabled:
        return Blocked(
            reason=Reason.KEY_DISABLED,
            message=f"Key version {version.identifier} is disabled, so the registry's images cannot be read. "
            f"Enable it: az keyvault key set-attributes --id {version.identifier} --enabled true.",
        )
    if version.expires is not None and version.expires <= desired.now:
        return Blocked(
            reason=Reason.KEY_EXPIRED,
            message=f"Key version {version.identifier} expired on {version.expires:%Y-%m-%d}: images can be "
            "read, but new ones cannot be protected. Rotate the key, or change its expiry.",
        )
    if version.not_before is not None and version.not_before > desired.now:
        return Blocked(
            reason=Reason.KEY_DISABLED,
            message=f"Key version {version.identifier} is not valid before {version.not_before:%Y-%m-%dT%H:%M:%SZ}.",
        )
    return None


def _missing(desired: Desired) -> Blocked:
    return Blocked(
        reason=Reason.KEY_NOT_FOUND,
        message=f"The key of spec.key.identifier {desired.spec.key.identifier} does not exist. "
        "Create or recover it, or correct the identifier.",
    )


def _ready(observed: Observed) -> Ready:
    return Ready(message=f"Key {observed.key_identifier} is enabled.")
