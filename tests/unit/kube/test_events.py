from acrcmk.api.conditions import ConditionType, Reason
from acrcmk.domain.conditions import Verdict
from acrcmk.kube import events
from acrcmk.kube.objects import Key
from tests.unit.domain import builders

VAULT = Verdict(type=ConditionType.VAULT_READY, status="True", reason=Reason.SUCCEEDED, message="there")
TAKEN = Verdict(type=ConditionType.VAULT_READY, status="False", reason=Reason.NAME_TAKEN, message="taken", warns=True)


def test_a_condition_that_did_not_change_is_no_news() -> None:
    before = (builders.condition("VaultReady", "True"),)
    assert list(events.transitions((VAULT,), before=before)) == []
    assert list(events.transitions((TAKEN,), before=before)) == [TAKEN]


def test_what_is_unknown_and_what_only_sums_up_is_no_news() -> None:
    silent = [
        Verdict(type=ConditionType.KEY_READY, status="Unknown", reason=Reason.WAITING, message="m"),
        Verdict(type=ConditionType.READY, status="False", reason=Reason.NAME_TAKEN, message="m"),
        Verdict(type=ConditionType.RECONCILING, status="True", reason=Reason.NAME_TAKEN, message="m"),
    ]
    assert list(events.transitions(tuple(silent), before=())) == []


def test_one_cause_on_two_conditions_is_told_once() -> None:
    twin = Verdict(
        type=ConditionType.IDENTITY_READY, status="False", reason=Reason.NAME_TAKEN, message="taken", warns=True
    )
    assert list(events.transitions((TAKEN, twin), before=())) == [TAKEN]


def test_an_event_has_the_conditions_reason_and_fits_kubernetes() -> None:
    key = Key("team-a", "images")
    long = Verdict(type=TAKEN.type, status="False", reason=TAKEN.reason, message="x" * 2000, warns=True)
    event = events.event(long, key=key, uid="u-1", now=builders.NOW)
    assert (event.type, event.reason) == ("Warning", "NameTaken")
    assert event.message is not None
    assert len(event.message) == 1024
    assert event.involved_object.uid == "u-1"
