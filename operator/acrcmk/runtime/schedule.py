"""Which object is reconciled next, and when. Pure: no asyncio, clock or random source; all times are seconds.

A key is what identifies an object. The contract is that of controller-runtime's work queue:

* a key is queued at most once, and the earliest due time wins;
* a key is never processed twice at the same time;
* a key that is added while it is being processed is processed again afterwards;
* failures back off per key, and a success resets the back-off.
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
_SLACK = 64
"""Stale heap items that are always tolerated, so that a small heap is not rebuilt at every step."""


@dataclasses.dataclass(slots=True)
class _Entry:
    """State of one key while it is queued or being processed; a key that is neither has none."""

    due: float = NEVER  # NEVER: not queued
    ticket: int = -1  # of the current heap item; others of the key are stale, since a heap removes only its first item
    started: float = NEVER  # when the processing last started
    failures: int = 0  # in a row
    changed: float | None = None  # when a poll last saw a change


class Schedule(Generic[K]):
    """Due times and states of all keys. Every operation is O(log n) but `depth`, which is O(n)."""

    def __init__(self, *, pace: pace.Pace, random: pace.Random) -> None:
        self._pace = pace
        self._random = random
        self._entries: dict[K, _Entry] = {}
        self._processing: dict[K, _Entry] = {}
        self._heap: list[tuple[float, int, K]] = []
        self._tickets = itertools.count()

    def add(self, key: K, *, due: float) -> bool:
        """Queue `key` for `due` at the latest; return whether that changed anything."""
        entry = self._entries.get(key) or _Entry()
        if due >= entry.due:
            return False
        self._entries[key] = entry
        entry.due = due
        if key not in self._processing:
            self._push(key, entry)
        return True

    def next_due(self) -> float:
        """Return when the next key is due; NEVER if none is queued."""
        while self._heap and not self._is_current(self._heap[0]):
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else NEVER

    def take(self, *, now: float) -> K | None:
        """Return the key that has been due for longest and start to process it; None if none is due at `now`."""
        if self.next_due() > now:
            return None
        _, _, key = heapq.heappop(self._heap)
        entry = self._processing[key] = self._entries[key]
        entry.due = NEVER
        entry.started = now
        return key

    def done(self, key: K, requeue: Requeue, *, now: float) -> None:
        """End the processing of `key` and queue it as `requeue` says. Raises KeyError if it is not being processed."""
        processed = self._processing.pop(key)
        entry = self._entries.get(key)
        if entry is None:
            return
        if entry is processed:  # else the key was forgotten meanwhile, and `requeue` is about an object that is gone
            entry.due = min(entry.due, now + self._wait(entry, requeue, now=now))
        if entry.due < NEVER:
            self._push(key, entry)
        else:
            del self._entries[key]

    def forget(self, key: K) -> None:
        """Remove `key` and its state. A running reconcile of it goes on; its `requeue` will be ignored."""
        self._entries.pop(key, None)

    def depth(self, *, now: float) -> int:
        """Return how many keys are due and not being processed."""
        return sum(entry.due <= now and key not in self._processing for key, entry in self._entries.items())

    def ages(self, *, now: float) -> dict[K, float]:
        """Return the keys being processed with the seconds since each was started."""
        return {key: now - entry.started for key, entry in self._processing.items()}

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
            self._heap = [item for item in self._heap if self._is_current(item)]
            heapq.heapify(self._heap)

    def _is_current(self, item: tuple[float, int, K]) -> bool:
        _, ticket, key = item
        entry = self._entries.get(key)
        return entry is not None and entry.ticket == ticket
