import dataclasses
from typing import Any

from acrcmk.api import status as statuses
from acrcmk.api.conditions import ConditionType, Reason
from acrcmk.domain import claim, names
from acrcmk.domain.outcome import Blocked, Stalled
from acrcmk.domain.subject import Subject
from tests.unit.domain import builders
from tests.unit.domain.builders import NOTHING, SUBSCRIPTION

OTHER = "99999999-9999-9999-9999-999999999999"


def first(spec: dict[str, Any] | None = None, **found: Any) -> Any:
    wish = builders.wish(wanted=builders.spec(**(spec or {})))
    return claim.first(wish, SUBSCRIPTION, dataclasses.replace(NOTHING, **found))


def pins(**changes: Any) -> statuses.EncryptedRegistryStatus:
    identity = names.identity_id("old-default", subscription=SUBSCRIPTION, group="rg")
    return statuses.EncryptedRegistryStatus(
        registry=statuses.RegistryStatus(id=str(builders.REGISTRY_ID)),
        identity=statuses.IdentityStatus(id=str(identity)),
        key=statuses.KeyStatus(name="old-key"),
    ).model_copy(update=changes)


def test_an_empty_azure_is_claimed_under_the_default_names() -> None:
    subject = first()
    assert isinstance(subject, Subject)
    assert subject.registry_id == builders.REGISTRY_ID
    assert subject.identity_id == builders.IDENTITY_ID
    assert subject.vault_id == builders.VAULT_ID
    assert subject.key_name == "acr-cmk"


def test_pinned_names_outlive_other_defaults() -> None:
    wish = builders.wish(status=pins(), subscription=OTHER)
    subject = claim.pinned(wish, builders.REGISTRY_ID)
    assert isinstance(subject, Subject)
    assert subject.registry_id.subscription == SUBSCRIPTION
    assert subject.identity_id.name == "old-default"
    assert subject.key_name == "old-key"


def test_the_spec_goes_before_a_pin() -> None:
    wanted = builders.spec(identity={"name": "new"}, key={"name": "new-key"})
    subject = claim.pinned(builders.wish(wanted=wanted, status=pins()), builders.REGISTRY_ID)
    assert isinstance(subject, Subject)
    assert (subject.identity_id.name, subject.key_name) == ("new", "new-key")


def test_a_spec_that_contradicts_the_pin_is_refused() -> None:
    wanted = builders.spec(subscriptionId=OTHER)
    refusal = claim.pinned(builders.wish(wanted=wanted, status=pins()), builders.REGISTRY_ID)
    assert isinstance(refusal, claim.Refusal)
    assert isinstance(refusal.outcome, Stalled)
    assert refusal.outcome.reason is Reason.PINNED_ELSEWHERE
    assert OTHER in refusal.outcome.message
    assert SUBSCRIPTION in refusal.outcome.message


def test_a_lost_status_is_found_again_in_the_registry() -> None:
    identity = names.identity_id("old-default", subscription=SUBSCRIPTION, group="rg")
    uri = "https://kv-images.vault.azure.net/keys/old-key"
    found = builders.registry(
        identities={identity: builders.CLIENT}, encryption=builders.encryption(key_identifier=uri)
    )
    subject = first(registry=found)
    assert isinstance(subject, Subject)
    assert (subject.identity_id, subject.key_name) == (identity, "old-key")


def test_a_lost_status_before_there_is_a_registry_is_found_again_by_owner_tags() -> None:
    identity = names.identity_id("old-default", subscription=SUBSCRIPTION, group="rg")
    key = builders.key(identifier=names.KeyIdentifier("kv-images.vault.azure.net", "old-key"))
    subject = first(
        vault=builders.vault(),
        identities=(builders.identity(id=identity), builders.identity(tags={})),
        keys=(key, builders.key(tags={})),
    )
    assert isinstance(subject, Subject)
    assert (subject.identity_id, subject.key_name) == (identity, "old-key")


def refused(**found: Any) -> claim.Refusal:
    refusal = first(**found)
    assert isinstance(refusal, claim.Refusal)
    return refusal


def test_a_foreign_registry_stops_the_claim_before_anything_is_created() -> None:
    refusal = refused(registry=builders.registry(tags={}))
    assert refusal.condition is ConditionType.REGISTRY_READY
    assert isinstance(refusal.outcome, Blocked)
    assert refusal.outcome.reason is Reason.ALREADY_EXISTS


def test_names_in_use_elsewhere_stop_the_claim_and_hint_at_another_subscription() -> None:
    registry = refused(registry_name_free=False)
    assert (registry.condition, registry.outcome.reason) == (ConditionType.REGISTRY_READY, Reason.NAME_TAKEN)
    assert "spec.subscriptionId" in registry.outcome.message
    vault = refused(vault_name_free=False)
    assert (vault.condition, vault.outcome.reason) == (ConditionType.VAULT_READY, Reason.NAME_TAKEN)


def test_a_soft_deleted_vault_is_told_as_such() -> None:
    refusal = refused(vault_name_free=False, vault_deleted=True)
    assert (refusal.condition, refusal.outcome.reason) == (ConditionType.VAULT_READY, Reason.VAULT_SOFT_DELETED)


async def test_no_subscription_at_all_is_an_invalid_spec() -> None:
    refusal = await claim.settle(builders.wish(subscription=None), None)  # type: ignore[arg-type]
    assert isinstance(refusal, claim.Refusal)
    assert refusal.outcome.reason is Reason.INVALID_SPEC
