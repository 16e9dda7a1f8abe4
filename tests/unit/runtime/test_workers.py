"""Workers on a virtual clock: no test sleeps for real."""

import asyncio
import contextlib

import pytest
import structlog
from structlog.testing import capture_logs

from acrcmk.runtime.requeue import After, Done, Poll, Resync, Retry
from acrcmk.runtime.workers import Workers

pytestmark = pytest.mark.looptime


async def ignore(key, error):
    """Do not report an error."""


class Handler:
    """A handler that records when each reconcile starts and runs `act`."""

    def __init__(self, act):
        self.act = act
        self.started = []

    async def __call__(self, key):
        self.started.append((key, asyncio.get_running_loop().time()))
        return await self.act(key)

    def times(self, key):
        return pytest.approx([when for started, when in self.started if started == key])


@pytest.fixture
async def start(queue, metrics):
    """Start workers on a handler; they are drained after the test."""
    async with contextlib.AsyncExitStack() as stack:

        def start(act, *, concurrency=2, reconcile_timeout=60.0, report_error=ignore):
            handler = Handler(act)
            workers = Workers(
                queue,
                handler,
                report_error=report_error,
                concurrency=concurrency,
                reconcile_timeout=reconcile_timeout,
                metrics=metrics,
            )
            workers.start()
            stack.push_async_callback(workers.drain, grace=0.0)
            return workers, handler

        yield start


async def test_the_result_of_a_reconcile_determines_the_next(queue, start):
    results = iter([After(5.0), Poll(changed=True), Resync(), Done()])

    async def act(key):
        return next(results)

    _, handler = start(act)
    queue.add("a")
    await asyncio.sleep(1e6)
    assert handler.times("a") == [0, 5, 6, 606]


async def test_an_error_is_reported_and_a_failing_report_is_only_logged(queue, start):
    reported = []

    async def report(key, error):
        reported.append((key, repr(error)))
        raise OSError("the API server is away")

    async def act(key):
        raise ValueError("a bug")

    with capture_logs() as logs:
        _, handler = start(act, report_error=report)
        queue.add("bad")
        await asyncio.sleep(1.0)
    assert reported == [("bad", "ValueError('a bug')")]
    assert [entry["event"] for entry in logs] == ["reconcile failed", "error not reported"]
    assert handler.times("bad") == [0], "the next reconcile has back-off"


async def test_an_exception_stops_no_worker_and_is_logged_with_its_traceback(queue, start, sample):
    async def act(key):
        if key == "bad":
            raise ValueError("a bug")
        return Done()

    with capture_logs() as logs:
        _, handler = start(act, concurrency=1)
        queue.add("bad")
        queue.add("good", delay=1.0)
        await asyncio.sleep(7.0)
    assert handler.times("good") == [1]
    assert handler.times("bad") == [0, 2, 6], "with back-off"
    assert logs[0] == {
        "event": "reconcile failed",
        "log_level": "error",
        "object": "bad",
        "reason": "error",
        "exc_info": True,
    }
    assert sample("acrcmk_reconcile_total", result="error") == 3
    assert sample("acrcmk_reconcile_total", result="success") == 1
    assert sample("workqueue_retries_total") == 3


async def test_a_reconcile_that_exceeds_its_time_limit_is_cancelled_and_retried(queue, start, sample):
    async def act(key):
        await asyncio.sleep(1000.0)
        return Done()

    with capture_logs() as logs:
        _, handler = start(act, reconcile_timeout=60.0)
        queue.add("a")
        await asyncio.sleep(100.0)
    assert handler.times("a") == [0, 62]
    assert [(entry["event"], entry["reason"]) for entry in logs] == [("reconcile failed", "timeout")]
    assert sample("acrcmk_reconcile_total", result="timeout") == 1


async def test_a_timeout_error_of_the_handler_is_an_error_and_not_the_time_limit(queue, start, sample):
    async def act(key):
        raise TimeoutError("Azure did not answer")

    with capture_logs():
        start(act)
        queue.add("a")
        await asyncio.sleep(1.0)
    assert sample("acrcmk_reconcile_total", result="error") == 1


async def test_a_reconcile_that_cancels_itself_is_retried_with_back_off(queue, start):
    async def act(key):
        raise asyncio.CancelledError

    workers, handler = start(act)
    queue.add("a")
    await asyncio.sleep(7.0)
    assert handler.times("a") == [0, 2, 6]
    assert workers.problems() == []


async def test_concurrency_is_limited_and_no_key_is_reconciled_twice_at_once(queue, start):
    running, most = set(), 0

    async def act(key):
        nonlocal most
        assert key not in running
        running.add(key)
        most = max(most, len(running))
        queue.add(key)
        await asyncio.sleep(1.0)
        running.discard(key)
        return Done()

    _, handler = start(act, concurrency=3)
    for key in "abcdefg":
        queue.add(key)
    await asyncio.sleep(100.0)
    assert most == 3
    assert len(handler.started) == pytest.approx(300, abs=3), "all workers are always busy"
    assert {key for key, _ in handler.started} == set("abcdefg"), "no key starves"


async def test_what_a_reconcile_binds_to_the_log_ends_with_it(queue, start):
    seen = []

    async def act(key):
        seen.append(structlog.contextvars.get_contextvars())
        structlog.contextvars.bind_contextvars(name=key)
        return Done()

    start(act, concurrency=1)
    queue.add("a")
    queue.add("b")
    await asyncio.sleep(1.0)
    assert seen == [{}, {}]


async def test_drain_lets_running_reconciles_finish_and_starts_no_other(queue, start, looptime):
    finished = []

    async def act(key):
        await asyncio.sleep(10.0)
        finished.append(key)
        return Done()

    workers, handler = start(act, concurrency=1)
    queue.add("a")
    queue.add("b")
    await asyncio.sleep(1.0)
    await workers.drain(grace=30.0)
    assert looptime == pytest.approx(10.0), "drain takes no longer than the reconcile"
    assert finished == ["a"]
    assert handler.started == [("a", pytest.approx(0.0))]
    assert workers.problems() == []


async def test_drain_cancels_reconciles_that_do_not_finish_in_time(queue, start, looptime):
    cancelled = []

    async def act(key):
        try:
            await asyncio.sleep(1000.0)
        finally:
            cancelled.append(key)

    workers, _ = start(act)
    queue.add("a")
    await asyncio.sleep(1.0)
    await workers.drain(grace=30.0)
    assert looptime == pytest.approx(31.0)
    assert cancelled == ["a"]
    assert queue.longest_running() == 0.0, "done was called"


async def test_drain_of_workers_that_never_started_is_no_error(queue, metrics):
    async def act(key):
        return Done()

    workers = Workers(queue, act, report_error=ignore, concurrency=1, reconcile_timeout=1.0, metrics=metrics)
    await workers.drain(grace=1.0)
    assert workers.problems() == ["the workers are not started"]


async def test_a_reconcile_that_ignores_its_time_limit_is_a_problem(queue, start):
    released = asyncio.Event()

    async def act(key):
        while not released.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await released.wait()
        return Done()

    workers, _ = start(act, reconcile_timeout=60.0)
    queue.add("a")
    await asyncio.sleep(120.0)
    assert workers.problems() == []
    await asyncio.sleep(1.0)
    assert workers.problems() == ["a reconcile has been running for 121 s, its limit is 60 s"]
    released.set()
    await asyncio.sleep(1.0)
    assert workers.problems() == []


async def test_a_dead_dispatcher_is_a_problem(queue, start, monkeypatch):
    async def act(key):
        return Done()

    async def failing():
        raise MemoryError("no memory")

    monkeypatch.setattr(queue, "get", failing)
    workers, _ = start(act)
    await asyncio.sleep(1.0)
    assert workers.problems() == ["the dispatcher died: MemoryError('no memory')"]


async def test_each_result_is_counted(queue, start, sample):
    results = {"done": Done(), "resync": Resync(), "after": After(1e6), "poll": Poll(changed=False), "retry": Retry()}

    async def act(key):
        return results[key]

    start(act)
    for key in results:
        queue.add(key)
    await asyncio.sleep(0.5)
    counts = {
        label: sample("acrcmk_reconcile_total", result=label)
        for label in ("success", "requeue_after", "requeue", "retry")
    }
    assert counts == {"success": 2, "requeue_after": 1, "requeue": 1, "retry": 1}
    assert sample("acrcmk_reconcile_duration_seconds_count") == 5
