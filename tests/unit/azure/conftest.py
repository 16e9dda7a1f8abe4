"""An endpoint of the tests' own for Azure and Entra, and the operator's clients wired to it, over TLS."""

import asyncio
import dataclasses

import pytest
from aiohttp import web

from acrcmk import app
from acrcmk.settings import Settings
from acrcmk.telemetry.metrics import Metrics
from acrcmk_lab import certificates

TENANT = "11111111-1111-1111-1111-111111111111"


@dataclasses.dataclass
class Endpoint:
    """A server for tokens and resource groups; `connections` counts those that got past the TLS handshake."""

    url: str = ""
    connections: int = 0
    requests: int = 0
    seconds: float = 0.0
    asked: asyncio.Event = dataclasses.field(default_factory=asyncio.Event)
    refusals: list[web.Response] = dataclasses.field(default_factory=list)
    """Answers to give, once each, in place of a resource."""

    async def answer(self, request: web.BaseRequest) -> web.Response:
        self.requests += 1
        self.asked.set()
        await asyncio.sleep(self.seconds)
        if request.path.endswith("/oauth2/v2.0/token"):
            return web.json_response({"token_type": "Bearer", "expires_in": 3600, "access_token": "x"})
        if self.refusals:
            return self.refusals.pop(0)
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
