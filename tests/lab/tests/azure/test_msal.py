"""Sign-in of tools that use MSAL: discovery and client secrets, with msal and azure-identity themselves."""

import asyncio
import pathlib

import aiohttp
import msal
import pytest
import requests
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientSecretCredential

SCOPE = "https://management.azure.com/.default"


@pytest.fixture
def client_secret(lab):
    return pathlib.Path(lab.environment()["ACRCMK_LAB_CLIENT_SECRET_FILE"]).read_text()


def session(lab):
    """Return an HTTP session that trusts the lab alone, whatever the environment says."""
    http = requests.Session()
    http.trust_env, http.verify = False, str(lab.ca_file)
    return http


def application(lab, secret, **options):
    return msal.ConfidentialClientApplication(
        lab.cloud.operator.client_id,
        authority=f"{lab.url}/{lab.cloud.state.tenant_id}",
        client_credential=secret,
        http_client=session(lab),
        **options,
    )


async def acquire(lab, secret, **options):
    def run():
        return application(lab, secret, **options).acquire_token_for_client([SCOPE])

    return await asyncio.to_thread(run)


@pytest.mark.parametrize("discovery", ["off", "the lab's"])
async def test_msal_signs_in_with_a_client_secret_at_the_lab_s_authority(lab, client_secret, discovery):
    address = False if discovery == "off" else f"{lab.url}/common/discovery/instance"
    answer = await acquire(lab, client_secret, instance_discovery=address)
    assert lab.cloud.state.tokens.find(answer["access_token"]).principal is lab.cloud.operator


async def test_msal_signs_in_with_a_federated_token(lab):
    secret = {"client_assertion": lambda: lab.cloud.assertion}
    assert "access_token" in await acquire(lab, secret, instance_discovery=False)


async def test_msal_learns_that_an_authority_is_unknown(lab, client_secret):
    def run():
        return msal.ConfidentialClientApplication(
            lab.cloud.operator.client_id,
            authority="https://login.example.org/tenant",
            client_credential=client_secret,
            http_client=session(lab),
            instance_discovery=f"{lab.url}/common/discovery/instance",
        )

    with pytest.raises(ValueError, match="invalid_instance"):
        await asyncio.to_thread(run)


@pytest.mark.parametrize("secret", ["wrong", "someone else's"])
async def test_a_wrong_client_secret_is_refused(lab, secret):
    wrong = lab.cloud.tokens.secret(lab.cloud.person) if secret == "someone else's" else secret
    answer = await acquire(lab, wrong, instance_discovery=False)
    assert answer["error"] == "invalid_client"
    assert answer["error_description"].startswith("AADSTS7000215: Invalid client secret provided.")


async def test_azure_identity_signs_in_with_a_client_secret(lab, client_secret):
    def credential(secret):
        return ClientSecretCredential(
            lab.cloud.state.tenant_id,
            lab.cloud.operator.client_id,
            secret,
            authority=lab.url,
            disable_instance_discovery=True,
            connection_verify=str(lab.ca_file),
        )

    token = await asyncio.to_thread(credential(client_secret).get_token, SCOPE)
    assert lab.cloud.state.tokens.find(token.token).principal is lab.cloud.operator
    with pytest.raises(ClientAuthenticationError, match="AADSTS7000215"):
        await asyncio.to_thread(credential("wrong").get_token, SCOPE)


async def test_the_first_version_of_the_token_endpoint_takes_a_resource(lab, client_secret):
    form = {
        "grant_type": "client_credentials",
        "client_id": lab.cloud.operator.client_id,
        "client_secret": client_secret,
        "resource": "https://management.azure.com/",
    }
    url = f"{lab.url}/{lab.cloud.state.tenant_id}/oauth2/token"
    async with aiohttp.ClientSession() as session, session.post(url, data=form, ssl=False) as response:
        body = await response.json()
    assert (body["expires_in"], body["resource"]) == ("3600", "https://management.azure.com/")
    assert lab.cloud.state.tokens.find(body["access_token"]).audience == "https://management.azure.com"


async def test_instance_discovery_through_the_proxy_names_the_public_authority(lab):
    url = "https://login.microsoftonline.com/common/discovery/instance"
    query = {
        "api-version": "1.1",
        "authorization_endpoint": "https://login.microsoftonline.com/t/oauth2/v2.0/authorize",
    }
    async with (
        aiohttp.ClientSession() as session,
        session.get(url, params=query, proxy=lab.proxy_url, ssl=False) as response,
    ):
        body = await response.json()
    assert body["tenant_discovery_endpoint"] == (
        "https://login.microsoftonline.com/t/v2.0/.well-known/openid-configuration"
    )
    assert "login.windows.net" in body["metadata"][0]["aliases"]
