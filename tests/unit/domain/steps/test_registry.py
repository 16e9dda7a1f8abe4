import dataclasses
import datetime
from typing import Any

import pytest

from acrcmk.api import status as statuses
from acrcmk.api.conditions import Reason
from acrcmk.domain.failures import AzureFailure, Kind
from acrcmk.domain.ids import KeyIdentifier
from acrcmk.domain.outcome import Act, Blocked, Outcome, Progressing, Ready, Stalled
from acrcmk.domain.resources import Encryption, FailedOperation, RegistrySettings
from acrcmk.domain.steps import encryption, registry
from acrcmk.domain.writes import CreateRegistry, UpdateRegistry
from tests.unit.domain import builders
from tests.unit.domain.builders import KEY_URI, NOW, VERSION_1

KEY = KeyIdentifier.parse(KEY_URI)
REFUSED = AzureFailure(kind=Kind.KEY_ACCESS, text="Failed to access KeyId", correlation_id="c-1")


observed = builders.observed


def decide(*, spec: dict[str, Any] | None = None, **changes: Any) -> Any:
    return registry.decide(builders.desired(**(spec or {})), observed(**changes))


def test_a_missing_registry_is_created_with_identity_and_key_at_once() -> None:
    decision = decide(registry=None)
    assert isinstance(decision, Act)
    (write,) = decision.writes
    assert isinstance(write, CreateRegistry)
    assert (write.identity, write.client_id, write.key) == (builders.IDENTITY_ID, builders.CLIENT, KEY)


@pytest.mark.parametrize("state", ["Creating", "Updating", "Deleting"])
def test_an_operation_under_way_is_waited_for_and_nothing_judged(state: str) -> None:
    actual = builders.registry(provisioning_state=state, encryption=Encryption(status="disabled"), identities={})
    decision = decide(registry=actual)
    assert isinstance(decision, Progressing)
    judged = encryption.decide(builders.desired(), observed(registry=actual))
    assert isinstance(judged, Progressing)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"location": "West Europe", "identity_type": "systemAssigned, userAssigned"},
        {"encryption": builders.encryption(key_identifier="https://KV-images.vault.azure.net/keys/ACR-cmk/")},
        {"tags": {**builders.OWN_TAGS, "foreign": "tag"}},
        {"sku": "premium"},
    ],
)
def test_spelling_and_foreign_things_cause_no_write(changes: dict[str, Any]) -> None:
    assert isinstance(decide(registry=builders.registry(**changes)), Ready)


@pytest.mark.parametrize(
    ("spec", "changes", "update"),
    [
        ({"tags": {"a": "b"}}, {}, {"tags": {"a": "b", **builders.OWN_TAGS}}),
        (
            {"tags": {"a": "b"}},
            {"tags": {**builders.OWN_TAGS, "x": "y"}},
            {"tags": {"x": "y", "a": "b", **builders.OWN_TAGS}},
        ),
        (
            {"registry": {"name": "teamaimages", "adminUserEnabled": True}},
            {},
            {"settings": RegistrySettings(admin_user_enabled=True)},
        ),
        (
            {
                "registry": {
                    "name": "teamaimages",
                    "networkRules": {"defaultAction": "Deny", "ipRules": ["1.2.3.0/24"]},
                }
            },
            {},
            {"settings": RegistrySettings(network_default_action="Deny", ip_rules=frozenset({"1.2.3.0/24"}))},
        ),
        (
            {"registry": {"name": "teamaimages", "policies": {"retentionDays": 7}}},
            {},
            {"settings": RegistrySettings(retention_enabled=True, retention_days=7)},
        ),
        (
            {},
            {"identities": {}},
            {
                "identity": builders.IDENTITY_ID,
                "identity_type": "UserAssigned",
                "key": KEY,
                "client_id": builders.CLIENT,
            },
        ),
        (
            {},
            {"identities": {}, "identity_type": "systemAssigned"},
            {
                "identity": builders.IDENTITY_ID,
                "identity_type": "SystemAssigned, UserAssigned",
                "key": KEY,
                "client_id": builders.CLIENT,
            },
        ),
        (
            {},
            {"encryption": builders.encryption(key_identifier=f"{KEY_URI}/{VERSION_1}")},
            {"key": KEY, "client_id": builders.CLIENT},
        ),
        (
            {},
            {"encryption": builders.encryption(identity=builders.TENANT)},
            {"key": KEY, "client_id": builders.CLIENT},
        ),
    ],
)
def test_the_patch_holds_what_differs_and_nothing_else(
    spec: dict[str, Any], changes: dict[str, Any], update: dict[str, Any]
) -> None:
    decision = decide(spec=spec, registry=builders.registry(**changes))
    assert isinstance(decision, Act)
    assert decision.writes == (UpdateRegistry(id=builders.REGISTRY_ID, **update),)


@pytest.mark.parametrize(
    ("changes", "kind", "reason"),
    [
        ({"tags": {}}, Blocked, Reason.ALREADY_EXISTS),
        ({"tags": {"acrcmk-owner": "cluster/b/c"}}, Stalled, Reason.OWNERSHIP_CONFLICT),
        ({"sku": "Basic"}, Stalled, Reason.SKU_NOT_PREMIUM),
        ({"location": "northeurope"}, Stalled, Reason.IMMUTABLE_FIELD_CHANGED),
        ({"encryption": Encryption(status="disabled")}, Stalled, Reason.ENCRYPTION_NOT_ENABLED),
    ],
)
def test_a_registry_that_cannot_be_ours_is_left_alone(changes: dict[str, Any], kind: type, reason: Reason) -> None:
    decision = decide(registry=builders.registry(**changes))
    assert isinstance(decision, kind)
    assert decision.reason is reason


def explained(*, age: datetime.timedelta | None) -> Outcome:
    created = None if age is None else NOW - age
    assignments = (builders.assignment(created=created),)
    return registry.explain(builders.desired(), observed(assignments=assignments), REFUSED, doing="create registry x")


@pytest.mark.parametrize("age", [None, datetime.timedelta(), datetime.timedelta(minutes=14, seconds=59)])
def test_a_refused_key_is_explained_by_propagation_within_the_budget(age: datetime.timedelta | None) -> None:
    outcome = explained(age=age)
    assert isinstance(outcome, Progressing)
    assert outcome.reason is Reason.PROPAGATING
    assert "Failed to access KeyId" in outcome.message
    assert "c-1" in outcome.message


def test_a_refused_key_after_the_budget_needs_somebody() -> None:
    outcome = explained(age=datetime.timedelta(minutes=15))
    assert isinstance(outcome, Blocked)
    assert outcome.reason is Reason.KEY_ACCESS_DENIED


@pytest.mark.parametrize(("age", "pause"), [(0, 60.0), (20, 40.0), (59.8, 5.98), (100, 10.0), (600, 60.0)])
def test_a_role_is_tried_again_when_it_usually_takes_effect_and_then_at_a_tenth_of_its_age(
    age: float, pause: float
) -> None:
    outcome = explained(age=datetime.timedelta(seconds=age))
    assert isinstance(outcome, Progressing)
    assert (outcome.retry_at - NOW).total_seconds() == pytest.approx(pause)


def failed(kind: Kind, *, count: int = 1, ago: float = 0.0) -> FailedOperation:
    failure = AzureFailure(kind=kind, text="InternalServerError: no", correlation_id="c-2")
    return FailedOperation(failure=failure, count=count, at=NOW - datetime.timedelta(seconds=ago))


def test_a_failed_operation_is_begun_again_after_a_pause_that_grows() -> None:
    def after(*, count: int, ago: float) -> Any:
        attempt = failed(Kind.REJECTED, count=count, ago=ago)
        return decide(registry=builders.registry(provisioning_state="Failed", last_failure=attempt))

    resting = after(count=3, ago=10.0)
    assert isinstance(resting, Blocked)
    assert resting.retry_after == 50.0
    assert "InternalServerError: no" in resting.message
    again = after(count=3, ago=60.0)
    assert isinstance(again, Act)
    assert again.writes == (UpdateRegistry(id=builders.REGISTRY_ID, key=KEY, client_id=builders.CLIENT),)


FAILED_CREATE = builders.registry(provisioning_state="Failed", encryption=Encryption(status="disabled"))
CREATED = statuses.ResourceStatus(id=str(builders.REGISTRY_ID), purpose="Registry", created_by_operator=True)
HANDED_OVER = CREATED.model_copy(update={"created_by_operator": False})


def with_ledger(*entries: statuses.ResourceStatus, first_ready: datetime.datetime | None = None) -> Any:
    known = statuses.RegistryStatus(first_ready=first_ready)
    return builders.desired(status=statuses.EncryptedRegistryStatus(resources=entries, registry=known))


def test_an_own_first_create_that_failed_before_it_had_its_key_is_put_again_not_patched() -> None:
    decision = registry.decide(with_ledger(CREATED), observed(registry=FAILED_CREATE))
    assert isinstance(decision, Act)
    assert isinstance(decision.writes[0], CreateRegistry)
    assert decision.meanwhile.reason is Reason.PROVISIONING_FAILED


@pytest.mark.parametrize("desired", [with_ledger(), with_ledger(HANDED_OVER), with_ledger(CREATED, first_ready=NOW)])
def test_a_failed_registry_without_key_that_may_hold_images_is_never_put(desired: Any) -> None:
    decision = registry.decide(desired, observed(registry=FAILED_CREATE))
    assert isinstance(decision, Stalled)
    assert decision.reason is Reason.ENCRYPTION_NOT_ENABLED


def test_a_failed_repair_goes_on_with_what_is_still_different() -> None:
    settings = RegistrySettings(admin_user_enabled=True)
    spec = {"registry": {"name": "teamaimages", "adminUserEnabled": True}}
    decision = decide(spec=spec, registry=builders.registry(provisioning_state="Failed"))
    assert isinstance(decision, Act)
    assert decision.writes == (UpdateRegistry(id=builders.REGISTRY_ID, settings=settings),)


def test_a_creation_that_failed_for_a_grant_pauses_as_the_grant_does() -> None:
    assignment = builders.assignment(created=NOW - datetime.timedelta(seconds=70))
    last = failed(Kind.KEY_ACCESS, count=9, ago=10)
    actual = builders.registry(provisioning_state="Failed", last_failure=last)
    assert isinstance(decide(registry=actual, assignments=(assignment,)), Act)
    just_now = builders.registry(provisioning_state="Failed", last_failure=failed(Kind.KEY_ACCESS, ago=1))
    pausing = decide(registry=just_now, assignments=(assignment,))
    assert isinstance(pausing, Progressing)
    assert pausing.retry_after == pytest.approx(5.9)


def test_encryption_is_ready_only_with_the_wanted_key_and_identity() -> None:
    desired = builders.desired()
    assert isinstance(encryption.decide(desired, observed()), Ready)
    other = builders.registry(encryption=builders.encryption(identity=builders.TENANT))
    mismatch = encryption.decide(desired, observed(registry=other))
    assert isinstance(mismatch, Blocked)
    assert mismatch.reason is Reason.ENCRYPTION_MISMATCH
    off = dataclasses.replace(builders.registry(), encryption=Encryption(status="disabled"))
    assert isinstance(encryption.decide(desired, observed(registry=off)), Blocked)
