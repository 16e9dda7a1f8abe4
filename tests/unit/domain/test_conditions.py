import datetime

import pytest

from acrcmk.api.conditions import Condition, ConditionType, Reason
from acrcmk.domain import conditions
from acrcmk.domain.outcome import Blocked, Outcome, Progressing, Ready, Stalled, Waiting
from acrcmk.domain.steps.step import Result
from acrcmk.domain.steps.table import STEPS as TABLE
from tests.unit.domain.builders import NOW

LATER = NOW + datetime.timedelta(minutes=1)
STEPS = {step.name for step in TABLE}
READY = Ready(message="there")
PROGRESSING = Progressing(reason=Reason.CREATING, message="creating")
BLOCKED = Blocked(reason=Reason.NAME_TAKEN, message="taken")
STALLED = Stalled(reason=Reason.INVALID_SPEC, message="edit")
WAITING = Waiting(message="waiting")


def after_a_reconcile(**outcomes: Outcome) -> dict[str, Result]:
    return {name: Result(outcome=outcomes.get(name, READY)) for name in STEPS}


def updated(
    updates: tuple[conditions.ConditionUpdate, ...],
    *,
    before: tuple[Condition, ...] = (),
    generation: int = 1,
    now: datetime.datetime = NOW,
) -> dict[str, Condition]:
    by_type = conditions.with_history(updates, before=before, generation=generation, now=now)
    assert [condition.type for condition in by_type] == sorted(condition.type for condition in by_type)
    return {condition.type: condition for condition in by_type}


@pytest.mark.parametrize(
    ("outcomes", "ready", "beside", "reason"),
    [
        ({}, "True", None, Reason.SUCCEEDED),
        ({"vault": PROGRESSING, "key": WAITING}, "False", "Reconciling", Reason.PROGRESSING),
        ({"vault": BLOCKED, "key": WAITING}, "False", "Reconciling", Reason.NAME_TAKEN),
        ({"vault": PROGRESSING, "key": STALLED}, "False", "Stalled", Reason.INVALID_SPEC),
        ({"vault": BLOCKED, "key": STALLED}, "False", "Stalled", Reason.INVALID_SPEC),
        ({"rotation": Progressing(reason=Reason.ROTATION_PENDING, message="m")}, "True", None, Reason.SUCCEEDED),
    ],
)
def test_ready_sums_up_beside_at_most_one_abnormal_condition(
    outcomes: dict[str, Outcome], ready: str, beside: str | None, reason: Reason
) -> None:
    by_type = updated(conditions.of_results(after_a_reconcile(**outcomes)))
    assert (by_type["Ready"].status, by_type["Ready"].reason) == (ready, reason)
    assert {"Reconciling", "Stalled"} & set(by_type) == ({beside} if beside else set())


def test_every_condition_of_a_reconcile_carries_the_generation() -> None:
    by_type = updated(conditions.of_results(after_a_reconcile()), generation=7)
    assert {condition.observed_generation for condition in by_type.values()} == {7}
    assert set(by_type) == set(ConditionType) - {"Reconciling", "Stalled"}


def test_the_transition_time_moves_only_when_the_status_flips() -> None:
    first = tuple(updated(conditions.of_results(after_a_reconcile(vault=PROGRESSING))).values())
    still = updated(conditions.of_results(after_a_reconcile(vault=BLOCKED)), before=first, now=LATER)
    assert still["VaultReady"].reason == Reason.NAME_TAKEN
    assert still["VaultReady"].last_transition_time == NOW
    done = updated(conditions.of_results(after_a_reconcile()), before=first, now=LATER)
    assert done["VaultReady"].last_transition_time == LATER
    assert done["IdentityReady"].last_transition_time == NOW


def test_another_correlation_id_alone_is_no_news() -> None:
    def failing(number: int) -> Progressing:
        return Progressing(reason=Reason.PROPAGATING, message=f"refused (correlation id c-{number}), again")

    first = updated(conditions.of_results(after_a_reconcile(registry=failing(1))))
    again = updated(
        conditions.of_results(after_a_reconcile(registry=failing(2))), before=tuple(first.values()), now=LATER
    )
    assert again == first


def test_a_new_generation_is_reported_without_forgetting_what_was_seen() -> None:
    before = tuple(updated(conditions.of_results(after_a_reconcile())).values())
    by_type = updated(conditions.of_new_generation(2), before=before, generation=2, now=LATER)
    assert (by_type["Ready"].status, by_type["Reconciling"].status) == ("False", "True")
    assert by_type["Ready"].observed_generation == 2
    assert by_type["EncryptionReady"] in before


def test_at_first_sight_every_step_is_unknown() -> None:
    by_type = updated(conditions.of_new_generation(1))
    assert by_type["EncryptionReady"].status == "Unknown"
    assert by_type["EncryptionReady"].reason == Reason.WAITING


def test_in_the_middle_of_a_reconcile_only_what_ended_is_told() -> None:
    before = tuple(updated(conditions.of_results(after_a_reconcile())).values())

    def changed(*ended: str) -> set[str]:
        by_type = updated(
            conditions.of_partial_results({name: Result(outcome=BLOCKED) for name in ended}), before=before, now=LATER
        )
        return {kind for kind, condition in by_type.items() if condition not in before}

    assert changed("key", "key-reference") == {"KeyReady"}
    assert changed("group") == set()
    assert changed("group", "vault", "vault-reference") == {"VaultReady"}


def test_a_refusal_is_reported_on_the_condition_that_it_is_about() -> None:
    by_type = updated(conditions.of_refusal(BLOCKED, condition=ConditionType.REGISTRY_READY))
    assert by_type["RegistryReady"].reason == Reason.NAME_TAKEN
    assert by_type["Reconciling"].reason == Reason.NAME_TAKEN
    assert by_type["VaultReady"].status == "Unknown"


def test_of_two_steps_on_one_condition_the_more_urgent_is_reported_and_else_the_later() -> None:
    blocked = updated(conditions.of_results(after_a_reconcile(group=BLOCKED, vault=WAITING)))
    assert blocked["VaultReady"].reason == Reason.NAME_TAKEN
    ready = updated(conditions.of_results(after_a_reconcile(vault=Ready(message="the vault"))))
    assert ready["VaultReady"].message == "the vault"
