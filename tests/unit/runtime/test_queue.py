"""The queue on a virtual clock: no test sleeps for real."""

import asyncio

import pytest

from acrcmk.runtime import pace
from acrcmk.runtime.priority import Priority
from acrcmk.runtime.queue import Queue
from acrcmk.runtime.requeue import After, Done, Retry
from acrcmk.runtime.schedule import Schedule

pytestmark = pytest.mark.looptime


async def test_get_waits_until_the_key_is_due(queue, looptime):
    queue.add("a", delay=1000.0)
    assert await queue.get() == "a"
    assert looptime == pytest.approx(1000.0)


async def test_a_waiting_get_returns_a_key_that_becomes_due_earlier(queue, looptime):
    queue.add("late", delay=1000.0)
    waiting = asyncio.create_task(queue.get())
    await asyncio.sleep(10.0)
    queue.add("soon", delay=5.0)
    assert await waiting == "soon"
    assert looptime == pytest.approx(15.0)


async def test_a_get_on_an_empty_queue_returns_the_first_key_added(queue, looptime):
    asyncio.get_running_loop().call_later(3.0, queue.add, "a")
    assert await queue.get() == "a"
    assert looptime == pytest.approx(3.0)


async def test_a_forgotten_key_is_never_returned(queue):
    queue.add("a", delay=1.0)
    queue.forget("a")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(queue.get(), timeout=1e6)


async def test_a_key_added_while_it_is_processed_is_returned_again_only_after_done(queue, looptime):
    queue.add("a")
    await queue.get()
    queue.add("a")
    again = asyncio.create_task(queue.get())
    await asyncio.sleep(5.0)
    assert not again.done()
    queue.done("a", Done())
    assert await again == "a"
    assert looptime == pytest.approx(5.0)


async def test_each_key_is_returned_by_one_of_many_waiting_gets(queue):
    waiting = [asyncio.create_task(queue.get()) for _ in range(3)]
    await asyncio.sleep(1.0)
    for key in "abc":
        queue.add(key)
        queue.add(key)
    assert sorted(await asyncio.gather(*waiting)) == ["a", "b", "c"]


async def test_a_cancelled_get_loses_no_key(queue):
    waiting = asyncio.create_task(queue.get())
    await asyncio.sleep(1.0)
    queue.add("a")
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await queue.get() == "a"


async def test_the_delay_of_a_failed_key_grows(queue, looptime):
    queue.add("a")
    seen = []
    for _ in range(4):
        key = await queue.get()
        seen.append(float(looptime))
        queue.done(key, Retry())
    assert seen == pytest.approx([0, 2, 6, 14])


async def test_the_metrics_count_waiting_and_processing(queue, sample):
    for key, delay in [("a", 0.0), ("b", 0.0), ("c", 100.0)]:
        queue.add(key, delay=delay)
    queue.add("a")
    await asyncio.sleep(2.0)
    assert sample("workqueue_depth", priority="0") == 2
    assert sample("workqueue_adds_total") == 3
    await queue.get()
    await asyncio.sleep(3.0)
    await queue.get()
    await asyncio.sleep(4.0)
    assert sample("workqueue_queue_duration_seconds_sum") == pytest.approx(2.0 + 5.0)
    assert sample("workqueue_unfinished_work_seconds") == pytest.approx(7.0 + 4.0)
    assert sample("workqueue_longest_running_processor_seconds") == pytest.approx(7.0)
    queue.done("a", Retry())
    queue.done("b", After(9.0))
    assert sample("workqueue_work_duration_seconds_sum") == pytest.approx(7.0 + 4.0)
    assert sample("workqueue_retries_total") == 1
    assert sample("workqueue_depth", priority="0") == 0
    assert sample("workqueue_unfinished_work_seconds") == 0


async def test_the_depth_is_measured_by_priority(queue, sample):
    for number, priority in enumerate(Priority):
        for copy in range(number):
            queue.add(f"{priority}-{copy}", priority=priority)
    depths = {priority: sample("workqueue_depth", priority=str(priority.value)) for priority in Priority}
    assert depths == {priority: number for number, priority in enumerate(Priority)}


async def test_a_get_that_waits_for_a_background_worker_returns_when_one_is_done(metrics, looptime):
    schedule = Schedule[str](pace=pace.Pace(), random=lambda: 0.5, background_limit=1)
    queue = Queue(schedule, clock=asyncio.get_running_loop().time, metrics=metrics)
    for key in "ab":
        queue.add(key, priority=Priority.DRIFT)
    await queue.get()
    waiting = asyncio.create_task(queue.get())
    await asyncio.sleep(5.0)
    assert not waiting.done()
    queue.done("a", Done())
    assert await waiting == "b"
    assert looptime == pytest.approx(5.0)
