"""ARM's throttling: token buckets per region, subscription, principal and kind of operation [D].

A bucket for all principals together is `global_factor` times as large. Calling before the time that
Retry-After named starts the wait again. Services with limits of their own count calls in windows instead.
"""

import dataclasses
import datetime
import math
from typing import Protocol

from acrcmk_lab.azure.state.settings import Settings


@dataclasses.dataclass(kw_only=True, slots=True)
class Bucket:
    """A token bucket: tokens left at time `at`; once empty it stays closed until `closed_until`."""

    tokens: float
    at: float
    closed_until: float = 0.0

    def take(self, *, now: float, size: float, refill: float) -> bool:
        """Take one token, or start (again) the wait for the next one."""
        self.tokens = min(size, self.tokens + (now - self.at) * refill)
        self.at = now
        if now >= self.closed_until and self.tokens >= 1:
            self.tokens -= 1
            return True
        self.closed_until = now + wait(refill)
        return False


def wait(refill: float) -> int:
    """Return the whole seconds until one token is there, at least 1."""
    return max(1, math.ceil(1 / refill)) if refill > 0 else 3600


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Admission:
    """Whether a call is allowed, the headers with the remaining calls, and the facts for the 429 message."""

    allowed: bool
    retry_after: int
    headers: dict[str, str]
    facts: dict[str, str] = dataclasses.field(default_factory=dict)


class Admit(Protocol):
    """Counts one call of a kind (read, write, delete) and decides whether it is allowed."""

    def __call__(self, *, subscription: str, principal: str, kind: str, now: float) -> Admission: ...


class Throttle:
    """All buckets of the lab."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._buckets: dict[tuple[str, ...], Bucket] = {}

    def admit(self, *, subscription: str, principal: str, kind: str, now: float) -> Admission:
        """Count one call of a kind (read, write, delete) and decide whether it is allowed."""
        size: int = getattr(self._settings, f"{kind}_tokens")
        refill: float = getattr(self._settings, f"{kind}_refill")
        factor = self._settings.global_factor
        own = self._bucket((subscription, principal, kind), size=size, now=now)
        shared = self._bucket((subscription, kind), size=size * factor, now=now)
        allowed = own.take(now=now, size=size, refill=refill)
        allowed = shared.take(now=now, size=size * factor, refill=refill * factor) and allowed
        level = "subscription" if subscription else "tenant"
        return Admission(
            allowed=allowed,
            retry_after=wait(refill),
            headers={
                f"x-ms-ratelimit-remaining-{level}-{kind}s": str(int(own.tokens)),
                f"x-ms-ratelimit-remaining-{level}-global-{kind}s": str(int(shared.tokens)),
            },
        )

    def drain(self, *, kind: str) -> None:
        """Empty every bucket of a kind, for tests of what clients do then."""
        for key, bucket in self._buckets.items():
            if key[-1] == kind:
                bucket.tokens = 0

    def _bucket(self, key: tuple[str, ...], *, size: float, now: float) -> Bucket:
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = Bucket(tokens=size, at=now)
        return bucket


@dataclasses.dataclass(kw_only=True, slots=True)
class Window:
    """The calls left until `ends`; `allowed` is about the last call."""

    ends: float
    left: int
    allowed: bool = True

    def retry_after(self, now: float) -> int:
        """Return the whole seconds until calls are allowed again, at least 1."""
        return max(1, math.ceil(self.ends - now))


class Windows:
    """Fixed-window limits of services that have their own: calls per interval, which the first call starts."""

    def __init__(self) -> None:
        self._windows: dict[str, Window] = {}

    def take(self, key: str, *, now: float, size: int, seconds: float) -> Window:
        """Count one call in the window of a key; start a new window if there is none or it has ended."""
        window = self._windows.get(key)
        if window is None or now >= window.ends:
            window = self._windows[key] = Window(ends=now + seconds, left=size)
        window.allowed = window.left > 0
        window.left = max(0, window.left - 1)
        return window


def span(seconds: float) -> str:
    """Return seconds in the format of headers and messages: `00:05:00`."""
    return str(datetime.timedelta(seconds=math.ceil(seconds))).zfill(8)
