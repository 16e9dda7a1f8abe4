"""Which identity the operator asks a token for, seen by the managed identity endpoint of a node."""

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from acrcmk import app
from acrcmk.azure import connections
from acrcmk.settings import Settings

TENANT = "11111111-1111-1111-1111-111111111111"
CLIENT = "22222222-2222-2222-2222-222222222222"
SCOPE = "https://management.azure.com/.default"


@pytest.fixture
async def asked(monkeypatch):
    """The client ids that tokens were asked for; "" for the node's own identity."""
    client_ids = []

    async def token(request: web.Request) -> web.Response:
        if "Metadata" not in request.headers:
            return web.json_response({"error": "invalid_request"}, status=400)  # the SDK looks whether this is IMDS
        client_ids.append(request.query.get("client_id", ""))
        return web.json_response({"access_token": "x", "expires_in": "3600", "resource": "x", "token_type": "Bearer"})

    application = web.Application()
    application.router.add_get("/metadata/identity/oauth2/token", token)
    async with TestServer(application) as server:
        for name in ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_CLIENT_SECRET", "AZURE_FEDERATED_TOKEN_FILE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", str(server.make_url("")).rstrip("/"))
        yield client_ids


async def get_token(settings: Settings) -> str:
    async with connections.open_session(ca_bundle=None) as session:
        credential = app.credential(settings, session=session)
        token = await credential.get_token(SCOPE)
        await credential.close()
    return token.token


async def test_a_client_id_from_a_flag_needs_no_token_file(asked):
    settings = Settings(_cli_parse_args=["--AZURE_CLIENT_ID", CLIENT, "--AZURE_TENANT_ID", TENANT])
    assert await get_token(settings) == "x"
    assert asked == [CLIENT]


async def test_a_client_id_from_the_environment_needs_no_token_file(asked, monkeypatch):
    monkeypatch.setenv("AZURE_CLIENT_ID", CLIENT)
    assert await get_token(Settings(AZURE_TENANT_ID=TENANT)) == "x"
    assert asked == [CLIENT]


async def test_without_a_client_id_it_is_the_nodes_own_identity(asked):
    assert await get_token(Settings(AZURE_TENANT_ID=TENANT)) == "x"
    assert asked == [""]
