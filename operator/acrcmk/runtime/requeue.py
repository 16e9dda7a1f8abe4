"""What a pass over one key says about the next pass over it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Done:
    """Nothing more to do until somebody adds the key again."""


@dataclass(frozen=True)
class Resync:
    """All is well: look again after the resync period, give or take its jitter."""


@dataclass(frozen=True)
class After:
    """Come back after exactly so many seconds, because somebody named them (Retry-After) or wants another turn (0)."""

    seconds: float


@dataclass(frozen=True)
class Poll:
    """Somebody else is working: come back soon, by the adaptive cadence.

    `changed` says that this pass saw something move, so the wait starts anew.
    """

    changed: bool


@dataclass(frozen=True)
class Retry:
    """The pass failed in a way that it has told already: come back with back-off.

    A pass that raises, runs out of time or is cancelled counts as this one.
    """


Requeue = Done | Resync | After | Poll | Retry
