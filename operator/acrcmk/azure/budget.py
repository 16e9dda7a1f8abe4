"""The arithmetic of a request budget: a token bucket that can be closed, and due times for objects that have to wait.

Pure: the time (monotonic seconds) is an argument, and every change returns a new bucket.
"""

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True)
class Limits:
    """The size of a bucket, its refill per second, and the number of requests that a reconcile makes, roughly."""

    burst: float
    per_second: float
    requests_per_reconcile: float
    """Due times are spaced by these, so that an object reconciled at its due time finds tokens for all its requests."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bucket:
    """A token bucket with `tokens` left at the time `at`; closed while `at` lies ahead.

    Below 0, the tokens are those of requests that wait for a moment and have taken theirs in advance.
    """

    limits: Limits
    tokens: float
    at: float
    last_due_time: float = float("-inf")
    """The latest due time that was reserved."""

    @classmethod
    def full(cls, limits: Limits, *, now: float) -> "Bucket":
        """Return a bucket with all its tokens."""
        return cls(limits=limits, tokens=limits.burst, at=now)

    def refilled(self, *, now: float) -> "Bucket":
        """Return the bucket as it is at `now`; a closed one as it will be when it opens."""
        if now <= self.at:
            return self
        tokens = min(self.limits.burst, self.tokens + (now - self.at) * self.limits.per_second)
        return dataclasses.replace(self, tokens=tokens, at=now)

    def closed(self, *, now: float) -> bool:
        """Whether no request may be made at `now`, tokens or not."""
        return self.at > now

    def wait(self, *, now: float) -> float:
        """Return the seconds until a request may be made: 0 when a token is there."""
        bucket = self.refilled(now=now)
        return bucket.at - now + max(0.0, (1 - bucket.tokens) / self.limits.per_second)

    def take(self, *, now: float) -> "Bucket":
        """Return the bucket without the token of a request made after `wait`."""
        bucket = self.refilled(now=now)
        return dataclasses.replace(bucket, tokens=bucket.tokens - 1)

    def reserve_due_time(self, *, now: float) -> "Bucket":
        """Return the bucket with the next free due time as its `last_due_time`.

        It is later than every due time before. No token is taken for it: the requests made then take their own.
        """
        earliest = now + self.wait(now=now)
        due = max(earliest, self.last_due_time + self.limits.requests_per_reconcile / self.limits.per_second)
        return dataclasses.replace(self.refilled(now=now), last_due_time=due)

    def close(self, *, now: float, until: float) -> "Bucket":
        """Return the bucket closed at least until then; it opens with one token and refills as usual."""
        bucket = self.refilled(now=now)
        return dataclasses.replace(bucket, at=max(bucket.at, until), tokens=min(bucket.tokens, 1.0))

    def lower(self, *, now: float, remaining: float) -> "Bucket":
        """Return the bucket with at most `remaining` tokens: other clients use the same budget."""
        bucket = self.refilled(now=now)
        return dataclasses.replace(bucket, tokens=min(bucket.tokens, remaining))
