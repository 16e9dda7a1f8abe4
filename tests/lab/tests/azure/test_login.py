"""The token service, as azure-identity's workload identity credential uses it."""

import contextlib

import aiohttp
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity.aio import WorkloadIdentityCredential
from azure.mgmt.resource.resources.aio import ResourceManagementClient

from tests.lab.tests.azure.conftest import SCOPES


@contextlib.asynccontextmanager
async def signed_in(lab, **changed):
    environment = lab.environment()
    options = {
        "tenant_id": environment["AZURE_TENANT_ID"],
        "client_id": environment["AZURE_CLIENT_ID"],
        "token_file_path": environment["AZURE_FEDERATED_TOKEN_FILE"],
        "authority": environment["AZURE_AUTHORITY_HOST"],
        "disable_instance_discovery": True,
        "connection_verify": str(lab.ca_file),
        **changed,
    }
    async with WorkloadIdentityCredential(**options) as credential:
        yield credential


async def test_workload_identity_signs_in_and_lists_groups(lab):
    async with (
        signed_in(lab) as credential,
        ResourceManagementClient(
            credential,
            lab.subscription_id,
            base_url=lab.url,
            credential_scopes=SCOPES,
            connection_verify=str(lab.ca_file),
        ) as client,
    ):
        assert [group.name async for group in client.resource_groups.list()] == ["rg"]
    assert {r.status for r in lab.log.requests(service="login")} == {200}
    assert [r.principal for r in lab.log.requests(service="arm")] == ["operator"]


async def test_a_wrong_assertion_or_client_gets_no_token(lab, tmp_path):
    wrong = tmp_path / "token"
    wrong.write_text("not the lab's")
    for changed in ({"token_file_path": str(wrong)}, {"client_id": "00000000-0000-0000-0000-00000000dead"}):
        async with signed_in(lab, **changed) as credential:
            with pytest.raises(ClientAuthenticationError):
                await credential.get_token(*SCOPES)


async def get(lab, path, **headers):
    async with aiohttp.ClientSession() as session, session.get(lab.url + path, headers=headers, ssl=False) as response:
        return response.status, dict(response.headers), await response.json()


@pytest.mark.parametrize("authorization", [None, "Bearer nonsense", "Basic eDp5"])
async def test_a_request_without_a_good_token_is_challenged(lab, authorization):
    headers = {"Authorization": authorization} if authorization else {}
    status, answered, body = await get(lab, "/subscriptions?api-version=2022-12-01", **headers)
    assert (status, body["error"]["code"]) == (401, "InvalidAuthenticationToken")
    assert answered["WWW-Authenticate"].startswith("Bearer authorization_uri=")


async def test_an_expired_token_says_when_it_did(lab):
    token = lab.cloud.tokens.issue(lab.cloud.operator, audience="x")
    path = f"/subscriptions/{lab.subscription_id}/resourcegroups?api-version=2025-04-01"
    assert (await get(lab, path, Authorization=f"Bearer {token}"))[0] == 200
    await lab.control.expire_tokens()
    status, _, body = await get(lab, path, Authorization=f"Bearer {token}")
    assert (status, body["error"]["code"]) == (401, "ExpiredAuthenticationToken")
    assert "'11/23/2026 12:00:00 PM'" in body["error"]["message"]
