import asyncio
import gc
import time
import weakref

import pytest
from aiohttp import web
from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError

from acrcmk.azure import api_versions, clients, connections
from acrcmk.azure.clients import ClientFactory
from acrcmk.azure.throttle import Throttle

SUBSCRIPTION = "aaaaaaaa-2222-2222-2222-222222222222"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Credential:
    async def get_token(self, *_scopes, **_options):
        return AccessToken("x", int(time.time()) + 3600)

    async def close(self):
        pass


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def factory(endpoint, authority, clock, tmp_path):
    session = connections.open_session(ca_bundle=str(authority.write_root(tmp_path / "ca.pem")))
    made = ClientFactory(
        credential=Credential(),
        resource_manager=endpoint.url,
        audience="https://management.azure.com/.default",
        session=session,
        versions=api_versions.BY_CLOUD["public"],
        throttle=Throttle(clock=clock, random=lambda: 0.0),
        observe=lambda **_: None,
        clock=clock,
    )
    yield made
    await made.close()


def subscription(number: int) -> str:
    return f"00000000-0000-0000-0000-{number:012}"


async def test_a_subscription_has_one_set_of_clients_however_it_is_written(factory):
    assert factory.of(SUBSCRIPTION) is factory.of(SUBSCRIPTION.upper())


async def test_clients_in_use_are_kept(factory, clock):
    kept = factory.of(SUBSCRIPTION)
    for _ in range(10):
        clock.now += clients.IDLE_SECONDS - 1
        factory.of(subscription(1))
        assert factory.of(SUBSCRIPTION) is kept


async def test_idle_clients_are_dropped_and_freed(factory, clock):
    idle = weakref.ref(factory.of(SUBSCRIPTION))
    clock.now += clients.IDLE_SECONDS + 1
    factory.of(subscription(1))
    gc.collect()
    assert idle() is None


async def test_of_too_many_the_longest_unused_are_dropped(factory, monkeypatch):
    monkeypatch.setattr(clients, "MOST_SUBSCRIPTIONS", 3)
    first, second, *_ = [factory.of(subscription(number)) for number in range(3)]
    assert factory.of(subscription(0)) is first
    factory.of(subscription(3))
    assert factory.of(subscription(0)) is first
    assert factory.of(subscription(1)) is not second


async def test_clients_with_a_request_under_way_are_kept(factory, endpoint, clock, monkeypatch):
    monkeypatch.setattr(clients, "MOST_SUBSCRIPTIONS", 1)
    endpoint.seconds = 0.3
    busy = factory.of(SUBSCRIPTION)
    call = asyncio.create_task(busy.resources.resource_groups.get("rg"))
    await endpoint.asked.wait()
    clock.now += clients.IDLE_SECONDS + 1
    factory.of(subscription(1))
    assert factory.of(SUBSCRIPTION) is busy
    await call
    clock.now += clients.IDLE_SECONDS + 1
    factory.of(subscription(1))
    assert factory.of(SUBSCRIPTION) is not busy


async def test_a_request_that_failed_is_no_longer_under_way(factory, endpoint, clock):
    endpoint.refusals = [web.Response(status=403)]
    idle = factory.of(SUBSCRIPTION)
    with pytest.raises(HttpResponseError):
        await idle.resources.resource_groups.get("rg")
    cancelled = asyncio.create_task(idle.resources.resource_groups.get("rg"))
    await asyncio.sleep(0)
    cancelled.cancel()
    await asyncio.wait([cancelled])
    clock.now += clients.IDLE_SECONDS + 1
    factory.of(subscription(1))
    assert factory.of(SUBSCRIPTION) is not idle
