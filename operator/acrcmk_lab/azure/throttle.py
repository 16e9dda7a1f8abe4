"""ARM's throttling: token buckets per region, subscription, principal and kind of operation [D].

A bucket for all principals together is `global_factor` times as large. Calling before the time that
Retry-After named starts the wait again.
"""

import math
from dataclasses import dataclass

from acrcmk_lab.azure import settings


@dataclass(slots=True)
class Bucket:
    """Tokens left at moment `at`; refused until `closed_until` once it ran dry."""

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


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a call may go on, and the headers that tell what is left."""

    allowed: bool
    retry_after: int
    headers: dict[str, str]


class Throttle:
    """All buckets of the lab."""

    def __init__(self, switches: settings.Switches) -> None:
        self._switches = switches
        self._buckets: dict[tuple[str, ...], Bucket] = {}

    def admit(self, *, subscription: str, principal: str, kind: str, now: float) -> Verdict:
        """Charge one call of a kind (read, write, delete) and say whether it is let through."""
        size: int = getattr(self._switches, f"{kind}_tokens")
        refill: float = getattr(self._switches, f"{kind}_refill")
        factor = self._switches.global_factor
        own = self._bucket((subscription, principal, kind), size=size, now=now)
        shared = self._bucket((subscription, kind), size=size * factor, now=now)
        allowed = own.take(now=now, size=size, refill=refill)
        allowed = shared.take(now=now, size=size * factor, refill=refill * factor) and allowed
        level = "subscription" if subscription else "tenant"
        return Verdict(
            allowed,
            wait(refill),
            {
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
        found = self._buckets.get(key)
        if found is None:
            found = self._buckets[key] = Bucket(size, now)
        return found
