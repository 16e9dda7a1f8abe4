"""Delays before the next reconcile of an object. Pure: random numbers and times are arguments, times in seconds."""

import dataclasses
import math
from collections.abc import Callable

Random = Callable[[], float]
"""Uniform in [0, 1), as `random.Random().random` is."""

_DOUBLINGS = 100
"""Limit of the exponent: a float overflows after a thousand failures, which a broken credential reaches in days."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Backoff:
    """Exponential back-off with full jitter: uniform between 0 and `base * 2^(failures - 1)`, at most `cap`.

    Full jitter rather than a jittered fraction, because what fails for many objects at once (a throttled subscription,
    a broken credential) must not be retried by all of them at once.
    """

    base: float = 1.0
    cap: float = 300.0

    def delay(self, failures: int, *, random: Random) -> float:
        """Return the delay after that many failures (at least 1) in a row."""
        return random() * min(self.cap, math.ldexp(self.base, min(failures - 1, _DOUBLINGS)))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cadence:
    """Adaptive polling of a long-running operation: each delay is `ratio` of the time waited so far.

    A fixed interval is too long for an operation of two seconds and too short for one of twenty minutes. Here the
    last delay, the most that can be lost after the operation has ended, is at most `ratio` of the operation's
    duration or `poll_min`, whichever is more. So the overhead is bounded by a ratio, and the number of polls grows
    with the logarithm of the duration until `poll_max` makes it linear.
    The bound is about delays; the duration of the reconciles is added to it.
    """

    poll_min: float = 1.0
    poll_max: float = 30.0
    ratio: float = 0.1

    def delay(self, waited: float) -> float:
        """Return the delay until the next poll, `waited` seconds after the last visible change."""
        return min(self.poll_max, max(self.poll_min, self.ratio * waited))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Resync:
    """`period` plus or minus the fraction `jitter` of it, so that objects that started together spread out."""

    period: float = 600.0
    jitter: float = 0.1

    def delay(self, *, random: Random) -> float:
        """Return the delay until the next drift check of an object that is ready."""
        return self.period * (1 + self.jitter * (2 * random() - 1))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pace:
    """Back-off, polling and resync together."""

    backoff: Backoff = Backoff()
    cadence: Cadence = Cadence()
    resync: Resync = Resync()
