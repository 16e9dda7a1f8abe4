"""On virtual time: nothing here sleeps for real."""

import asyncio
import contextlib

import pytest
import structlog
from structlog.testing import capture_logs

from acrcmk.runtime.requeue import After, Done, Poll, Resync, Retry
from acrcmk.runtime.workers import Workers

pytestmark = pytest.mark.looptime


async def untold(key, error):
    """Tell nobody."""


class Passes:
    """A handler that notes when each pass begins and does what the test says."""

    def __init__(self, act):
        self.act = act
        self.begun = []

    async def __call__(self, key):
        self.begun.append((key, asyncio.get_running_loop().time()))
        return await self.act(key)

    def times(self, key):
        return pytest.approx([when for one, when in self.begun if one == key])


@pytest.fixture
async def start(queue, metrics):
    """Start workers on a handler; they are drained after the test."""
    async with contextlib.AsyncExitStack() as stack:

        def start(act, *, concurrency=2, pass_timeout=60.0, tell_failure=untold):
            passes = Passes(act)
            workers = Workers(
                queue,
                passes,
                tell_failure=tell_failure,
                concurrency=concurrency,
                pass_timeout=pass_timeout,
                metrics=metrics,
            )
            workers.start()
            stack.push_async_callback(workers.drain, grace=0.0)
            return workers, passes

        yield start


async def test_a_pass_says_when_the_next_one_is(queue, start):
    wishes = iter([After(5.0), Poll(changed=True), Resync(), Done()])

    async def act(key):
        return next(wishes)

    _, passes = start(act)
    queue.add("a")
    await asyncio.sleep(1e6)
    assert passes.times("a") == [0, 5, 6, 606]


async def test_a_failure_is_told_and_a_teller_that_fails_is_only_logged(queue, start):
    told = []

    async def tell(key, error):
        told.append((key, repr(error)))
        raise OSError("the API server is away")

    async def act(key):
        raise ValueError("a bug")

    with capture_logs() as logs:
        _, passes = start(act, tell_failure=tell)
        queue.add("bad")
        await asyncio.sleep(1.0)
    assert told == [("bad", "ValueError('a bug')")]
    assert [one["event"] for one in logs] == ["pass failed", "failure not told"]
    assert passes.times("bad") == [0], "and it comes back with back-off"


async def test_an_exception_kills_no_worker_and_is_logged_with_its_traceback(queue, start, sample):
    async def act(key):
        if key == "bad":
            raise ValueError("a bug")
        return Done()

    with capture_logs() as logs:
        _, passes = start(act, concurrency=1)
        queue.add("bad")
        queue.add("good", delay=1.0)
        await asyncio.sleep(7.0)
    assert passes.times("good") == [1]
    assert passes.times("bad") == [0, 2, 6], "with back-off"
    assert logs[0] == {"event": "pass failed", "log_level": "error", "key": "bad", "reason": "error", "exc_info": True}
    assert sample("acrcmk_reconcile_total", result="error") == 3
    assert sample("acrcmk_reconcile_total", result="success") == 1
    assert sample("workqueue_retries_total") == 3


async def test_a_pass_that_takes_too_long_is_cut_off_and_retried(queue, start, sample):
    async def act(key):
        await asyncio.sleep(1000.0)
        return Done()

    with capture_logs() as logs:
        _, passes = start(act, pass_timeout=60.0)
        queue.add("a")
        await asyncio.sleep(100.0)
    assert passes.times("a") == [0, 62]
    assert [(entry["event"], entry["reason"]) for entry in logs] == [("pass failed", "timeout")]
    assert sample("acrcmk_reconcile_total", result="timeout") == 1


async def test_a_time_out_of_the_handlers_own_is_an_error_and_not_the_pass_limit(queue, start, sample):
    async def act(key):
        raise TimeoutError("Azure did not answer")

    with capture_logs():
        start(act)
        queue.add("a")
        await asyncio.sleep(1.0)
    assert sample("acrcmk_reconcile_total", result="error") == 1


async def test_a_cancellation_from_within_a_pass_backs_off(queue, start):
    async def act(key):
        raise asyncio.CancelledError

    workers, passes = start(act)
    queue.add("a")
    await asyncio.sleep(7.0)
    assert passes.times("a") == [0, 2, 6]
    assert workers.problems() == []


async def test_no_more_passes_at_once_than_workers_and_never_two_over_one_key(queue, start):
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

    _, passes = start(act, concurrency=3)
    for key in "abcdefg":
        queue.add(key)
    await asyncio.sleep(100.0)
    assert most == 3
    assert len(passes.begun) == pytest.approx(300, abs=3), "all the workers are busy all the time"
    assert {key for key, _ in passes.begun} == set("abcdefg"), "nobody starves"


async def test_what_a_pass_binds_to_the_log_dies_with_it(queue, start):
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


async def test_draining_lets_passes_in_hand_finish_and_begins_no_other(queue, start, looptime):
    finished = []

    async def act(key):
        await asyncio.sleep(10.0)
        finished.append(key)
        return Done()

    workers, passes = start(act, concurrency=1)
    queue.add("a")
    queue.add("b")
    await asyncio.sleep(1.0)
    await workers.drain(grace=30.0)
    assert looptime == pytest.approx(10.0), "no longer than the pass needs"
    assert finished == ["a"]
    assert passes.begun == [("a", pytest.approx(0.0))]
    assert workers.problems() == []


async def test_draining_cancels_what_does_not_finish_in_time(queue, start, looptime):
    undone = []

    async def act(key):
        try:
            await asyncio.sleep(1000.0)
        finally:
            undone.append(key)

    workers, _ = start(act)
    queue.add("a")
    await asyncio.sleep(1.0)
    await workers.drain(grace=30.0)
    assert looptime == pytest.approx(31.0)
    assert undone == ["a"]
    assert queue.oldest() == 0.0, "handed back"


async def test_draining_workers_that_never_started_is_no_error(queue, metrics):
    async def act(key):
        return Done()

    workers = Workers(queue, act, tell_failure=untold, concurrency=1, pass_timeout=1.0, metrics=metrics)
    await workers.drain(grace=1.0)
    assert workers.problems() == ["the workers are not started"]


async def test_a_pass_that_ignores_its_limit_is_a_problem(queue, start):
    released = asyncio.Event()

    async def act(key):
        while not released.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await released.wait()
        return Done()

    workers, _ = start(act, pass_timeout=60.0)
    queue.add("a")
    await asyncio.sleep(120.0)
    assert workers.problems() == []
    await asyncio.sleep(1.0)
    assert workers.problems() == ["a pass has been running for 121 s, its limit is 60 s"]
    released.set()
    await asyncio.sleep(1.0)
    assert workers.problems() == []


async def test_a_dead_dispatcher_is_a_problem(queue, start, monkeypatch):
    async def act(key):
        return Done()

    async def broken():
        raise MemoryError("no more")

    monkeypatch.setattr(queue, "get", broken)
    workers, _ = start(act)
    await asyncio.sleep(1.0)
    assert workers.problems() == ["the dispatcher died: MemoryError('no more')"]


async def test_each_result_is_counted(queue, start, sample):
    wishes = {"done": Done(), "resync": Resync(), "after": After(1e6), "poll": Poll(changed=False), "retry": Retry()}

    async def act(key):
        return wishes[key]

    start(act)
    for key in wishes:
        queue.add(key)
    await asyncio.sleep(0.5)
    counts = {
        result: sample("acrcmk_reconcile_total", result=result)
        for result in ("success", "requeue_after", "requeue", "retry")
    }
    assert counts == {"success": 2, "requeue_after": 1, "requeue": 1, "retry": 1}
    assert sample("acrcmk_reconcile_duration_seconds_count") == 5
