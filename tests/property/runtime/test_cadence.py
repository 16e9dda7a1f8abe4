"""The overhead of polling over the duration of the polled operations."""

from hypothesis import given
from hypothesis import strategies as st

from acrcmk.runtime import pace
from acrcmk.runtime.requeue import Poll
from acrcmk.runtime.schedule import Schedule

ROUNDING = 1e-6

durations = st.floats(min_value=0.0, max_value=7200.0)
cadences = st.builds(
    pace.Cadence,
    poll_min=st.floats(min_value=0.01, max_value=5.0),
    poll_max=st.floats(min_value=5.0, max_value=120.0),
    ratio=st.floats(min_value=0.01, max_value=1.0),
)


def poll(operations, *, cadence):
    """Poll operations in sequence, each started when the end of the previous operation was observed.

    Return the times of all polls, and the times at which an end was observed.
    """
    schedule = Schedule[str](pace=pace.Pace(cadence=cadence), random=lambda: 0.5)
    polls, observed_ends = [], []

    def next_poll():
        polls.append(schedule.next_due())
        assert schedule.take(now=polls[-1]) == "a"
        return polls[-1]

    schedule.add("a", due=0.0)
    now = next_poll()
    for duration in operations:
        ends = now + duration
        schedule.done("a", Poll(changed=True), now=now)
        while (now := next_poll()) < ends:
            schedule.done("a", Poll(changed=False), now=now)
        observed_ends.append(now)
    return polls, observed_ends


@given(duration=durations, cadence=cadences)
def test_an_end_is_observed_within_the_ratio_of_the_duration_or_the_shortest_delay(duration, cadence):
    _, (end,) = poll([duration], cadence=cadence)
    assert duration - ROUNDING <= end <= duration + max(cadence.ratio * duration, cadence.poll_min) + ROUNDING


@given(duration=durations)
def test_the_default_overhead_is_at_most_a_tenth_and_a_second_and_never_more_than_30_seconds(duration):
    _, (end,) = poll([duration], cadence=pace.Cadence())
    assert end - duration <= min(0.1 * duration + 1.0, 30.0) + ROUNDING


@given(operations=st.lists(durations, min_size=1, max_size=6), cadence=cadences)
def test_the_overhead_of_operations_in_sequence_is_at_most_the_ratio_and_a_shortest_delay_each(operations, cadence):
    _, ends = poll(operations, cadence=cadence)
    total = sum(operations)
    assert ends[-1] - total <= cadence.ratio * total + len(operations) * cadence.poll_min + ROUNDING


@given(duration=durations)
def test_a_long_operation_costs_few_polls(duration):
    polls, _ = poll([duration], cadence=pace.Cadence())
    assert len(polls) <= 11 + 36 + duration / 30, "ten at a second, about log(30) / log(1.1) growing, then two a minute"
