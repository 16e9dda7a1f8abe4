import random

import pytest

from acrcmk.runtime import pace

ALMOST_ONE = 1 - 2**-53


def test_the_limit_of_back_off_doubles_until_the_cap():
    backoff = pace.Backoff(base=1.0, cap=10.0)
    limits = [backoff.delay(failures, random=lambda: ALMOST_ONE) for failures in range(1, 7)]
    assert limits == pytest.approx([1, 2, 4, 8, 10, 10])


def test_back_off_has_full_jitter():
    generator = random.Random(1)
    delays = [pace.Backoff(base=8.0, cap=8.0).delay(1, random=generator.random) for _ in range(1000)]
    assert min(delays) < 0.1
    assert max(delays) > 7.9
    assert sum(delays) / len(delays) == pytest.approx(4.0, rel=0.1)


def test_a_week_of_failures_does_not_overflow():
    assert pace.Backoff(cap=300.0).delay(1_000_000, random=lambda: 0.5) == 150.0


@pytest.mark.parametrize(
    ("waited", "delay"),
    [(0.0, 1.0), (5.0, 1.0), (10.0, 1.0), (20.0, 2.0), (299.0, 29.9), (300.0, 30.0), (3600.0, 30.0)],
)
def test_the_cadence_is_a_tenth_of_the_wait_within_its_bounds(waited, delay):
    assert pace.Cadence().delay(waited) == pytest.approx(delay)


@pytest.mark.parametrize(("random_number", "delay"), [(0.0, 540.0), (0.5, 600.0), (ALMOST_ONE, 660.0)])
def test_resync_is_the_period_plus_or_minus_a_tenth(random_number, delay):
    assert pace.Resync(period=600.0).delay(random=lambda: random_number) == pytest.approx(delay)
