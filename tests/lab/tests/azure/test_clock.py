import asyncio
import time

import pytest

from acrcmk_lab.azure.state import clock
from acrcmk_lab.azure.state.clock import Clock


async def test_a_still_clock_moves_only_by_advance():
    still = Clock()
    await asyncio.sleep(0.01)
    assert still.now() == 0
    await still.advance(2.5)
    assert still.now() == 2.5
    assert (still.utc() - clock.VIRTUAL_EPOCH).total_seconds() == 2.5


async def test_timers_fire_in_order_each_at_its_own_time():
    still, fired = Clock(), []
    for moment in (5, 1, 3):
        still.call_at(moment, callback=lambda: fired.append(still.now()))
    await still.advance(4)
    assert fired == [1, 3]
    await still.advance(1)
    assert fired == [1, 3, 5]


async def test_a_sleeper_that_sleeps_again_is_woken_twice_by_one_advance():
    still, woken = Clock(), []

    async def sleeper():
        for _ in range(2):
            await still.sleep(10)
            woken.append(still.now())

    task = asyncio.create_task(sleeper())
    await asyncio.sleep(0)
    await still.advance(25)
    await task
    assert woken == [10, 20]


async def test_no_wait_is_no_wait():
    still, called = Clock(), []
    await asyncio.wait_for(still.sleep(0), 1)
    still.call_in(0, callback=lambda: called.append(True))
    assert called


async def test_a_running_clock_multiplies_real_time():
    fast, began = Clock(speed=200), time.monotonic()
    await fast.sleep(20)
    assert fast.now() >= 20
    assert time.monotonic() - began < 5


async def test_a_running_clock_can_be_advanced_past_its_timers():
    slow, called = Clock(speed=0.001), []
    slow.call_at(100, callback=lambda: called.append(slow.now()))
    await slow.advance(200)
    assert called == [pytest.approx(100, abs=1)]
    assert slow.now() == pytest.approx(200, abs=1)
    slow.close()


@pytest.mark.parametrize(("speed", "seconds", "reported"), [(0, 7, 7), (0, 0.2, 1), (20, 60, 3), (20, 1, 1)])
def test_retry_after_is_in_the_client_s_seconds(speed, seconds, reported):
    assert Clock(speed=speed).client_seconds(seconds) == reported
