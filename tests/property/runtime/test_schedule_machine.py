"""The schedule against a simple model of controller-runtime's contract, over arbitrary histories."""

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
RANDOM = 0.5

keys = st.sampled_from("abcde")
# Multiples of a quarter are exact in floating point, so that equal due times occur.
seconds = st.integers(min_value=0, max_value=80).map(lambda quarters: quarters / 4)
requeues = st.one_of(
    st.sampled_from([Done(), Resync(), Retry(), Poll(changed=True), Poll(changed=False)]), seconds.map(After)
)


@dataclasses.dataclass
class State:
    """The state of a key in the model."""

    due: float | None = None
    processing_since: float | None = None
    forgotten_while_processing: bool = False
    failures: int = 0
    polling_since: float | None = None


class ScheduleMachine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.schedule = Schedule[str](pace=PACE, random=lambda: RANDOM)
        self.model = {key: State() for key in "abcde"}
        self.now = 0.0

    def processing(self):
        return {key: state for key, state in self.model.items() if state.processing_since is not None}

    def waiting(self):
        return {
            key: state.due
            for key, state in self.model.items()
            if state.due is not None and state.processing_since is None
        }

    @rule(passed=seconds)
    def time_passes(self, passed):
        self.now += passed

    @rule(key=keys, delay=seconds)
    def add(self, key, delay):
        state, due = self.model[key], self.now + delay
        sooner = state.due is None or due < state.due
        assert self.schedule.add(key, due=due) is sooner
        state.due = due if sooner else state.due

    @rule(key=keys)
    def forget(self, key):
        self.schedule.forget(key)
        since = self.model[key].processing_since
        self.model[key] = State(processing_since=since, forgotten_while_processing=since is not None)

    @rule()
    def take(self):
        due = {key: when for key, when in self.waiting().items() if when <= self.now}
        key = self.schedule.take(now=self.now)
        if not due:
            assert key is None
            return
        assert due[key] == min(due.values()), "the earliest due time wins"
        state = self.model[key]
        assert state.processing_since is None, "a key is never processed twice at once"
        state.due, state.processing_since = None, self.now

    @precondition(lambda self: self.processing())
    @rule(data=st.data(), requeue=requeues)
    def done(self, data, requeue):
        key = data.draw(st.sampled_from(sorted(self.processing())))
        self.schedule.done(key, requeue, now=self.now)
        state = self.model[key]
        state.processing_since = None
        if not state.forgotten_while_processing:
            due = self.due_after(state, requeue)
            state.due = min((time for time in (state.due, due) if time is not None), default=None)
        state.forgotten_while_processing = False

    def due_after(self, state: State, requeue: Requeue) -> float | None:
        state.failures = state.failures + 1 if isinstance(requeue, Retry) else 0
        if isinstance(requeue, Poll):
            if requeue.changed or state.polling_since is None:
                state.polling_since = self.now
        elif not isinstance(requeue, Retry):
            state.polling_since = None
        match requeue:
            case Done():
                return None
            case Resync():
                return self.now + 64
            case After(seconds):
                return self.now + seconds
            case Poll():
                return self.now + min(8, max(1, (self.now - state.polling_since) / 2))
            case Retry():
                return self.now + RANDOM * min(16, 2 ** (state.failures - 1))

    @invariant()
    def the_next_due_time_is_the_earliest_that_is_queued(self):
        assert self.schedule.next_due() == min(self.waiting().values(), default=NEVER)

    @invariant()
    def due_and_processed_keys_are_counted(self):
        assert self.schedule.depth(now=self.now) == sum(due <= self.now for due in self.waiting().values())
        assert self.schedule.ages(now=self.now) == {
            key: self.now - state.processing_since for key, state in self.processing().items()
        }

    def teardown(self):
        """No key is lost and none is doubled: after all reconciles are done, exactly the queued keys are taken."""
        for key in self.processing():
            self.schedule.done(key, Done(), now=self.now)
        taken = []
        while (key := self.schedule.take(now=self.now + 1000)) is not None:
            taken.append(key)
            self.schedule.done(key, Done(), now=self.now)
        assert sorted(taken) == [key for key, state in self.model.items() if state.due is not None]


TestSchedule = ScheduleMachine.TestCase
TestSchedule.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
