import dataclasses
from typing import Any

from acrcmk.api import status as statuses
from acrcmk.api.conditions import ConditionType, Reason
from acrcmk.domain import ids, resolve
from acrcmk.domain.desired import Desired
from acrcmk.domain.outcome import Blocked, Stalled
from acrcmk.domain.resources import NameAvailability
from tests.unit.domain import builders
from tests.unit.domain.builders import NOTHING, SUBSCRIPTION

IN_USE = NameAvailability(available=False, reason="AlreadyExists", message="in use")
OTHER = "99999999-9999-9999-9999-999999999999"


def first(spec: dict[str, Any] | None = None, **existing: Any) -> Any:
    registry = builders.encrypted_registry(spec=builders.new_spec(**(spec or {})))
    return resolve.from_azure(registry, SUBSCRIPTION, dataclasses.replace(NOTHING, **existing))


def pins(**changes: Any) -> statuses.EncryptedRegistryStatus:
    identity = ids.identity_id("old-default", subscription=SUBSCRIPTION, group="rg")
    return statuses.EncryptedRegistryStatus(
        registry=statuses.RegistryStatus(id=str(builders.REGISTRY_ID)),
        identity=statuses.IdentityStatus(id=str(identity)),
        key=statuses.KeyStatus(name="old-key"),
    ).model_copy(update=changes)


def test_an_empty_azure_is_resolved_to_the_default_names() -> None:
    desired = first()
    assert isinstance(desired, Desired)
    assert desired.registry_id == builders.REGISTRY_ID
    assert desired.identity_id == builders.IDENTITY_ID
    assert desired.vault_id == builders.VAULT_ID
    assert desired.key_name == "acr-cmk"


def test_pinned_names_outlive_other_defaults() -> None:
    registry = builders.encrypted_registry(status=pins(), subscription=OTHER)
    desired = resolve.from_status(registry, builders.REGISTRY_ID)
    assert isinstance(desired, Desired)
    assert desired.registry_id.subscription == SUBSCRIPTION
    assert desired.identity_id.name == "old-default"
    assert desired.key_name == "old-key"


def test_the_spec_goes_before_a_pin() -> None:
    spec = builders.new_spec(identity={"name": "new"}, key={"name": "new-key"})
    desired = resolve.from_status(builders.encrypted_registry(spec=spec, status=pins()), builders.REGISTRY_ID)
    assert isinstance(desired, Desired)
    assert (desired.identity_id.name, desired.key_name) == ("new", "new-key")


def test_a_spec_that_contradicts_the_pin_is_refused() -> None:
    spec = builders.new_spec(subscriptionId=OTHER)
    refusal = resolve.from_status(builders.encrypted_registry(spec=spec, status=pins()), builders.REGISTRY_ID)
    assert isinstance(refusal, resolve.Refusal)
    assert isinstance(refusal.outcome, Stalled)
    assert refusal.outcome.reason is Reason.PINNED_ELSEWHERE
    assert OTHER in refusal.outcome.message
    assert SUBSCRIPTION in refusal.outcome.message


def test_a_lost_status_is_found_again_in_the_registry() -> None:
    identity = ids.identity_id("old-default", subscription=SUBSCRIPTION, group="rg")
    uri = "https://kv-images.vault.azure.net/keys/old-key"
    existing = builders.registry(
        identities={identity: builders.CLIENT}, encryption=builders.encryption(key_identifier=uri)
    )
    desired = first(registry=existing)
    assert isinstance(desired, Desired)
    assert (desired.identity_id, desired.key_name) == (identity, "old-key")


def refused(**existing: Any) -> resolve.Refusal:
    refusal = first(**existing)
    assert isinstance(refusal, resolve.Refusal)
    return refusal


def test_a_foreign_registry_stops_the_claim_before_anything_is_created() -> None:
    refusal = refused(registry=builders.registry(tags={}))
    assert refusal.condition is ConditionType.REGISTRY_READY
    assert isinstance(refusal.outcome, Blocked)
    assert refusal.outcome.reason is Reason.ALREADY_EXISTS


def test_names_in_use_elsewhere_stop_the_claim_and_hint_at_another_subscription() -> None:
    registry = refused(registry_name=IN_USE)
    assert (registry.condition, registry.outcome.reason) == (ConditionType.REGISTRY_READY, Reason.NAME_TAKEN)
    assert "spec.subscriptionId" in registry.outcome.message
    vault = refused(vault_name=IN_USE)
    assert (vault.condition, vault.outcome.reason) == (ConditionType.VAULT_READY, Reason.NAME_TAKEN)


def test_a_soft_deleted_vault_is_reported_as_such() -> None:
    refusal = refused(vault_name=IN_USE, vault_deleted=True)
    assert (refusal.condition, refusal.outcome.reason) == (ConditionType.VAULT_READY, Reason.VAULT_SOFT_DELETED)


async def test_no_subscription_at_all_is_an_invalid_spec() -> None:
    refusal = await resolve.resolve(builders.encrypted_registry(subscription=None), None)  # type: ignore[arg-type]
    assert isinstance(refusal, resolve.Refusal)
    assert refusal.outcome.reason is Reason.INVALID_SPEC
