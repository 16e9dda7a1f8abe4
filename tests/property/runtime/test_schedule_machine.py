"""The schedule against a simple model of controller-runtime's contract, over arbitrary histories."""

import collections
import dataclasses

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from acrcmk.runtime import pace
from acrcmk.runtime.priority import BACKGROUND, Priority
from acrcmk.runtime.requeue import After, Done, Poll, Requeue, Resync, Retry
from acrcmk.runtime.schedule import NEVER, Schedule

PACE = pace.Pace(
    backoff=pace.Backoff(base=1.0, cap=16.0),
    cadence=pace.Cadence(poll_min=1.0, poll_max=8.0, ratio=0.5),
    resync=pace.Resync(period=64.0, jitter=0.0),
)
RANDOM = 0.5
BACKGROUND_LIMIT = 2
MAX_PASSED_OVER = 2

KEYS = "abcdefgh"
keys = st.sampled_from(KEYS)
priorities = st.sampled_from(list(Priority))
# Multiples of a quarter are exact in floating point, so that equal due times occur.
seconds = st.integers(min_value=0, max_value=80).map(lambda quarters: quarters / 4)
requeues = st.one_of(
    st.sampled_from([Done(), Resync(), Retry(), Poll(changed=True), Poll(changed=False)]), seconds.map(After)
)


@dataclasses.dataclass
class State:
    """The state of a key in the model."""

    due: float | None = None
    priority: Priority | None = None
    processing_since: float | None = None
    processed_as: Priority | None = None
    forgotten_while_processing: bool = False
    failures: int = 0
    polling_since: float | None = None


class ScheduleMachine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.schedule = Schedule[str](
            pace=PACE,
            random=lambda: RANDOM,
            background_limit=BACKGROUND_LIMIT,
            max_passed_over=MAX_PASSED_OVER,
        )
        self.model = {key: State() for key in KEYS}
        self.passed_over = collections.Counter()
        self.now = 0.0

    def processing(self):
        return {key: state for key, state in self.model.items() if state.processing_since is not None}

    def waiting(self):
        return {
            key: state.due
            for key, state in self.model.items()
            if state.due is not None and state.processing_since is None
        }

    def may_be_taken(self):
        """Return the due times of waiting keys, without background keys while their workers are all busy."""
        background = sum(state.processed_as in BACKGROUND for state in self.processing().values())
        excluded = BACKGROUND if background >= BACKGROUND_LIMIT else ()
        return {key: due for key, due in self.waiting().items() if self.model[key].priority not in excluded}

    @rule(passed=seconds)
    def time_passes(self, passed):
        self.now += passed

    @rule(key=keys, delay=seconds, priority=priorities)
    def add(self, key, delay, priority):
        before, due = dataclasses.replace(self.model[key]), self.now + delay
        self.queue(self.model[key], due=due, priority=priority)
        assert self.schedule.add(key, due=due, priority=priority) is (self.model[key] != before)

    def queue(self, state, *, due, priority):
        queued = state.due is not None
        state.due = min(state.due, due) if queued else due
        state.priority = max(state.priority, priority) if queued else priority

    @rule(key=keys)
    def forget(self, key):
        self.schedule.forget(key)
        old = self.model[key]
        self.model[key] = State(
            processing_since=old.processing_since,
            processed_as=old.processed_as,
            forgotten_while_processing=old.processing_since is not None,
        )

    @rule()
    def take(self):
        due = {key: when for key, when in self.may_be_taken().items() if when <= self.now}
        key = self.schedule.take(now=self.now)
        if not due:
            assert key is None
            return
        state = self.model[key]
        assert state.processing_since is None, "a key is never processed twice at once"
        rivals = [when for rival, when in due.items() if self.model[rival].priority == state.priority]
        assert due[key] == min(rivals), "the earliest due time of the priority wins"
        self.check_turn(state.priority, candidates={self.model[rival].priority for rival in due})
        state.due, state.priority, state.processing_since, state.processed_as = None, None, self.now, state.priority

    def check_turn(self, chosen, *, candidates):
        """Check that the highest priority has the turn, or another that was passed over too often."""
        overdue = {priority for priority in candidates if self.passed_over[priority] >= MAX_PASSED_OVER}
        assert chosen in overdue if overdue else chosen == max(candidates)
        for priority in candidates:
            self.passed_over[priority] = 0 if priority == chosen else self.passed_over[priority] + 1
            assert self.passed_over[priority] < MAX_PASSED_OVER + len(Priority), "no priority starves"

    @precondition(lambda self: self.processing())
    @rule(data=st.data(), requeue=requeues)
    def done(self, data, requeue):
        key = data.draw(st.sampled_from(sorted(self.processing())))
        self.schedule.done(key, requeue, now=self.now)
        state = self.model[key]
        state.processing_since = state.processed_as = None
        if not state.forgotten_while_processing:
            due, priority = self.after(state, requeue)
            if due is not None:
                self.queue(state, due=due, priority=priority)
        state.forgotten_while_processing = False

    def after(self, state: State, requeue: Requeue) -> tuple[float | None, Priority | None]:
        state.failures = state.failures + 1 if isinstance(requeue, Retry) else 0
        if isinstance(requeue, Poll):
            if requeue.changed or state.polling_since is None:
                state.polling_since = self.now
        elif not isinstance(requeue, Retry):
            state.polling_since = None
        match requeue:
            case Done():
                return None, None
            case Resync():
                return self.now + 64, Priority.DRIFT
            case After(seconds):
                return self.now + seconds, Priority.RETRY
            case Poll():
                return self.now + min(8, max(1, (self.now - state.polling_since) / 2)), Priority.CREATION
            case Retry():
                return self.now + RANDOM * min(16, 2 ** (state.failures - 1)), Priority.RETRY

    @invariant()
    def the_next_due_time_is_the_earliest_that_may_be_taken(self):
        assert self.schedule.next_due() == min(self.may_be_taken().values(), default=NEVER)

    @invariant()
    def due_and_processed_keys_are_counted(self):
        due = collections.Counter(self.model[key].priority for key, when in self.waiting().items() if when <= self.now)
        assert {priority: self.schedule.depth(priority, now=self.now) for priority in Priority} == {
            priority: due[priority] for priority in Priority
        }
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
