"""The schedule on an event loop: `get` waits until a key is due. Only for the thread of the loop."""

import asyncio
import contextlib
import functools
from collections.abc import Callable
from typing import Generic

from acrcmk.runtime.priority import Priority
from acrcmk.runtime.requeue import Requeue, Retry
from acrcmk.runtime.schedule import NEVER, K, Schedule
from acrcmk.telemetry import metrics


class Queue(Generic[K]):
    """controller-runtime's work queue for one loop; see `acrcmk.runtime.schedule` for the contract.

    Only `get` awaits, so no lock is needed and a watch handler may call the other methods.
    `clock` returns the seconds of the loop's clock (usually it is `loop.time`).
    """

    def __init__(self, schedule: Schedule[K], *, clock: Callable[[], float], metrics: metrics.Metrics) -> None:
        self._schedule = schedule
        self._clock = clock
        self._metrics = metrics
        self._changed = asyncio.Event()
        for priority in Priority:
            depth = functools.partial(self._depth, priority)
            metrics.workqueue_depth(priority).set_function(depth)
        metrics.workqueue_unfinished_work.set_function(lambda: sum(schedule.ages(now=clock()).values()))
        metrics.workqueue_longest_running.set_function(self.longest_running)

    def add(self, key: K, *, delay: float = 0.0, priority: Priority = Priority.CREATION) -> None:
        """Queue `key` to be processed after `delay` seconds; an earlier due time or a higher priority is kept."""
        if self._schedule.add(key, due=self._clock() + delay, priority=priority):
            self._metrics.workqueue_adds.inc()
            self._changed.set()

    def forget(self, key: K) -> None:
        """Remove `key`: its object was deleted."""
        self._schedule.forget(key)

    async def get(self) -> K:
        """Return the next due key, once there is one, and mark it as being processed until `done`.

        A cancelled call loses no key.
        """
        while True:
            due, now = self._schedule.next_due(), self._clock()
            key = self._schedule.take(now=now)
            if key is not None:
                self._metrics.workqueue_queue_duration.observe(self._schedule.waited(key))
                return key
            self._changed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if due == NEVER else due - now):
                    await self._changed.wait()

    def done(self, key: K, requeue: Requeue) -> None:
        """End the processing of `key` and queue it as `requeue` says. Raises KeyError if it is not being processed."""
        now = self._clock()
        self._metrics.workqueue_work_duration.observe(self._schedule.ages(now=now)[key])
        self._metrics.workqueue_retries.inc(isinstance(requeue, Retry))
        self._schedule.done(key, requeue, now=now)
        self._changed.set()

    def longest_running(self) -> float:
        """Return for how many seconds the longest running reconcile has been running; 0 if there is none."""
        return max(self._schedule.ages(now=self._clock()).values(), default=0.0)

    def _depth(self, priority: Priority) -> int:
        return self._schedule.depth(priority, now=self._clock())
