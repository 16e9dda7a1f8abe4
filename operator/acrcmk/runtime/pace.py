"""How long to wait before the next pass over a key. Pure: chance and time are arguments, all times are seconds."""

import math
from collections.abc import Callable
from dataclasses import dataclass

Random = Callable[[], float]
"""Uniform in [0, 1), as `random.Random().random` is."""

_DOUBLINGS = 100
"""More would overflow a float after a thousand failures, which a broken credential reaches in days."""


@dataclass(frozen=True, kw_only=True)
class Backoff:
    """Exponential back-off with full jitter: uniform between nothing and `base * 2^(failures - 1)`, at most `cap`.

    Full jitter rather than a jittered fraction, because what fails for many objects at once (a throttled subscription,
    a broken credential) must not be retried by all of them at once.
    """

    base: float = 1.0
    cap: float = 300.0

    def delay(self, failures: int, *, random: Random) -> float:
        """Return the wait after the given number (>= 1) of failures in a row."""
        return random() * min(self.cap, math.ldexp(self.base, min(failures - 1, _DOUBLINGS)))


@dataclass(frozen=True, kw_only=True)
class Cadence:
    """Adaptive polling of work that somebody else does: each wait is `ratio` of the time already waited.

    Why: a fixed interval is too long for an operation of two seconds and too busy for one of twenty minutes. Here the
    last wait, which is all that can be lost after the operation has ended, is at most `ratio` of the operation's own
    duration or `poll_min`, whichever is more. So the overhead over the other side's time is bounded by a ratio, and
    the number of polls grows with the logarithm of the duration until `poll_max` makes it linear.
    The bound is about waits; a pass's own duration comes on top.
    """

    poll_min: float = 1.0
    poll_max: float = 30.0
    ratio: float = 0.1

    def delay(self, waited: float) -> float:
        """Return the wait until the next poll, `waited` seconds after the last visible change."""
        return min(self.poll_max, max(self.poll_min, self.ratio * waited))


@dataclass(frozen=True, kw_only=True)
class Resync:
    """`period` give or take the fraction `jitter` of it, so that objects that started together drift apart."""

    period: float = 600.0
    jitter: float = 0.1

    def delay(self, *, random: Random) -> float:
        """Return the wait until the next look at a key with which all is well."""
        return self.period * (1 + self.jitter * (2 * random() - 1))


@dataclass(frozen=True, kw_only=True)
class Pace:
    """The three ways to wait, together."""

    backoff: Backoff = Backoff()
    cadence: Cadence = Cadence()
    resync: Resync = Resync()
