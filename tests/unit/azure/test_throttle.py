import pytest

from acrcmk.azure import throttle
from acrcmk.azure.throttle import Throttle
from acrcmk.domain.failures import AzureFailure, Kind


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def entered(budget: Throttle, subscription: str, verbs: str) -> bool:
    try:
        await budget.enter(subscription, verbs)
    except AzureFailure:
        return False
    return True


async def refused(budget: Throttle, subscription: str, verbs: str) -> AzureFailure:
    with pytest.raises(AzureFailure) as caught:
        await budget.enter(subscription, verbs)
    return caught.value


async def test_a_shut_bucket_refuses_at_once_and_says_how_long(clock: Clock) -> None:
    budget = Throttle(clock=clock)
    budget.shut("s", "write", 30)
    clock.now += 10
    failure = await refused(budget, "s", "write")
    assert (failure.kind, failure.retry_after) == (Kind.THROTTLED, 20.0)


async def test_other_subscriptions_and_verbs_go_on(clock: Clock) -> None:
    budget = Throttle(clock=clock)
    budget.shut("s", "write", 30)
    assert await entered(budget, "s", "read")
    assert await entered(budget, "other", "write")
    assert not await entered(budget, "s", "write")
    clock.now += 30
    assert await entered(budget, "s", "write")


async def test_a_shorter_wait_does_not_cut_a_longer_one(clock: Clock) -> None:
    budget = Throttle(clock=clock)
    budget.shut("s", "read", 60)
    budget.shut("s", "read", 1)
    assert (await refused(budget, "s", "read")).retry_after == 60.0


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {"Retry-After": "30"}, 30.0),
        (429, {}, 1.0),
        (429, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, 1.0),
        (200, {"x-ms-ratelimit-remaining-subscription-reads": "0"}, 1.0),
        (201, {"x-ms-ratelimit-remaining-subscription-writes": "199"}, 0.0),
        (409, {"Retry-After": "30"}, 0.0),
        (200, {}, 0.0),
    ],
)
def test_how_long_an_answer_asks_to_stay_away(status: int, headers: dict[str, str], seconds: float) -> None:
    assert throttle._wait(status, headers) == seconds
