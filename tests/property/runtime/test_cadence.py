"""What polling costs over the time that the other side takes by itself."""

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


def watch(operations, *, cadence):
    """Watch operations that begin one after the other, each when the end of the one before has been seen.

    Returns the times of all polls, and the times at which an end was seen.
    """
    schedule = Schedule[str](pace=pace.Pace(cadence=cadence), random=lambda: 0.5)
    polls, ends_seen = [], []

    def wait():
        polls.append(schedule.next_due())
        assert schedule.take(now=polls[-1]) == "a"
        return polls[-1]

    schedule.add("a", due=0.0)
    now = wait()
    for duration in operations:
        ends = now + duration
        schedule.done("a", Poll(changed=True), now=now)
        while (now := wait()) < ends:
            schedule.done("a", Poll(changed=False), now=now)
        ends_seen.append(now)
    return polls, ends_seen


@given(duration=durations, cadence=cadences)
def test_an_end_is_seen_within_the_ratio_of_the_duration_or_the_least_wait(duration, cadence):
    _, (seen,) = watch([duration], cadence=cadence)
    assert duration - ROUNDING <= seen <= duration + max(cadence.ratio * duration, cadence.poll_min) + ROUNDING


@given(duration=durations)
def test_by_default_the_overshoot_is_at_most_a_tenth_and_a_second_and_never_over_half_a_minute(duration):
    _, (seen,) = watch([duration], cadence=pace.Cadence())
    assert seen - duration <= min(0.1 * duration + 1.0, 30.0) + ROUNDING


@given(operations=st.lists(durations, min_size=1, max_size=6), cadence=cadences)
def test_overshoots_of_operations_in_a_row_add_up_to_no_more_than_the_ratio_and_a_least_wait_each(operations, cadence):
    _, seen = watch(operations, cadence=cadence)
    total = sum(operations)
    assert seen[-1] - total <= cadence.ratio * total + len(operations) * cadence.poll_min + ROUNDING


@given(duration=durations)
def test_a_long_operation_costs_few_polls(duration):
    polls, _ = watch([duration], cadence=pace.Cadence())
    assert len(polls) <= 11 + 36 + duration / 30, "ten at a second, about log(30) / log(1.1) growing, then two a minute"
