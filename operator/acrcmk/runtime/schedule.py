"""Which object is reconciled next, and when. Pure: no asyncio, clock or random source; all times are seconds.

A key is what identifies an object. The contract is that of controller-runtime's work queue:

* a key is queued at most once; the earliest due time and the highest priority win;
* a key is never processed twice at the same time;
* a key that is added while it is being processed is processed again afterwards;
* failures back off per key, and a success resets the back-off.

Of the due keys the one with the highest priority is taken, then the one that has been due for longest. Two rules keep
priorities from blocking each other: no priority is passed over for ever (`priority.Turns`), and background priorities
occupy at most `background_limit` workers, so that an edit never waits until a drift check is done.
"""

import dataclasses
import heapq
import itertools
import math
from collections.abc import Hashable
from typing import Generic, TypeVar

from acrcmk.runtime import pace
from acrcmk.runtime.priority import BACKGROUND, MAX_PASSED_OVER, Priority, Turns
from acrcmk.runtime.requeue import PRIORITIES, After, Done, Poll, Requeue, Resync, Retry

K = TypeVar("K", bound=Hashable)

NEVER = math.inf

_Item = tuple[float, int, K]
"""Due time, ticket and key."""

_SLACK = 64
"""Stale heap items that are always tolerated, so that a small heap is not rebuilt at every step."""


@dataclasses.dataclass(slots=True)
class _Entry:
    """State of one key while it is queued or being processed; a key that is neither has none."""

    due: float = NEVER  # NEVER: not queued
    priority: Priority = Priority.DRIFT
    ticket: int = -1  # of the current heap item; others of the key are stale, since a heap removes only its first item
    started: float = NEVER  # when the processing last started
    started_as: Priority = Priority.DRIFT  # with which priority
    waited: float = 0.0  # from the due time until then
    failures: int = 0  # in a row
    changed: float | None = None  # when a poll last saw a change

    def queue(self, *, due: float, priority: Priority) -> bool:
        """Queue the key for `due` and with `priority` at the least; return whether that changed anything."""
        if due >= self.due and priority <= self.priority:
            return False
        self.due, self.priority = min(due, self.due), max(priority, self.priority)
        return True

    def start(self, *, now: float) -> None:
        """Start the processing of the key, which is queued no longer."""
        self.started, self.started_as, self.waited = now, self.priority, now - self.due
        self.due, self.priority = NEVER, Priority.DRIFT


class Schedule(Generic[K]):
    """Due times and states of all keys. Every operation is O(log n) but `depth`, which is O(n)."""

    def __init__(
        self,
        *,
        pace: pace.Pace,
        random: pace.Random,
        background_limit: float = math.inf,
        max_passed_over: int = MAX_PASSED_OVER,
    ) -> None:
        self._pace = pace
        self._random = random
        self._entries: dict[K, _Entry] = {}
        self._processing: dict[K, _Entry] = {}
        self._background_limit = background_limit
        self._background = 0  # keys being processed with a background priority
        self._turns = Turns(max_passed_over=max_passed_over)
        self._heaps: dict[Priority, list[_Item[K]]] = {priority: [] for priority in Priority}
        self._tickets = itertools.count()

    def add(self, key: K, *, due: float, priority: Priority = Priority.CREATION) -> bool:
        """Queue `key` for `due` and with `priority` at the least; return whether that changed anything."""
        entry = self._entries.get(key) or _Entry()
        if not entry.queue(due=due, priority=priority):
            return False
        self._entries[key] = entry
        if key not in self._processing:
            self._push(key, entry)
        return True

    def next_due(self) -> float:
        """Return when the next key that may be taken is due; NEVER if there is none."""
        return min(self._first_due(priority) for priority in Priority)

    def take(self, *, now: float) -> K | None:
        """Return the key whose turn it is and start to process it; None if none is due at `now`."""
        due = [priority for priority in Priority if self._first_due(priority) <= now]
        if not due:
            return None
        priority = self._turns.choose(due)
        _, _, key = heapq.heappop(self._heaps[priority])
        entry = self._processing[key] = self._entries[key]
        entry.start(now=now)
        self._background += priority in BACKGROUND
        return key

    def done(self, key: K, requeue: Requeue, *, now: float) -> None:
        """End the processing of `key` and queue it as `requeue` says. Raises KeyError if it is not being processed."""
        processed = self._processing.pop(key)
        self._background -= processed.started_as in BACKGROUND
        entry = self._entries.get(key)
        if entry is None:
            return
        if entry is processed:  # else the key was forgotten meanwhile, and `requeue` is about an object that is gone
            due = now + self._delay(entry, requeue, now=now)
            if due < NEVER:
                entry.queue(due=due, priority=PRIORITIES[type(requeue)])
        if entry.due < NEVER:
            self._push(key, entry)
        else:
            del self._entries[key]

    def forget(self, key: K) -> None:
        """Remove `key` and its state. A running reconcile of it goes on; its `requeue` will be ignored."""
        self._entries.pop(key, None)

    def depth(self, priority: Priority, *, now: float) -> int:
        """Return how many keys with a priority are due and not being processed."""
        return sum(item[0] <= now and self._is_current(item) for item in self._heaps[priority])

    def ages(self, *, now: float) -> dict[K, float]:
        """Return the keys being processed with the seconds since each was started."""
        return {key: now - entry.started for key, entry in self._processing.items()}

    def waited(self, key: K) -> float:
        """Return for how many seconds a key that is being processed was due before."""
        return self._processing[key].waited

    def _delay(self, entry: _Entry, requeue: Requeue, *, now: float) -> float:
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
        heapq.heappush(self._heaps[entry.priority], (entry.due, entry.ticket, key))
        if sum(map(len, self._heaps.values())) > 2 * len(self._entries) + _SLACK:
            for heap in self._heaps.values():
                heap[:] = filter(self._is_current, heap)
                heapq.heapify(heap)

    def _first_due(self, priority: Priority) -> float:
        """Return when the first key with a priority is due; NEVER if there is none or it may not be taken now."""
        if priority in BACKGROUND and self._background >= self._background_limit:
            return NEVER
        heap = self._heaps[priority]
        while heap and not self._is_current(heap[0]):
            heapq.heappop(heap)
        return heap[0][0] if heap else NEVER

    def _is_current(self, item: _Item[K]) -> bool:
        _, ticket, key = item
        entry = self._entries.get(key)
        return entry is not None and entry.ticket == ticket
