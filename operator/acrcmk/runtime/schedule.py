"""Which key runs next, and when. Pure: no asyncio, no clock, no chance of its own; all times are seconds.

The contract is controller-runtime's work queue:

* a key is queued at most once, and the earliest due time wins;
* a key is never in two hands;
* a key added while in hand runs again after it is handed back;
* failures back off per key, and a success forgets them.
"""

import dataclasses
import heapq
import itertools
import math
from collections.abc import Hashable
from typing import Generic, TypeVar

from acrcmk.runtime import pace
from acrcmk.runtime.requeue import After, Done, Poll, Requeue, Resync, Retry

K = TypeVar("K", bound=Hashable)

NEVER = math.inf
_SLACK = 64  # stale heap items always tolerated, so that a small heap is not rebuilt at every step


@dataclasses.dataclass(slots=True)
class _Entry:
    """What is known of one key while it is queued or in hand; a key that is neither has no memory."""

    due: float = NEVER  # when it wants to run; NEVER: not queued
    ticket: int = -1  # which heap item is the true one: items are never removed from the middle, they go stale
    taken: float = NEVER  # when it was last taken in hand
    failures: int = 0  # in a row
    changed: float | None = None  # when a poll last saw something move


class Schedule(Generic[K]):
    """Due times, hands and memories of all keys. Every operation is O(log n) but `depth`, which is O(n)."""

    def __init__(self, *, pace: pace.Pace, random: pace.Random) -> None:
        self._pace = pace
        self._random = random
        self._entries: dict[K, _Entry] = {}
        self._in_hand: dict[K, _Entry] = {}
        self._heap: list[tuple[float, int, K]] = []
        self._tickets = itertools.count()

    def add(self, key: K, *, due: float) -> bool:
        """Make `key` run at `due` or sooner; return whether that changed anything."""
        entry = self._entries.get(key) or _Entry()
        if due >= entry.due:
            return False
        self._entries[key] = entry
        entry.due = due
        if key not in self._in_hand:
            self._push(key, entry)
        return True

    def next_due(self) -> float:
        """Return when the next key may be taken; NEVER if no key waits."""
        while self._heap and not self._is_true(self._heap[0]):
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else NEVER

    def take(self, *, now: float) -> K | None:
        """Take the key that has been due for longest in hand; None if none is due at `now`."""
        if self.next_due() > now:
            return None
        _, _, key = heapq.heappop(self._heap)
        entry = self._in_hand[key] = self._entries[key]
        entry.due = NEVER
        entry.taken = now
        return key

    def done(self, key: K, requeue: Requeue, *, now: float) -> None:
        """Hand `key` back with what its pass asks for. Raises KeyError if the key is not in hand."""
        taken = self._in_hand.pop(key)
        entry = self._entries.get(key)
        if entry is None:
            return
        if entry is taken:  # else it was forgotten meanwhile: what the pass says is about something gone
            entry.due = min(entry.due, now + self._wait(entry, requeue, now=now))
        if entry.due < NEVER:
            self._push(key, entry)
        else:
            del self._entries[key]

    def forget(self, key: K) -> None:
        """Drop `key` and all memory of it. If it is in hand, its pass goes on, but what it asks for will not count."""
        self._entries.pop(key, None)

    def depth(self, *, now: float) -> int:
        """Return how many keys are due but in nobody's hands."""
        return sum(entry.due <= now and key not in self._in_hand for key, entry in self._entries.items())

    def ages(self, *, now: float) -> dict[K, float]:
        """Return the keys in hand with the seconds since each was taken."""
        return {key: now - entry.taken for key, entry in self._in_hand.items()}

    def _wait(self, entry: _Entry, requeue: Requeue, *, now: float) -> float:
        if isinstance(requeue, Retry):
            entry.failures += 1
            return self._pace.backoff.delay(entry.failures, random=self._random)
        entry.failures = 0
        if isinstance(requeue, Poll):
            if requeue.changed or entry.changed is None:
                entry.changed = now
            return self._pace.cadence.delay(now - entry.changed)
        entry.changed = None
        match requeue:
            case Resync():
                return self._pace.resync.delay(random=self._random)
            case After(seconds):
                return seconds
            case Done():
                return NEVER

    def _push(self, key: K, entry: _Entry) -> None:
        entry.ticket = next(self._tickets)
        heapq.heappush(self._heap, (entry.due, entry.ticket, key))
        if len(self._heap) > 2 * len(self._entries) + _SLACK:
            self._heap = [item for item in self._heap if self._is_true(item)]
            heapq.heapify(self._heap)

    def _is_true(self, item: tuple[float, int, K]) -> bool:
        _, ticket, key = item
        entry = self._entries.get(key)
        return entry is not None and entry.ticket == ticket
