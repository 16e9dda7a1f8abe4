"""The schedule against a naive model of controller-runtime's contract, over any history hypothesis can think of."""

import dataclasses

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from acrcmk.runtime import pace
from acrcmk.runtime.requeue import After, Done, Poll, Requeue, Resync, Retry
from acrcmk.runtime.schedule import NEVER, Schedule

PACE = pace.Pace(
    backoff=pace.Backoff(base=1.0, cap=16.0),
    cadence=pace.Cadence(poll_min=1.0, poll_max=8.0, ratio=0.5),
    resync=pace.Resync(period=64.0, jitter=0.0),
)
CHANCE = 0.5

keys = st.sampled_from("abcde")
# Multiples of a quarter are exact in floating point, so that equal due times really meet.
seconds = st.integers(min_value=0, max_value=80).map(lambda quarters: quarters / 4)
requeues = st.one_of(
    st.sampled_from([Done(), Resync(), Retry(), Poll(changed=True), Poll(changed=False)]), seconds.map(After)
)


@dataclasses.dataclass
class Known:
    """The model's whole knowledge of one key: plain facts, no cleverness."""

    due: float | None = None
    in_hand_since: float | None = None
    forgotten_in_hand: bool = False
    failures: int = 0
    polling_since: float | None = None


class ScheduleMachine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.schedule = Schedule[str](pace=PACE, random=lambda: CHANCE)
        self.model = {key: Known() for key in "abcde"}
        self.now = 0.0

    def in_hand(self):
        return {key: known for key, known in self.model.items() if known.in_hand_since is not None}

    def waiting(self):
        return {
            key: known.due for key, known in self.model.items() if known.due is not None and known.in_hand_since is None
        }

    @rule(passed=seconds)
    def time_passes(self, passed):
        self.now += passed

    @rule(key=keys, delay=seconds)
    def somebody_adds(self, key, delay):
        known, due = self.model[key], self.now + delay
        sooner = known.due is None or due < known.due
        assert self.schedule.add(key, due=due) is sooner
        known.due = due if sooner else known.due

    @rule(key=keys)
    def somebody_forgets(self, key):
        self.schedule.forget(key)
        since = self.model[key].in_hand_since
        self.model[key] = Known(in_hand_since=since, forgotten_in_hand=since is not None)

    @rule()
    def a_worker_takes(self):
        due = {key: when for key, when in self.waiting().items() if when <= self.now}
        key = self.schedule.take(now=self.now)
        if not due:
            assert key is None
            return
        assert due[key] == min(due.values()), "the earliest due time wins"
        known = self.model[key]
        assert known.in_hand_since is None, "never in two hands"
        known.due, known.in_hand_since = None, self.now

    @precondition(lambda self: self.in_hand())
    @rule(data=st.data(), requeue=requeues)
    def a_worker_hands_back(self, data, requeue):
        key = data.draw(st.sampled_from(sorted(self.in_hand())))
        self.schedule.done(key, requeue, now=self.now)
        known = self.model[key]
        known.in_hand_since = None
        if not known.forgotten_in_hand:
            wish = self.wish(known, requeue)
            known.due = min((due for due in (known.due, wish) if due is not None), default=None)
        known.forgotten_in_hand = False

    def wish(self, known: Known, requeue: Requeue) -> float | None:
        known.failures = known.failures + 1 if isinstance(requeue, Retry) else 0
        if isinstance(requeue, Poll):
            if requeue.changed or known.polling_since is None:
                known.polling_since = self.now
        elif not isinstance(requeue, Retry):
            known.polling_since = None
        match requeue:
            case Done():
                return None
            case Resync():
                return self.now + 64
            case After(seconds):
                return self.now + seconds
            case Poll():
                return self.now + min(8, max(1, (self.now - known.polling_since) / 2))
            case Retry():
                return self.now + CHANCE * min(16, 2 ** (known.failures - 1))

    @invariant()
    def the_next_due_time_is_the_earliest_of_those_that_wait(self):
        assert self.schedule.next_due() == min(self.waiting().values(), default=NEVER)

    @invariant()
    def what_is_due_and_what_is_in_hand_is_counted(self):
        assert self.schedule.depth(now=self.now) == sum(due <= self.now for due in self.waiting().values())
        assert self.schedule.ages(now=self.now) == {
            key: self.now - known.in_hand_since for key, known in self.in_hand().items()
        }

    def teardown(self):
        """Nothing is lost and nothing is doubled: once all hands are empty, exactly the queued keys come out."""
        for key in self.in_hand():
            self.schedule.done(key, Done(), now=self.now)
        taken = []
        while (key := self.schedule.take(now=self.now + 1000)) is not None:
            taken.append(key)
            self.schedule.done(key, Done(), now=self.now)
        assert sorted(taken) == [key for key, known in self.model.items() if known.due is not None]


TestSchedule = ScheduleMachine.TestCase
TestSchedule.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
