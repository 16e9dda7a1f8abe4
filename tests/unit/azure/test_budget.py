import itertools

import pytest

from acrcmk.azure.budget import Bucket, Limits

LIMITS = Limits(burst=4, per_second=2, requests_per_reconcile=3)


def bucket(*, tokens: float = 4, at: float = 0) -> Bucket:
    return Bucket(limits=LIMITS, tokens=tokens, at=at)


@pytest.mark.parametrize(
    ("tokens", "now", "seconds"),
    [
        (4, 0, 0),
        (1, 0, 0),
        (0.5, 0, 0.25),
        (0, 0, 0.5),
        (0, 0.25, 0.25),
        (0, 0.5, 0),
        (-3, 0, 2),
        (-3, 2, 0),
    ],
)
def test_a_request_waits_until_there_is_a_token(tokens, now, seconds):
    assert bucket(tokens=tokens).wait(now=now) == seconds


def test_a_bucket_never_holds_more_than_its_burst():
    assert bucket(tokens=0).refilled(now=1000).tokens == 4


def test_a_bucket_refills_by_the_time_that_passed():
    assert bucket(tokens=0).refilled(now=1.5).tokens == 3


def test_requests_at_once_wait_one_after_the_other():
    drained, waits = bucket(tokens=1), []
    for _ in range(4):
        waits.append(drained.wait(now=0))
        drained = drained.take(now=0)
    assert waits == [0, 0.5, 1, 1.5]


def test_a_closed_bucket_opens_in_time_and_one_request_at_a_time():
    closed, waits = bucket().close(now=0, until=10), []
    assert [closed.closed(now=now) for now in (0, 9, 10)] == [True, True, False]
    for _ in range(3):
        waits.append(closed.wait(now=4))
        closed = closed.take(now=4)
    assert waits == [6, 6.5, 7]


def test_a_shorter_closure_does_not_end_a_longer_one():
    assert bucket().close(now=0, until=60).close(now=1, until=2).wait(now=2) == 58


@pytest.mark.parametrize(("tokens", "remaining", "left"), [(4, 1, 1), (1, 3, 1), (-2, 0, -2)])
def test_what_azure_says_is_left_lowers_the_tokens_and_never_raises_them(tokens, remaining, left):
    assert bucket(tokens=tokens).lower(now=0, remaining=remaining).tokens == left


def test_due_times_leave_room_for_a_reconcile_between_them():
    drained, due = bucket(tokens=0), []
    for _ in range(400):
        drained = drained.reserve_due_time(now=0)
        due.append(drained.last_due_time)
    assert due[0] == 0.5
    assert {later - earlier for earlier, later in itertools.pairwise(due)} == {1.5}


def test_due_times_begin_anew_once_the_last_has_passed():
    drained = bucket(tokens=0).reserve_due_time(now=0).reserve_due_time(now=0)
    assert drained.lower(now=100, remaining=0).reserve_due_time(now=100).last_due_time == 100.5


def test_a_due_time_takes_no_token():
    drained = bucket(tokens=0)
    for _ in range(10):
        drained = drained.reserve_due_time(now=0)
    assert drained.wait(now=0.5) == 0


def test_due_times_of_a_closed_bucket_begin_when_it_opens():
    assert bucket().close(now=0, until=10).reserve_due_time(now=0).last_due_time == 10
