"""TLS contexts, handshakes and connections of the wired edge to Azure, counted over the wire."""

import asyncio
import dataclasses
import ssl

import pytest
from aiohttp import web

from acrcmk import app
from acrcmk.settings import Settings
from acrcmk.telemetry.metrics import Metrics
from acrcmk_lab import certificates

TENANT = "11111111-1111-1111-1111-111111111111"
SUBSCRIPTION = "22222222-2222-2222-2222-222222222222"
OTHER = "33333333-3333-3333-3333-333333333333"


@dataclasses.dataclass
class Endpoint:
    """A server for tokens and resource groups; `connections` counts those that got past the TLS handshake."""

    url: str = ""
    connections: int = 0
    requests: int = 0
    seconds: float = 0.0

    async def answer(self, request: web.BaseRequest) -> web.Response:
        self.requests += 1
        await asyncio.sleep(self.seconds)
        if request.path.endswith("/oauth2/v2.0/token"):
            return web.json_response({"token_type": "Bearer", "expires_in": 3600, "access_token": "x"})
        return web.json_response({"id": request.path, "name": "rg", "location": "westeurope"})


@pytest.fixture
def authority():
    return certificates.Authority()


@pytest.fixture
async def endpoint(authority):
    running = Endpoint()
    server = web.Server(running.answer)

    def protocol():
        running.connections += 1
        return server()

    listening = await asyncio.get_running_loop().create_server(
        protocol, host="127.0.0.1", port=0, ssl=authority.server_context("127.0.0.1")
    )
    running.url = f"https://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    yield running
    listening.close()
    await server.shutdown(timeout=1)


@pytest.fixture
async def clients(endpoint, authority, tmp_path):
    token = tmp_path / "token"
    token.write_text("x")
    settings = Settings(
        AZURE_TENANT_ID=TENANT,
        AZURE_CLIENT_ID="x",
        AZURE_FEDERATED_TOKEN_FILE=token,
        AZURE_AUTHORITY_HOST=endpoint.url,
        resource_manager=endpoint.url,
        ca_bundle=authority.write_root(tmp_path / "ca.pem"),
    )
    _, factory = app.azure(settings, metrics=Metrics(version="test"))
    yield factory
    await factory.close()


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
