import datetime

from acrcmk.api.conditions import Reason
from acrcmk.domain import queries
from acrcmk.domain.outcome import Outcome, Progressing, Ready
from acrcmk.domain.steps.step import Result, Results
from acrcmk.domain.steps.table import STEPS
from acrcmk.kube.objects import NamespacedName
from acrcmk.reconcile.memory import Memories
from acrcmk.runtime.requeue import After, Poll, Resync
from tests.unit.domain import builders

NAME = NamespacedName("team-a", "images")
TOLERANCE = datetime.timedelta(minutes=30)
UNREADABLE = Progressing(reason=Reason.AZURE_UNAVAILABLE, message="away", failed=True, holds=True)
QUERY = queries.GetIdentity(id=builders.IDENTITY_ID)


def results(outcome: Outcome) -> Results:
    return {step.name: Result(outcome=outcome) for step in STEPS}


def test_reads_may_fail_for_a_while_until_nobody_knows_whether_the_object_is_ready() -> None:
    memory = Memories().of(NAME, generation=1)

    def after(minutes: int, outcome: Outcome = UNREADABLE) -> Outcome | None:
        now = builders.NOW + datetime.timedelta(minutes=minutes)
        return memory.unreadable(results(outcome), now=now, tolerance=TOLERANCE)

    assert [after(0), after(29), after(30)] == [None, None, UNREADABLE]
    assert after(31, Ready(message="there")) is None
    assert [after(32), after(61), after(62)] == [None, None, UNREADABLE]


def test_an_edit_forgets_and_so_does_a_reconcile_after_which_nothing_is_in_progress() -> None:
    memories = Memories()
    memories.of(NAME, generation=1).answers[QUERY] = (builders.NOW, builders.identity())
    for requeue in (Poll(changed=False), After(3)):
        memories.after(NAME, requeue)
        assert QUERY in memories.of(NAME, generation=1).answers
    assert memories.of(NAME, generation=2).answers == {}
    memories.of(NAME, generation=2).answers[QUERY] = (builders.NOW, builders.identity())
    memories.after(NAME, Resync())
    assert memories.of(NAME, generation=2).answers == {}
