import asyncio
import itertools

import pytest
from aiohttp import web

from acrcmk.azure import throttle
from acrcmk.azure.throttle import BudgetExhausted, Throttle
from acrcmk.domain.failures import AzureFailure, Kind

SUBSCRIPTION = "aaaaaaaa-2222-2222-2222-222222222222"
OTHER = "33333333-3333-3333-3333-333333333333"
VAULTS, REGISTRIES = "Microsoft.KeyVault", "Microsoft.ContainerRegistry"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def budget(clock: Clock) -> Throttle:
    return Throttle(clock=clock, random=lambda: 0.0)


async def entered(budget: Throttle, subscription: str, verbs: str, provider: str = VAULTS) -> bool:
    try:
        await budget.enter(subscription, verbs, provider)
    except BudgetExhausted:
        return False
    return True


async def refused(budget: Throttle, subscription: str, verbs: str, provider: str = VAULTS) -> BudgetExhausted:
    with pytest.raises(BudgetExhausted) as caught:
        await budget.enter(subscription, verbs, provider)
    return caught.value


async def test_a_closed_bucket_refuses_at_once_and_says_how_long(clock: Clock, budget: Throttle) -> None:
    budget.close("s", "write", seconds=30)
    clock.now += 10
    failure = await refused(budget, "s", "write")
    assert (failure.kind, failure.retry_after) == (Kind.THROTTLED, 20.0)


async def test_a_refusal_is_a_failure_of_its_own_kind_whose_text_stays_the_same(clock: Clock, budget: Throttle) -> None:
    budget.close("s", "write", seconds=30)
    first = await refused(budget, "s", "write")
    clock.now += 10
    second = await refused(budget, "s", "write")
    assert isinstance(first, AzureFailure)
    assert first.local
    assert str(first) == str(second)
    assert "write requests to Microsoft.KeyVault in subscription s" in str(first)


async def test_other_subscriptions_and_verbs_go_on(clock: Clock, budget: Throttle) -> None:
    budget.close("s", "write", seconds=30)
    assert await entered(budget, "s", "read")
    assert await entered(budget, "other", "write")
    assert not await entered(budget, "s", "write")
    clock.now += 30
    assert await entered(budget, "s", "write")


async def test_a_closed_provider_leaves_the_others_open(clock: Clock, budget: Throttle) -> None:
    budget.close("s", "write", REGISTRIES, seconds=30)
    assert not await entered(budget, "s", "write", REGISTRIES)
    assert await entered(budget, "s", "write", VAULTS)
    clock.now += 30
    assert await entered(budget, "s", "write", REGISTRIES)


async def test_a_closed_subscription_closes_all_its_providers(budget: Throttle) -> None:
    budget.close("s", "write", seconds=30)
    assert not await entered(budget, "s", "write", REGISTRIES)
    assert not await entered(budget, "s", "write", VAULTS)


async def test_subscriptions_and_providers_are_the_same_in_any_case(budget: Throttle) -> None:
    budget.close(SUBSCRIPTION.upper(), "write", REGISTRIES.upper(), seconds=30)
    assert not await entered(budget, SUBSCRIPTION, "write", REGISTRIES)


async def test_a_shorter_wait_does_not_cut_a_longer_one(budget: Throttle) -> None:
    budget.close("s", "read", seconds=60)
    budget.close("s", "read", seconds=1)
    assert (await refused(budget, "s", "read")).retry_after == 60.0


async def test_a_closure_is_capped(budget: Throttle) -> None:
    budget.close("s", "read", seconds=86400)
    assert (await refused(budget, "s", "read")).retry_after == 300.0


async def test_processes_that_were_told_the_same_come_back_at_different_times(clock: Clock) -> None:
    waits = []
    for number in (0.0, 0.5, 0.999):
        budget = Throttle(clock=clock, random=lambda number=number: number)
        budget.close("s", "read", seconds=60)
        waits.append((await refused(budget, "s", "read")).retry_after)
    assert waits == pytest.approx([60, 63, 66], abs=0.01)


async def test_waiters_have_due_times_of_their_own(budget: Throttle) -> None:
    budget.close("s", "read", seconds=30)
    due = [(await refused(budget, "s", "read")).retry_after for _ in range(400)]
    assert due[0] == 30
    assert all(later - earlier == pytest.approx(0.2) for earlier, later in itertools.pairwise(due))


@pytest.mark.looptime
async def test_requests_of_others_that_azure_counted_make_ours_wait(looptime) -> None:
    budget = Throttle(clock=asyncio.get_running_loop().time, random=lambda: 0.0)
    budget.lower("s", "write", remaining=0)
    budget.lower("s", "write", remaining=150)
    done = await asyncio.gather(*(entered(budget, "s", "write") for _ in range(20)))
    assert sum(done) == 10
    assert looptime == pytest.approx(1.0)


@pytest.mark.looptime
async def test_a_moments_wait_is_waited_and_a_longer_one_refused(looptime) -> None:
    loop = asyncio.get_running_loop()
    budget = Throttle(clock=loop.time, random=lambda: 0.0)
    done = await asyncio.gather(*(entered(budget, "s", "write") for _ in range(300)))
    assert sum(done) == 200 + 10
    assert looptime == pytest.approx(1.0)


@pytest.mark.looptime
async def test_who_waits_for_a_token_when_azure_closes_the_bucket_is_refused(looptime) -> None:
    budget = Throttle(clock=asyncio.get_running_loop().time, random=lambda: 0.0)
    budget.lower("s", "write", remaining=0)
    waiting = asyncio.create_task(entered(budget, "s", "write"))
    await asyncio.sleep(0.05)
    budget.close("s", "write", seconds=30)
    assert not await waiting


@pytest.mark.looptime
async def test_400_waiters_who_come_back_when_they_are_due_are_all_served(looptime) -> None:
    budget = Throttle(clock=asyncio.get_running_loop().time, random=lambda: 0.0)
    refusals = 0

    async def reconcile() -> None:
        nonlocal refusals
        while True:
            try:
                for _ in range(5):
                    await budget.enter("s", "read", VAULTS)
            except BudgetExhausted as exhausted:
                refusals += 1
                await asyncio.sleep(exhausted.retry_after)
            else:
                return

    await asyncio.gather(*(reconcile() for _ in range(400)))
    floor = (400 * 5 - 250) / 25
    assert looptime < 2 * floor
    assert refusals < 2 * 400


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({"Retry-After": "30"}, 30.0), ({}, 1.0), ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, 1.0)],
)
def test_how_long_an_answer_asks_to_stay_away(headers: dict[str, str], seconds: float) -> None:
    assert throttle.retry_after(headers) == seconds


@pytest.mark.parametrize(
    ("code", "cause", "closed"),
    [
        ("SubscriptionRequestsThrottled", None, "subscription"),
        ("SubscriptionRequestsThrottled", "gateway", "subscription"),
        ("TooManyRequests", "gateway", "subscription"),
        ("", "gateway", "subscription"),
        ("ResourceRequestsThrottled", "gateway", "provider"),
        ("TooManyRequests", None, "provider"),
        ("", None, "provider"),
    ],
)
def test_what_a_429_is_about(code: str, cause: str | None, closed: str) -> None:
    headers = {"x-ms-failure-cause": cause} if cause else {}
    whole = throttle.concerns_subscription(code=code, headers=headers)
    assert closed == ("subscription" if whole else "provider")


@pytest.mark.parametrize(
    ("method", "verbs"), [("GET", "read"), ("HEAD", "read"), ("PUT", "write"), ("POST", "write"), ("DELETE", "delete")]
)
def test_the_class_of_a_method(method: str, verbs: str) -> None:
    assert throttle.verb_class(method) == verbs


def too_many(code: str, **headers: str) -> web.Response:
    return web.json_response({"error": {"code": code, "message": "x"}}, status=429, headers=headers)


async def group(clients, subscription: str = SUBSCRIPTION):
    return await clients.of(subscription).resources.resource_groups.get("rg")


async def vault(clients, subscription: str = SUBSCRIPTION):
    return await clients.of(subscription).vaults.vaults.get("rg", "kv")


async def registry(clients, subscription: str = SUBSCRIPTION):
    return await clients.of(subscription).registries.registries.get("rg", "acr")


async def test_a_provider_that_refuses_is_left_alone_and_others_are_not(clients, endpoint) -> None:
    endpoint.refusals = [too_many("TooManyRequests", **{"Retry-After": "60"})]
    with pytest.raises(Exception, match="TooManyRequests"):
        await vault(clients)
    requests = endpoint.requests
    with pytest.raises(BudgetExhausted) as caught:
        await vault(clients, SUBSCRIPTION.upper())
    assert caught.value.retry_after == pytest.approx(63, abs=3.1)
    assert endpoint.requests == requests, "nothing was sent"
    await group(clients)
    await registry(clients)
    await vault(clients, OTHER)


async def test_a_gateway_that_refuses_closes_the_subscription_for_its_class_of_requests(clients, endpoint) -> None:
    endpoint.refusals = [
        too_many("SubscriptionRequestsThrottled", **{"Retry-After": "60", "x-ms-failure-cause": "gateway"})
    ]
    with pytest.raises(Exception, match="SubscriptionRequestsThrottled"):
        await vault(clients)
    with pytest.raises(BudgetExhausted):
        await registry(clients)
    await registry(clients, OTHER)


async def test_a_429_to_a_request_whose_body_is_streamed_is_understood(clients, endpoint) -> None:
    endpoint.refusals = [too_many("SubscriptionRequestsThrottled", **{"Retry-After": "60"})]
    with pytest.raises(Exception, match="SubscriptionRequestsThrottled"):
        await clients.of(SUBSCRIPTION).registries.registries.begin_create("rg", "acr", {"location": "westeurope"})
    with pytest.raises(BudgetExhausted):
        await clients.of(SUBSCRIPTION).resources.resource_groups.create_or_update("rg", {"location": "westeurope"})


@pytest.mark.parametrize("status", [200, 409])
async def test_other_answers_close_nothing(clients, endpoint, status: int) -> None:
    body = {"error": {"code": "Conflict", "message": "x"}} if status == 409 else {"id": "/x", "location": "x"}
    endpoint.refusals = [web.json_response(body, status=status, headers={"Retry-After": "60"})]
    await asyncio.gather(group(clients), return_exceptions=True)
    await group(clients)


async def test_a_remaining_count_of_others_requests_makes_ours_wait(clients, endpoint) -> None:
    left = web.json_response({"id": "/x"}, headers={"x-ms-ratelimit-remaining-subscription-reads": "0"})
    endpoint.refusals = [left]
    await group(clients)
    began = asyncio.get_running_loop().time()
    await asyncio.gather(*(group(clients) for _ in range(6)))
    assert asyncio.get_running_loop().time() - began > 5 / 25
