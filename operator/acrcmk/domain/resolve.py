"""Which Azure resources does an object stand for? Settled before anything is written, and never changed by accident.

Names that a default gave are pinned in status at first use. Where status was lost (a restore, a new cluster), what
Azure shows under our owner tag takes its place; where neither tells, both global names must be free, so that an
operator restarted with another default subscription cannot build a second set beside the first.
"""

import dataclasses

from acrcmk import api
from acrcmk.api import spec as specs
from acrcmk.api.conditions import ConditionType, Reason
from acrcmk.domain import names, ownership
from acrcmk.domain.names import KeyIdentifier, ResourceId
from acrcmk.domain.outcome import Blocked, Outcome, Stalled
from acrcmk.domain.ports import Azure
from acrcmk.domain.resources import Identity, Key, Registry, Vault
from acrcmk.domain.subject import Subject, Wish


@dataclasses.dataclass(frozen=True, kw_only=True)
class Refusal:
    """No claim: `outcome` belongs on `condition`, and no step runs."""

    condition: ConditionType
    outcome: Outcome


@dataclasses.dataclass(frozen=True, kw_only=True)
class Found:
    """What Azure shows to an object whose status pins nothing."""

    registry: Registry | None
    registry_name_free: bool
    vault: Vault | None
    vault_name_free: bool
    vault_deleted: bool
    identities: tuple[Identity, ...]
    keys: tuple[Key, ...]


async def settle(wish: Wish, azure: Azure) -> Subject | Refusal:
    """Settle the claim, asking Azure only when status pins nothing; raises `failures.AzureFailure`."""
    if wish.status.registry and wish.status.registry.id:
        return pinned(wish, ResourceId.parse(wish.status.registry.id))
    subscription = wish.spec.subscription_id or wish.defaults.subscription
    if subscription is None:
        return _stalled(
            Reason.INVALID_SPEC,
            "spec.subscriptionId is not set and the operator has no default subscription; set one of them.",
        )
    return first(wish, subscription, await _look(wish, subscription, azure))


def pinned(wish: Wish, pin: ResourceId) -> Subject | Refusal:
    """Go on with the pinned names; a spec that contradicts them is refused."""
    spec = wish.spec
    wanted = names.registry_id(
        spec.registry.name, subscription=spec.subscription_id or pin.subscription, group=spec.resource_group
    )
    if wanted != pin:
        return _stalled(
            Reason.PINNED_ELSEWHERE,
            f"This object stands for {pin} (status.registry.id), but its spec now names {wanted}. "
            "Put the spec back, or make a new object for the other registry.",
        )
    status = wish.status
    return _subject(
        wish,
        subscription=pin.subscription,
        identity=status.identity.id if status.identity else None,
        key=status.key.name if status.key else None,
    )


def first(wish: Wish, subscription: str, found: Found) -> Subject | Refusal:
    """Make the first claim from what Azure shows."""
    refusal = _foreign_registry(wish, found) or _taken_names(wish, subscription, found)
    if refusal:
        return refusal
    identity = _identity_in_use(found.registry) or _owned_identity(wish, found.identities)
    key = _key_in_use(found.registry) or _owned_key(wish, found.keys)
    return _subject(wish, subscription=subscription, identity=identity, key=key)


async def _look(wish: Wish, subscription: str, azure: Azure) -> Found:
    spec = wish.spec
    registry = await azure.registry(
        names.registry_id(spec.registry.name, subscription=subscription, group=spec.resource_group)
    )
    vault_id = _vault_id(wish, subscription)
    vault = await azure.vault(vault_id)
    unclaimed = vault is None and spec.vault.resource_id is None
    vault_free = not unclaimed or await azure.vault_name_free(subscription, vault_id.name)
    return Found(
        registry=registry,
        registry_name_free=registry is not None or await azure.registry_name_free(subscription, spec.registry.name),
        vault=vault,
        vault_name_free=vault_free,
        vault_deleted=not vault_free and await azure.vault_deleted(vault_id, names.location(spec.location)),
        identities=() if registry else await azure.identities(subscription, spec.resource_group),
        keys=() if registry or vault is None else await azure.keys(vault_id),
    )


def _foreign_registry(wish: Wish, found: Found) -> Refusal | None:
    if found.registry is None:
        return None
    outcome = ownership.refusal(wish, what=f"Registry {found.registry.id}", tags=found.registry.tags, reference=None)
    return Refusal(condition=ConditionType.REGISTRY_READY, outcome=outcome) if outcome else None


def _taken_names(wish: Wish, subscription: str, found: Found) -> Refusal | None:
    where = f"subscription {subscription}, resource group {wish.spec.resource_group}"
    hint = "If it is this object's own in another subscription, set spec.subscriptionId; else choose another name."
    if not found.registry_name_free:
        return Refusal(
            condition=ConditionType.REGISTRY_READY,
            outcome=Blocked(
                reason=Reason.NAME_TAKEN,
                message=f"The registry name {wish.spec.registry.name} is in use, but not in {where}. {hint}",
            ),
        )
    if found.vault_deleted:
        return Refusal(
            condition=ConditionType.VAULT_READY,
            outcome=Blocked(
                reason=Reason.VAULT_SOFT_DELETED,
                message=f"A vault named {wish.spec.vault.name} is soft-deleted in {where}. Recover it "
                f"(az keyvault recover --name {wish.spec.vault.name}), or choose another name.",
            ),
        )
    if not found.vault_name_free:
        return Refusal(
            condition=ConditionType.VAULT_READY,
            outcome=Blocked(
                reason=Reason.NAME_TAKEN,
                message=f"The vault name {wish.spec.vault.name} is in use, but not in {where}. {hint}",
            ),
        )
    return None


def _identity_in_use(registry: Registry | None) -> str | None:
    if registry is None:
        return None
    client = registry.encryption.identity
    return next((str(one) for one, client_id in registry.identities.items() if names.same(client_id, client)), None)


def _owned_identity(wish: Wish, identities: tuple[Identity, ...]) -> str | None:
    ours = [one for one in identities if one.tags.get(api.OWNER_TAG) == wish.owner]
    return str(ours[0].id) if len(ours) == 1 else None


def _key_in_use(registry: Registry | None) -> str | None:
    if registry is None or not registry.encryption.key_identifier:
        return None
    return KeyIdentifier.parse(registry.encryption.key_identifier).name


def _owned_key(wish: Wish, keys: tuple[Key, ...]) -> str | None:
    ours = [one for one in keys if one.tags.get(api.OWNER_TAG) == wish.owner]
    return ours[0].identifier.name if len(ours) == 1 else None


def _subject(wish: Wish, *, subscription: str, identity: str | None, key: str | None) -> Subject:
    spec = wish.spec
    given_key = KeyIdentifier.parse(spec.key.identifier).name if spec.key.identifier else spec.key.name
    return Subject(
        **{field.name: getattr(wish, field.name) for field in dataclasses.fields(Wish)},
        registry_id=names.registry_id(spec.registry.name, subscription=subscription, group=spec.resource_group),
        identity_id=_identity_id(wish, subscription, identity),
        vault_id=_vault_id(wish, subscription),
        key_name=given_key or key or specs.DEFAULT_KEY_NAME,
    )


def _identity_id(wish: Wish, subscription: str, pin: str | None) -> ResourceId:
    spec = wish.spec
    if spec.identity.resource_id:
        return ResourceId.parse(spec.identity.resource_id)
    if spec.identity.name is None and pin:
        return ResourceId.parse(pin)
    name = spec.identity.name or f"{wish.name}-acr"
    return names.identity_id(name, subscription=subscription, group=spec.resource_group)


def _vault_id(wish: Wish, subscription: str) -> ResourceId:
    vault = wish.spec.vault
    if vault.resource_id:
        return ResourceId.parse(vault.resource_id)
    return names.vault_id(vault.name or "", subscription=subscription, group=wish.spec.resource_group)


def _stalled(reason: Reason, message: str) -> Refusal:
    return Refusal(condition=ConditionType.REGISTRY_READY, outcome=Stalled(reason=reason, message=message))
