import math

import hypothesis
from hypothesis import strategies as st

from acrcmk_lab.azure.arm.throttle import Throttle
from acrcmk_lab.azure.state.settings import Settings


def bucket(**settings):
    chosen = Settings()
    for name, value in settings.items():
        chosen.set(name, value=str(value))
    return Throttle(chosen)


def admit(throttled, now, principal="p", kind="read"):
    return throttled.admit(subscription="s", principal=principal, kind=kind, now=now)


def test_a_burst_then_the_refill_with_what_is_left_in_the_headers():
    throttled = bucket(read_tokens=2, read_refill=1)
    assert [admit(throttled, 0).allowed for _ in range(3)] == [True, True, False]
    reported = admit(throttled, 10)
    assert reported.allowed
    assert reported.headers["x-ms-ratelimit-remaining-subscription-reads"] == "1"


def test_calling_before_retry_after_starts_the_wait_again():
    throttled = bucket(write_tokens=1, write_refill=0.1)
    assert admit(throttled, 0, kind="write").allowed
    assert admit(throttled, 1, kind="write").retry_after == 10
    assert not admit(throttled, 10.5, kind="write").allowed, "the token is there, but the wait began anew at 1"
    assert not admit(throttled, 11, kind="write").allowed
    assert admit(throttled, 21, kind="write").allowed


def test_principals_and_kinds_have_buckets_of_their_own_but_share_the_large_one():
    throttled = bucket(read_tokens=1, read_refill=0.001, global_factor=2)
    assert admit(throttled, 0, principal="a").allowed
    assert admit(throttled, 0, principal="b").allowed
    assert not admit(throttled, 0, principal="c").allowed, "two times one principal's tokens are used up"
    assert admit(throttled, 0, principal="c", kind="delete").allowed


@hypothesis.given(
    gaps=st.lists(st.floats(0, 3), min_size=1, max_size=200), size=st.integers(1, 20), refill=st.floats(0.2, 30)
)
def test_no_more_is_admitted_than_burst_and_refill_allow(gaps, size, refill):
    throttled, now, admitted = bucket(read_tokens=size, read_refill=refill), 0.0, 0
    for gap in gaps:
        now += gap
        admitted += admit(throttled, now).allowed
    assert admitted <= size + math.floor(now * refill + 1e-6)
