"""Priorities of the work queue, and which of them is served next. Pure."""

import enum
from collections.abc import Collection


class Priority(enum.IntEnum):
    """Why an object is reconciled; a higher value is more urgent.

    0 and -100 are controller-runtime's default and low priority, which it gives to resyncs and to the first list.
    """

    DELETION = 100
    EDIT = 50
    CREATION = 0
    RETRY = -50
    DRIFT = -100


BACKGROUND = frozenset({Priority.RETRY, Priority.DRIFT})
"""Priorities that no user waits for."""

MAX_PASSED_OVER = 16
"""How often a priority with a due key is passed over for others before it has a turn."""


def background_limit(workers: int) -> int:
    """Return how many of the workers may process background priorities: three quarters, at least one.

    The others start edits, deletions, creations and polls at once, however long a drift check takes.
    """
    return max(1, workers - max(1, workers // 4))


class Turns:
    """Chooses among priorities with due keys: the highest, except that each has a weighted share of the turns.

    A priority that was passed over `max_passed_over` times has the next turn, so the share of the lowest is at least
    one turn in `max_passed_over + len(Priority)`. Ageing by time would not do: in a backlog all drift checks are old,
    and an edit would wait behind them.
    """

    def __init__(self, *, max_passed_over: int = MAX_PASSED_OVER) -> None:
        self._max_passed_over = max_passed_over
        self._passed_over = dict.fromkeys(Priority, 0)

    def choose(self, candidates: Collection[Priority]) -> Priority:
        """Return the one of the candidates, at least one, that has the turn."""
        overdue = [each for each in candidates if self._passed_over[each] >= self._max_passed_over]
        chosen = max(overdue, key=lambda each: (self._passed_over[each], each)) if overdue else max(candidates)
        for candidate in candidates:
            self._passed_over[candidate] += 1
        self._passed_over[chosen] = 0
        return chosen
