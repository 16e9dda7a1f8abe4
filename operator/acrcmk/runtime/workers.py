"""Passes over due keys: at most so many at once, each with a time limit, none of them able to stop the others."""

import asyncio
import functools
from collections.abc import Awaitable, Callable
from typing import Generic

import structlog

from acrcmk.runtime.queue import Queue
from acrcmk.runtime.requeue import After, Done, Poll, Requeue, Resync, Retry
from acrcmk.runtime.schedule import K
from acrcmk.telemetry import metrics

LABELS: dict[type[Requeue], str] = {
    Done: "success",
    Resync: "success",
    After: "requeue_after",
    Poll: "requeue",
    Retry: "retry",
}
"""Label `result` of `acrcmk_reconcile_total`, after controller-runtime; a reconcile that raises is "error", one that
runs out of time "timeout"."""

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Workers(Generic[K]):
    """`concurrency` workers that call `handler(key)` for every due key of the queue.

    `tell_failure(key, error)` tells the user of a pass that raised or ran out of time; what it raises is only logged.

    One dispatcher takes the keys and starts a task per pass. So a pass has a context of its own (what it binds to the
    log dies with it), and draining is: stop the dispatcher, wait for the passes.
    """

    def __init__(
        self,
        queue: Queue[K],
        handler: Callable[[K], Awaitable[Requeue]],
        *,
        tell_failure: Callable[[K, Exception], Awaitable[None]],
        concurrency: int,
        pass_timeout: float,
        metrics: metrics.Metrics,
    ) -> None:
        self._queue = queue
        self._handler = handler
        self._tell_failure = tell_failure
        self._pass_timeout = pass_timeout
        self._metrics = metrics
        self._free = asyncio.Semaphore(concurrency)
        self._passes: set[asyncio.Task[Requeue]] = set()
        self._dispatcher: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to take keys; needs a running loop."""
        self._dispatcher = asyncio.create_task(self._dispatch(), name="dispatcher")

    async def drain(self, *, grace: float) -> None:
        """Take no more keys, give running passes `grace` seconds to finish, then cancel them and wait for that."""
        if self._dispatcher is not None:
            self._dispatcher.cancel()
            await asyncio.wait([self._dispatcher])
        if self._passes:
            await asyncio.wait(self._passes, timeout=grace)
        for late in self._passes:
            late.cancel()
        if self._passes:
            await asyncio.wait(self._passes)

    def problems(self) -> list[str]:
        """Say what a restart would mend; nothing when all is well or drained on purpose."""
        if self._dispatcher is None:
            return ["the workers are not started"]
        if self._dispatcher.done() and not self._dispatcher.cancelled():
            return [f"the dispatcher died: {self._dispatcher.exception()!r}"]
        if (age := self._queue.oldest()) > 2 * self._pass_timeout:
            return [f"a pass has been running for {age:.0f} s, its limit is {self._pass_timeout:.0f} s"]
        return []

    async def _dispatch(self) -> None:
        while True:
            await self._free.acquire()
            key = await self._queue.get()
            task = asyncio.create_task(self._attempt(key), name=f"pass {key}")
            self._passes.add(task)
            task.add_done_callback(functools.partial(self._finished, key))

    def _finished(self, key: K, task: asyncio.Task[Requeue]) -> None:
        # A callback rather than a `finally` in the task: it is called even for a task cancelled before its first step.
        self._passes.discard(task)
        self._free.release()
        self._queue.done(key, Retry() if task.cancelled() else task.result())

    async def _attempt(self, key: K) -> Requeue:
        limit = asyncio.timeout(self._pass_timeout)
        requeue: Requeue = Retry()
        try:
            with self._metrics.reconcile_duration.time():
                async with limit:
                    requeue = await self._handler(key)
            label = LABELS[type(requeue)]
        except Exception as error:  # noqa: BLE001 - the one place that must outlive any bug of a pass
            label = "timeout" if limit.expired() else "error"
            _log.exception("pass failed", key=str(key), reason=label)
            await self._tell(key, error)
        self._metrics.reconcile_total.labels(result=label).inc()
        return requeue

    async def _tell(self, key: K, error: Exception) -> None:
        try:
            async with asyncio.timeout(self._pass_timeout):
                await self._tell_failure(key, error)
        except Exception:  # noqa: BLE001 - as above; most likely what failed the pass fails this, too
            _log.exception("failure not told", key=str(key))
