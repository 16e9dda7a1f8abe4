"""TLS contexts, handshakes and connections of the wired edge to Azure, counted over the wire."""

import asyncio
import ssl

SUBSCRIPTION = "22222222-2222-2222-2222-222222222222"
OTHER = "33333333-3333-3333-3333-333333333333"


async def read(clients, subscription=SUBSCRIPTION):
    return await clients.of(subscription).resources.resource_groups.get("rg")


async def test_requests_one_after_the_other_share_a_connection_tokens_included(clients, endpoint):
    for number in range(20):
        await read(clients, SUBSCRIPTION if number % 2 else OTHER)
    assert endpoint.requests == 21
    assert endpoint.connections == 1


async def test_requests_at_the_same_time_have_a_connection_each_which_later_ones_use_again(clients, endpoint):
    endpoint.seconds = 0.1
    for _ in range(4):
        await asyncio.gather(*(read(clients) for _ in range(8)))
    assert endpoint.requests == 4 * 8 + 1
    assert endpoint.connections <= 8


async def test_no_request_builds_a_tls_context_of_its_own(clients, endpoint, monkeypatch):
    await read(clients)
    contexts = []
    create = ssl.create_default_context
    monkeypatch.setattr(
        ssl, "create_default_context", lambda *args, **options: contexts.append(1) or create(*args, **options)
    )
    for _ in range(3):
        await read(clients)
    assert contexts == []
