from acrcmk.api.conditions import ConditionType, Reason
from acrcmk.domain.conditions import ConditionUpdate
from acrcmk.kube import events
from acrcmk.kube.objects import NamespacedName
from tests.unit.domain import builders

VAULT = ConditionUpdate(type=ConditionType.VAULT_READY, status="True", reason=Reason.SUCCEEDED, message="there")
TAKEN = ConditionUpdate(
    type=ConditionType.VAULT_READY, status="False", reason=Reason.NAME_TAKEN, message="taken", warns=True
)


def test_an_event_has_the_conditions_reason_and_fits_kubernetes() -> None:
    name = NamespacedName("team-a", "images")
    long = ConditionUpdate(type=TAKEN.type, status="False", reason=TAKEN.reason, message="x" * 2000, warns=True)
    event = events.event(long, name=name, uid="u-1", now=builders.NOW)
    assert (event.type, event.reason) == ("Warning", "NameTaken")
    assert event.message is not None
    assert len(event.message) == 1024
    assert event.involved_object.uid == "u-1"
