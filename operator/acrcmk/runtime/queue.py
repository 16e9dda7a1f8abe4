"""The schedule on an event loop: `get` waits until a key is due. To be used from the loop's own thread only."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Generic

from acrcmk.runtime.requeue import Requeue, Retry
from acrcmk.runtime.schedule import NEVER, K, Schedule
from acrcmk.telemetry import metrics


class Queue(Generic[K]):
    """controller-runtime's work queue for one loop; see `acrcmk.runtime.schedule` for the contract.

    Nothing but `get` awaits, so no lock is needed and a watch handler may call the rest.
    `clock` gives seconds that run like the loop's (usually `loop.time` itself).
    """

    def __init__(self, schedule: Schedule[K], *, clock: Callable[[], float], metrics: metrics.Metrics) -> None:
        self._schedule = schedule
        self._clock = clock
        self._metrics = metrics
        self._sooner = asyncio.Event()
        metrics.workqueue_depth.set_function(lambda: schedule.depth(now=clock()))
        metrics.workqueue_unfinished_work.set_function(lambda: sum(schedule.ages(now=clock()).values()))
        metrics.workqueue_longest_running.set_function(self.oldest)

    def add(self, key: K, *, delay: float = 0.0) -> None:
        """Make `key` run within `delay` seconds; an earlier due time stands."""
        if self._schedule.add(key, due=self._clock() + delay):
            self._metrics.workqueue_adds.inc()
            self._sooner.set()

    def forget(self, key: K) -> None:
        """Drop `key`: its object is gone."""
        self._schedule.forget(key)

    async def get(self) -> K:
        """Wait for the next due key and mark it as being processed; the caller must end that with `done`.

        Cancelling it loses no key.
        """
        while True:
            due, now = self._schedule.next_due(), self._clock()
            key = self._schedule.take(now=now)
            if key is not None:
                self._metrics.workqueue_queue_duration.observe(now - due)
                return key
            self._sooner.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if due == NEVER else due - now):
                    await self._sooner.wait()

    def done(self, key: K, requeue: Requeue) -> None:
        """End the processing of `key` and queue it as its reconcile asks for."""
        now = self._clock()
        self._metrics.workqueue_work_duration.observe(self._schedule.ages(now=now)[key])
        self._metrics.workqueue_retries.inc(isinstance(requeue, Retry))
        self._schedule.done(key, requeue, now=now)
        self._sooner.set()

    def oldest(self) -> float:
        """Return the seconds since the key longest in processing was taken; 0 if there is none."""
        return max(self._schedule.ages(now=self._clock()).values(), default=0.0)
