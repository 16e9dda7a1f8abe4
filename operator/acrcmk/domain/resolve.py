"""Resolve the Azure resources that an object stands for, before anything is written.

Ids are pinned in status at first use, and may be corrected in the spec until the registry was seen to exist. Where
status was lost (a restore, a new cluster), the registry that carries the owner tag tells the identity and the key in
use; where there is no registry, both global names must be free, so that an operator with another default subscription
cannot create a second set of resources.
"""

import dataclasses

from acrcmk.api.conditions import ConditionType, Reason
from acrcmk.api.spec import DEFAULT_KEY_NAME
from acrcmk.domain import ids, ownership, queries
from acrcmk.domain.desired import Desired, EncryptedRegistry
from acrcmk.domain.ids import KeyIdentifier, ResourceId
from acrcmk.domain.outcome import Blocked, Outcome, Stalled
from acrcmk.domain.port import Azure
from acrcmk.domain.resources import NameAvailability, Registry


@dataclasses.dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why no step is run; `outcome` is reported on `condition`, or on Ready alone where that is None."""

    outcome: Outcome
    condition: ConditionType | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Observed:
    """What Azure holds under the names of an object whose status pins nothing; None where it was not read."""

    registry: Registry | None = None
    registry_name: NameAvailability | None = None
    vault_name: NameAvailability | None = None
    vault_deleted: bool = False


async def resolve(registry: EncryptedRegistry, azure: Azure) -> Desired | Refusal:
    """Resolve the ids of an object; reads Azure only where status pins nothing. Raises `failures.AzureFailure`."""
    pinned = registry.status.registry
    if pinned and pinned.id and (pinned.first_observed or _names(registry, ResourceId.parse(pinned.id))):
        return from_status(registry, ResourceId.parse(pinned.id))
    subscription = registry.spec.subscription_id or registry.defaults.subscription
    if subscription is None:
        return _stalled(
            Reason.INVALID_SPEC,
            "spec.subscriptionId is not set and the operator has no default subscription; set one of them.",
        )
    return from_azure(registry, subscription, await _observe(registry, subscription, azure))


def from_status(registry: EncryptedRegistry, pinned_id: ResourceId) -> Desired | Refusal:
    """Resolve from the ids pinned in status; refuse a spec that contradicts them."""
    status, named_id = registry.status, _named_id(registry, pinned_id)
    if not _names(registry, pinned_id):
        return _stalled(
            Reason.PINNED_ELSEWHERE,
            f"This object stands for {pinned_id} (status.registry.id), but its spec names {named_id}. "
            "Put the spec back, or create a new object for the other registry.",
        )
    return _desired(
        registry,
        subscription=pinned_id.subscription,
        identity=status.identity.id if status.identity else None,
        key=status.key.name if status.key else None,
    )


def from_azure(registry: EncryptedRegistry, subscription: str, observed: Observed) -> Desired | Refusal:
    """Resolve from what Azure holds, for an object whose status pins nothing."""
    refusal = _foreign_registry(registry, observed) or _unavailable_name(registry, subscription, observed)
    if refusal:
        return refusal
    return _desired(
        registry,
        subscription=subscription,
        identity=_identity_in_use(observed.registry),
        key=_key_in_use(observed.registry),
    )


def _named_id(registry: EncryptedRegistry, pinned_id: ResourceId) -> ResourceId:
    spec = registry.spec
    subscription = spec.subscription_id or pinned_id.subscription
    return ids.registry_id(spec.registry.name, subscription=subscription, group=spec.resource_group)


def _names(registry: EncryptedRegistry, pinned_id: ResourceId) -> bool:
    """Whether the spec names the pinned registry."""
    return _named_id(registry, pinned_id) == pinned_id


async def _observe(registry: EncryptedRegistry, subscription: str, azure: Azure) -> Observed:
    spec = registry.spec
    registry_id = ids.registry_id(spec.registry.name, subscription=subscription, group=spec.resource_group)
    existing = await azure.read(queries.GetRegistry(id=registry_id))
    if existing is not None:
        return Observed(registry=existing)
    registry_name = await azure.read(queries.CheckRegistryName(id=registry_id))
    vault_id = _vault_id(registry, subscription)
    if spec.vault.resource_id or (await azure.read(queries.GetVault(id=vault_id))) is not None:
        return Observed(registry_name=registry_name)
    vault_name = await azure.read(queries.CheckVaultName(id=vault_id))
    deleted = queries.VaultIsDeleted(id=vault_id, location=ids.location(spec.location))
    return Observed(
        registry_name=registry_name,
        vault_name=vault_name,
        vault_deleted=not vault_name.available and await azure.read(deleted),
    )


def _foreign_registry(registry: EncryptedRegistry, observed: Observed) -> Refusal | None:
    if observed.registry is None:
        return None
    registry_id = observed.registry.id
    outcome = ownership.refusal(
        registry, what=f"Registry {registry_id}", id_=str(registry_id), tags=observed.registry.tags
    )
    return Refusal(condition=ConditionType.REGISTRY_READY, outcome=outcome) if outcome else None


def _unavailable_name(registry: EncryptedRegistry, subscription: str, observed: Observed) -> Refusal | None:
    spec = registry.spec
    place = f"subscription {subscription}, resource group {spec.resource_group}"
    if observed.registry_name and not observed.registry_name.available:
        return Refusal(
            condition=ConditionType.REGISTRY_READY,
            outcome=Blocked(
                reason=_reason(observed.registry_name),
                message=_unavailable(f"registry name {spec.registry.name}", observed.registry_name, place),
            ),
        )
    if observed.vault_deleted:
        return Refusal(
            condition=ConditionType.VAULT_READY,
            outcome=Blocked(
                reason=Reason.VAULT_SOFT_DELETED,
                message=f"A vault named {spec.vault.name} is soft-deleted in {place}. Recover it "
                f"(az keyvault recover --name {spec.vault.name}), or choose another name.",
            ),
        )
    if observed.vault_name and not observed.vault_name.available:
        return Refusal(
            condition=ConditionType.VAULT_READY,
            outcome=Blocked(
                reason=_reason(observed.vault_name),
                message=_unavailable(f"vault name {spec.vault.name}", observed.vault_name, place),
            ),
        )
    return None


def _is_in_use(availability: NameAvailability) -> bool:
    return not availability.reason or ids.equal(availability.reason, "AlreadyExists")


def _reason(availability: NameAvailability) -> Reason:
    return Reason.NAME_TAKEN if _is_in_use(availability) else Reason.NAME_NOT_ALLOWED


def _unavailable(what: str, availability: NameAvailability, place: str) -> str:
    """Return why a name cannot be used: in use elsewhere, or not allowed, as Azure says."""
    azure = f"Azure: {availability.message}" if availability.message else ""
    if not _is_in_use(availability):
        return f"The {what} cannot be used ({availability.reason}): choose another name. {azure}".rstrip()
    return (
        f"The {what} is in use, but not in {place}. If it belongs to this object in another subscription, set "
        f"spec.subscriptionId; a soft-deleted resource elsewhere may hold it, too; else choose another name. {azure}"
    ).rstrip()


def _identity_in_use(registry: Registry | None) -> str | None:
    if registry is None:
        return None
    client_id_in_use = registry.encryption.identity
    return next(
        (str(id_) for id_, client_id in registry.identities.items() if ids.equal(client_id, client_id_in_use)), None
    )


def _key_in_use(registry: Registry | None) -> str | None:
    if registry is None or not registry.encryption.key_identifier:
        return None
    return KeyIdentifier.parse(registry.encryption.key_identifier).name


def _desired(registry: EncryptedRegistry, *, subscription: str, identity: str | None, key: str | None) -> Desired:
    """Return the desired resources; `identity` (an id) and `key` (a name) override the defaults, not the spec."""
    spec = registry.spec
    specified_key = KeyIdentifier.parse(spec.key.identifier).name if spec.key.identifier else spec.key.name
    return Desired(
        **{field.name: getattr(registry, field.name) for field in dataclasses.fields(EncryptedRegistry)},
        registry_id=ids.registry_id(spec.registry.name, subscription=subscription, group=spec.resource_group),
        identity_id=_identity_id(registry, subscription, identity),
        vault_id=_vault_id(registry, subscription),
        key_name=specified_key or key or DEFAULT_KEY_NAME,
        ledger=registry.status.resources,
    )


def _identity_id(registry: EncryptedRegistry, subscription: str, known_id: str | None) -> ResourceId:
    spec = registry.spec
    if spec.identity.resource_id:
        return ResourceId.parse(spec.identity.resource_id)
    if spec.identity.name is None and known_id:
        return ResourceId.parse(known_id)
    name = spec.identity.name or f"{registry.name}-acr"
    return ids.identity_id(name, subscription=subscription, group=spec.resource_group)


def _vault_id(registry: EncryptedRegistry, subscription: str) -> ResourceId:
    vault = registry.spec.vault
    if vault.resource_id:
        return ResourceId.parse(vault.resource_id)
    return ids.vault_id(vault.name or "", subscription=subscription, group=registry.spec.resource_group)


def _stalled(reason: Reason, message: str) -> Refusal:
    return Refusal(condition=ConditionType.REGISTRY_READY, outcome=Stalled(reason=reason, message=message))
