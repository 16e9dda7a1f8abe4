"""Azure's request budget: one token bucket per subscription and verb class, shut as long as Azure asks for it.

Since 2024 a principal has 25 reads/s (burst 250) and 10 writes/s (burst 200) per subscription (azure-behaviour.md 4).
Calling early renews Azure's wait, so a shut bucket fails calls at once and the queue comes back later.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import aiolimiter
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import AsyncHTTPPolicy

from acrcmk.domain.failures import AzureFailure, Kind

READS = {"GET", "HEAD"}
_BURST = {"read": 250.0, "write": 200.0}
_PER_SECOND = {"read": 25.0, "write": 10.0}
_TOO_MANY = 429
_REMAINING = "x-ms-ratelimit-remaining-subscription"
_COUNTED = ("reads", "writes", "deletes")
_MOMENT = 1.0
"""Seconds in which Azure refills at least 10 tokens."""


def verb_class(method: str) -> str:
    """Return `read` or `write`, as Azure counts."""
    return "read" if method in READS else "write"


@dataclasses.dataclass(kw_only=True)
class _Bucket:
    limiter: aiolimiter.AsyncLimiter
    shut_until: float = 0.0


class Throttle:
    """The buckets of one principal; `clock` gives monotonic seconds."""

    def __init__(self, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._buckets: dict[tuple[str, str], _Bucket] = {}

    async def enter(self, subscription: str, verbs: str) -> None:
        """Wait for a token; raises `AzureFailure` while Azure has asked to stay away."""
        bucket = self._bucket(subscription, verbs)
        wait = bucket.shut_until - self._clock()
        if wait > 0:
            raise AzureFailure(
                kind=Kind.THROTTLED,
                text=f"Azure asked to wait before further {verbs}s in subscription {subscription}.",
                retry_after=round(wait, 1),
            )
        await bucket.limiter.acquire()

    def shut(self, subscription: str, verbs: str, seconds: float) -> None:
        """Let no call through for `seconds`."""
        bucket = self._bucket(subscription, verbs)
        bucket.shut_until = max(bucket.shut_until, self._clock() + seconds)

    def _bucket(self, subscription: str, verbs: str) -> _Bucket:
        key = (subscription, verbs)
        if key not in self._buckets:
            burst = _BURST[verbs]
            limiter = aiolimiter.AsyncLimiter(burst, burst / _PER_SECOND[verbs])
            self._buckets[key] = _Bucket(limiter=limiter)
        return self._buckets[key]


class ThrottlePolicy(AsyncHTTPPolicy[Any, Any]):
    """Sends a request through its subscription's bucket, and shuts that when Azure asks for it."""

    def __init__(self, throttle: Throttle, subscription: str) -> None:
        super().__init__()
        self._throttle = throttle
        self._subscription = subscription

    async def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        """Wait for a token, send, and remember what the answer says of the budget."""
        verbs = verb_class(request.http_request.method)
        await self._throttle.enter(self._subscription, verbs)
        response = await self.next.send(request)
        wait = _wait(response.http_response.status_code, response.http_response.headers)
        if wait:
            self._throttle.shut(self._subscription, verbs, wait)
        return response


def _wait(status: int, headers: Mapping[str, str]) -> float:
    """Return the seconds that an answer asks to stay away: its Retry-After, or a moment when it counted down to 0."""
    if status == _TOO_MANY:
        seconds = str(headers.get("Retry-After", ""))
        return float(seconds) if seconds.isdigit() else _MOMENT
    return _MOMENT if any(headers.get(f"{_REMAINING}-{verbs}") == "0" for verbs in _COUNTED) else 0.0
