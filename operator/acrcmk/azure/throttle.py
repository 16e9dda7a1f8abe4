"""Azure's request budget: a token bucket per subscription and class of requests, and gates per resource provider.

Since 2024 a principal has 25 reads/s (burst 250), 10 writes/s and 10 deletes/s (bursts 200) per subscription, whatever
the provider; a provider may refuse earlier (azure-behaviour.md 4,
https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling). Calling early renews
Azure's wait, so a request that would have to wait fails at once with the time to come back at, and holds no worker.
"""

import asyncio
import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import AsyncHTTPPolicy

from acrcmk.azure.budget import Bucket, Limits
from acrcmk.domain.failures import AzureFailure, Kind

LIMITS: Mapping[str, Limits] = {
    "read": Limits(burst=250, per_second=25, requests_per_reconcile=5),
    "write": Limits(burst=200, per_second=10, requests_per_reconcile=2),
    "delete": Limits(burst=200, per_second=10, requests_per_reconcile=2),
}
"""Azure Resource Manager's limits of a principal in a subscription, by class of requests."""

LONGEST_WAIT = 1.0
"""Seconds that a request waits for its token; one that would need longer raises `BudgetExhausted`."""
LONGEST_CLOSURE = 300.0
"""Seconds for which an answer can close a bucket, whatever its Retry-After asks for."""
JITTER = 0.1
"""Fraction of a Retry-After by which a bucket opens later at most: other processes got the same Retry-After."""

_TOO_MANY = 429
_RETRY_AFTER_DEFAULT = 1.0
"""Seconds, for an answer that names none: Azure refills at least 10 tokens meanwhile."""
_REMAINING = "x-ms-ratelimit-remaining-subscription"
_ALL = ""
"""Stands for all providers of a subscription."""


def verb_class(method: str) -> str:
    """Return `read`, `write` or `delete`, as Azure counts."""
    if method in {"GET", "HEAD"}:
        return "read"
    return "delete" if method == "DELETE" else "write"


def provider(url: str) -> str:
    """Return the last provider named in a URL, as in `Microsoft.KeyVault`; resource groups have none."""
    parts = url.partition("?")[0].split("/")
    providers = [parts[i + 1] for i, part in enumerate(parts[:-1]) if part.casefold() == "providers"]
    return providers[-1] if providers else "Microsoft.Resources"


@dataclasses.dataclass(kw_only=True, eq=False)
class BudgetExhausted(AzureFailure):
    """A request that was not sent because its budget is used up; `retry_after` is the seconds until its due time."""

    kind: Kind = Kind.THROTTLED
    local: bool = True


class Throttle:
    """The budget of one principal; `clock` gives monotonic seconds, `random` a number from 0 to 1."""

    def __init__(self, *, clock: Callable[[], float], random: Callable[[], float]) -> None:
        self._clock = clock
        self._random = random
        self._buckets: dict[tuple[str, str, str], Bucket] = {}

    async def enter(self, subscription: str, verbs: str, namespace: str) -> None:
        """Take a token for a request to a provider, or wait at most `LONGEST_WAIT` for it; raises `BudgetExhausted`."""
        keys = self._keys(subscription, verbs, namespace)
        now = self._clock()
        wait = max(self._bucket(key).wait(now=now) for key in keys)
        if wait <= LONGEST_WAIT:
            for key in keys:
                self._buckets[key] = self._bucket(key).take(now=now)
            if wait:
                await asyncio.sleep(wait)
        if wait > LONGEST_WAIT or any(self._bucket(key).closed(now=self._clock()) for key in keys):
            raise BudgetExhausted(
                text=f"The budget for {verbs} requests to {namespace} in subscription {subscription} is used up.",
                retry_after=round(self._due_time(keys), 3),
            )

    def close(self, subscription: str, verbs: str, namespace: str = _ALL, *, seconds: float) -> None:
        """Let no request to a provider (default: to any) through for about `seconds`, capped and jittered."""
        key = _key(subscription, verbs, namespace)
        capped = min(seconds, LONGEST_CLOSURE)
        until = self._clock() + capped * (1 + JITTER * self._random())
        self._buckets[key] = self._bucket(key).close(now=self._clock(), until=until)

    def lower(self, subscription: str, verbs: str, *, remaining: float) -> None:
        """Note how many requests Azure says are left in a subscription."""
        key = _key(subscription, verbs, _ALL)
        self._buckets[key] = self._bucket(key).lower(now=self._clock(), remaining=remaining)

    def _due_time(self, keys: tuple[tuple[str, str, str], ...]) -> float:
        """Return the seconds until the next free due time, given by the bucket with the longest wait."""
        now = self._clock()
        key = max(keys, key=lambda key: self._bucket(key).wait(now=now))
        bucket = self._buckets[key] = self._bucket(key).reserve_due_time(now=now)
        return bucket.last_due_time - now

    def _keys(self, subscription: str, verbs: str, namespace: str) -> tuple[tuple[str, str, str], ...]:
        return _key(subscription, verbs, _ALL), _key(subscription, verbs, namespace)

    def _bucket(self, key: tuple[str, str, str]) -> Bucket:
        """Return a bucket; that of a provider has the subscription's limits, which count once it was closed."""
        if key not in self._buckets:
            self._buckets[key] = Bucket.full(LIMITS[key[1]], now=self._clock())
        return self._buckets[key]


def _key(subscription: str, verbs: str, namespace: str) -> tuple[str, str, str]:
    return subscription.lower(), verbs, namespace.lower()


class ThrottlePolicy(AsyncHTTPPolicy[Any, Any]):
    """Sends a request within its subscription's budget, and notes what the answer says of that."""

    def __init__(self, throttle: Throttle, subscription: str) -> None:
        super().__init__()
        self._throttle = throttle
        self._subscription = subscription

    async def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        """Take a token, send, and note what the answer says of the budget; raises `BudgetExhausted`."""
        verbs = verb_class(request.http_request.method)
        namespace = provider(request.http_request.url)
        await self._throttle.enter(self._subscription, verbs, namespace)
        response = await self.next.send(request)
        headers = response.http_response.headers
        for remaining in _remaining(headers, verbs):
            self._throttle.lower(self._subscription, verbs, remaining=remaining)
        if response.http_response.status_code == _TOO_MANY:
            code = await _error_code(response.http_response)
            closed = _ALL if concerns_subscription(code=code, headers=headers) else namespace
            self._throttle.close(self._subscription, verbs, closed, seconds=retry_after(headers))
        return response


def retry_after(headers: Mapping[str, str]) -> float:
    """Return the seconds that a 429 asks to stay away; a moment where it names no number of them."""
    seconds = str(headers.get("Retry-After", ""))
    return float(seconds) if seconds.isdigit() else _RETRY_AFTER_DEFAULT


def concerns_subscription(*, code: str, headers: Mapping[str, str]) -> bool:
    """Whether a 429 is about all requests in the subscription rather than about those to its provider.

    The gateway refuses for the subscription (`SubscriptionRequestsThrottled`), but also on behalf of a provider
    (`ResourceRequestsThrottled`: "Number of requests for action 'Microsoft.Cdn/profiles/read' exceeded ...",
    https://github.com/Azure/azqr/issues/34). Everything else comes from the provider itself.
    """
    if code.casefold().startswith("resource"):
        return False
    return code.casefold().startswith("subscription") or headers.get("x-ms-failure-cause") == "gateway"


def _remaining(headers: Mapping[str, str], verbs: str) -> Iterator[float]:
    """Yield the requests left in the subscription, for this principal and for all together, where Azure says so."""
    for name in (f"{_REMAINING}-{verbs}s", f"{_REMAINING}-global-{verbs}s"):
        value = str(headers.get(name, ""))
        if value.isdigit():
            yield float(value)


async def _error_code(response: Any) -> str:
    """Return the code of an error in ARM's form; "" for any other body."""
    if hasattr(response, "read"):  # a response to a request that is to be streamed has no body yet
        await response.read()
    try:
        return str(json.loads(response.text())["error"]["code"])
    except (ValueError, LookupError, TypeError):
        return ""
