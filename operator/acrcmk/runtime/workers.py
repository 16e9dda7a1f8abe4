"""Workers: reconcile due keys, a limited number at once, each with a time limit, each independent of the others."""

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

    `report_error(key, error)` reports a reconcile that raised or timed out to the user; if it raises itself, that is
    only logged.

    One dispatcher takes the keys and starts a task per reconcile. So each reconcile has a context of its own, which
    ends with it and with what it bound to the log, and draining is: stop the dispatcher, wait for the tasks.
    """

    def __init__(
        self,
        queue: Queue[K],
        handler: Callable[[K], Awaitable[Requeue]],
        *,
        report_error: Callable[[K, Exception], Awaitable[None]],
        concurrency: int,
        reconcile_timeout: float,
        metrics: metrics.Metrics,
    ) -> None:
        self._queue = queue
        self._handler = handler
        self._report_error = report_error
        self._reconcile_timeout = reconcile_timeout
        self._metrics = metrics
        self._free = asyncio.Semaphore(concurrency)
        self._tasks: set[asyncio.Task[Requeue]] = set()
        self._dispatcher: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start to take keys; needs a running loop."""
        self._dispatcher = asyncio.create_task(self._dispatch(), name="dispatcher")

    async def drain(self, *, grace: float) -> None:
        """Take no more keys, give running reconciles `grace` seconds to finish, then cancel them and wait for that."""
        if self._dispatcher is not None:
            self._dispatcher.cancel()
            await asyncio.wait([self._dispatcher])
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace)
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def problems(self) -> list[str]:
        """Return the problems that a restart would solve; none while all workers run, or after `drain`."""
        if self._dispatcher is None:
            return ["the workers are not started"]
        if self._dispatcher.done() and not self._dispatcher.cancelled():
            return [f"the dispatcher died: {self._dispatcher.exception()!r}"]
        if (age := self._queue.longest_running()) > 2 * self._reconcile_timeout:
            return [f"a reconcile has been running for {age:.0f} s, its limit is {self._reconcile_timeout:.0f} s"]
        return []

    async def _dispatch(self) -> None:
        while True:
            await self._free.acquire()
            key = await self._queue.get()
            task = asyncio.create_task(self._reconcile(key), name=f"reconcile {key}")
            self._tasks.add(task)
            task.add_done_callback(functools.partial(self._finished, key))

    def _finished(self, key: K, task: asyncio.Task[Requeue]) -> None:
        # Not a `finally` in the task, because that does not run in a task that is cancelled before its first step.
        self._tasks.discard(task)
        self._free.release()
        self._queue.done(key, Retry() if task.cancelled() else task.result())

    async def _reconcile(self, key: K) -> Requeue:
        limit = asyncio.timeout(self._reconcile_timeout)
        requeue: Requeue = Retry()
        try:
            with self._metrics.reconcile_duration.time():
                async with limit:
                    requeue = await self._handler(key)
            label = LABELS[type(requeue)]
        except Exception as error:  # noqa: BLE001 - the one place that must survive any bug of a reconcile
            label = "timeout" if limit.expired() else "error"
            _log.exception("reconcile failed", object=str(key), reason=label)
            await self._report(key, error)
        self._metrics.reconcile_total.labels(result=label).inc()
        return requeue

    async def _report(self, key: K, error: Exception) -> None:
        try:
            async with asyncio.timeout(self._reconcile_timeout):
                await self._report_error(key, error)
        except Exception:  # noqa: BLE001 - as above; what failed the reconcile most likely fails this, too
            _log.exception("error not reported", object=str(key))
