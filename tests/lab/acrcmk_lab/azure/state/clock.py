"""The lab's one clock: real time multiplied by a speed, or time that only `advance` moves."""

import asyncio
import contextlib
import datetime
import heapq
import itertools
import math
import time
from collections.abc import Callable

VIRTUAL_EPOCH = datetime.datetime(2026, 11, 23, 12, tzinfo=datetime.UTC)
SETTLING_TURNS = 8
"""Event loop iterations after a timer fired, in which woken coroutines can start their next wait."""


class Clock:
    """Simulated seconds since the lab began.

    `speed` is how many simulated seconds pass in a real one; 0 stands still except for `advance`,
    which works at every speed.
    """

    def __init__(self, *, speed: float = 0.0, epoch: datetime.datetime | None = None) -> None:
        self.speed = speed
        self._epoch = epoch or (datetime.datetime.now(datetime.UTC) if speed else VIRTUAL_EPOCH)
        self._began = time.monotonic()
        self._offset = 0.0
        self._order = itertools.count()
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._alarm: asyncio.TimerHandle | None = None

    def now(self) -> float:
        """Return the simulated seconds since the lab began."""
        return self._offset + (time.monotonic() - self._began) * self.speed if self.speed else self._offset

    def utc(self, at: float | None = None) -> datetime.datetime:
        """Return the simulated date and time, now or at a time of `now()`."""
        return self._epoch + datetime.timedelta(seconds=self.now() if at is None else at)

    def client_seconds(self, seconds: float) -> int:
        """Convert a wait to whole seconds on the client's own clock, at least 1: for Retry-After."""
        return max(1, math.ceil(seconds / self.speed if self.speed else seconds))

    def call_at(self, when: float, *, callback: Callable[[], None]) -> None:
        """Call `callback` at the simulated moment `when`; calls of one moment keep their order."""
        heapq.heappush(self._timers, (when, next(self._order), callback))
        self._set_alarm()

    def call_in(self, seconds: float, *, callback: Callable[[], None]) -> None:
        """Call `callback` in `seconds`; at once, before returning, if they are not above zero."""
        if seconds <= 0:
            callback()
        else:
            self.call_at(self.now() + seconds, callback=callback)

    async def sleep(self, seconds: float) -> None:
        """Wait for simulated seconds; zero or less does not even yield."""
        if seconds > 0:
            done = asyncio.get_running_loop().create_future()

            def wake() -> None:
                if not done.done():
                    done.set_result(None)

            self.call_at(self.now() + seconds, callback=wake)
            await done

    async def advance(self, seconds: float) -> None:
        """Move time forward, firing every timer on the way at its own moment."""
        target = self.now() + seconds
        while self._timers and self._timers[0][0] <= target:
            self._move_to(self._timers[0][0])
            self._fire()
            await self._settle()
        self._move_to(target)
        await self._settle()

    def close(self) -> None:
        """Cancel every timer."""
        self._timers.clear()
        if self._alarm:
            self._alarm.cancel()

    def _move_to(self, moment: float) -> None:
        self._offset += max(0.0, moment - self.now())

    def _fire(self) -> None:
        while self._timers and self._timers[0][0] <= self.now():
            heapq.heappop(self._timers)[2]()
        self._set_alarm()

    def _set_alarm(self) -> None:
        if self._alarm:
            self._alarm.cancel()
        self._alarm = None
        if self.speed and self._timers:
            # Outside a running loop nothing can be armed; the first timer set inside it arms them all.
            with contextlib.suppress(RuntimeError):
                loop = asyncio.get_running_loop()
                self._alarm = loop.call_later(max(0.0, self._timers[0][0] - self.now()) / self.speed, self._fire)

    @staticmethod
    async def _settle() -> None:
        for _ in range(SETTLING_TURNS):
            await asyncio.sleep(0)
