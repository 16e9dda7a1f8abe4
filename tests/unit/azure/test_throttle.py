import pytest

from acrcmk.azure.throttle import Throttle
from acrcmk.domain.failures import AzureFailure, Kind


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def refused(throttle: Throttle, subscription: str, verbs: str) -> AzureFailure:
    with pytest.raises(AzureFailure) as caught:
        await throttle.enter(subscription, verbs)
    return caught.value


async def test_a_shut_bucket_refuses_at_once_and_says_how_long(clock: Clock) -> None:
    throttle = Throttle(clock=clock)
    throttle.shut("s", "write", 30)
    clock.now += 10
    failure = await refused(throttle, "s", "write")
    assert (failure.kind, failure.retry_after) == (Kind.THROTTLED, 20.0)


async def test_other_subscriptions_and_verbs_go_on(clock: Clock) -> None:
    throttle = Throttle(clock=clock)
    throttle.shut("s", "write", 30)
    await throttle.enter("s", "read")
    await throttle.enter("other", "write")
    clock.now += 30
    await throttle.enter("s", "write")


async def test_a_shorter_wait_does_not_cut_a_longer_one(clock: Clock) -> None:
    throttle = Throttle(clock=clock)
    throttle.shut("s", "read", 60)
    throttle.shut("s", "read", 1)
    assert (await refused(throttle, "s", "read")).retry_after == 60.0
