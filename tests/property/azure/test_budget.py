"""In any order of events no more is sent than Azure admits, nothing while closed, and due times differ."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from acrcmk.azure.budget import Bucket, Limits

LIMITS = Limits(burst=5, per_second=2, requests_per_reconcile=3)
PAUSES = st.floats(min_value=0, max_value=10)
EVENTS = st.lists(st.tuples(PAUSES, st.sampled_from(["take", "take", "take", "due", "close", "lower"])), max_size=60)
ROUNDING = 1e-6


def run(events):
    """Yield the bucket before and after each event, with its time and kind."""
    now, bucket = 0.0, Bucket.full(LIMITS, now=0)
    for pause, kind in events:
        now, before = now + pause, bucket
        match kind:
            case "take":
                bucket = before.take(now=now)
            case "due":
                bucket = before.reserve_due_time(now=now)
            case "close":
                bucket = before.close(now=now, until=now + pause)
            case "lower":
                bucket = before.lower(now=now, remaining=pause)
        yield now, kind, before, bucket


@given(EVENTS)
def test_no_interval_sees_more_requests_than_burst_and_refill(events):
    sent = [now + before.wait(now=now) for now, kind, before, _ in run(events) if kind == "take"]
    for first, last in itertools.combinations_with_replacement(range(len(sent)), 2):
        admitted = LIMITS.burst + (sent[last] - sent[first]) * LIMITS.per_second
        assert last - first + 1 <= admitted + ROUNDING


@given(EVENTS)
def test_requests_are_sent_in_the_order_in_which_they_came(events):
    sent = [now + before.wait(now=now) for now, kind, before, _ in run(events) if kind == "take"]
    assert all(earlier <= later + ROUNDING for earlier, later in itertools.pairwise(sent))


@given(EVENTS)
def test_due_times_are_all_different_in_order_and_never_in_the_past(events):
    due = [(now, after.last_due_time) for now, kind, _, after in run(events) if kind == "due"]
    assert all(last_due_time >= now for now, last_due_time in due)
    apart = LIMITS.requests_per_reconcile / LIMITS.per_second - ROUNDING
    assert all(later - earlier >= apart for (_, earlier), (_, later) in itertools.pairwise(due))


@given(EVENTS)
def test_no_request_is_sent_while_closed(events):
    for now, kind, before, _ in run(events):
        if kind == "take":
            assert not before.closed(now=now + before.wait(now=now))


@given(EVENTS)
def test_nothing_but_time_makes_the_wait_shorter(events):
    for now, _, before, after in run(events):
        assert after.wait(now=now) >= before.wait(now=now) - ROUNDING
