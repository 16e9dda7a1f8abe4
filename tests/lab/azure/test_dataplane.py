"""A vault's own endpoint, through the proxy, with the real Key Vault client."""

import contextlib
import time

import pytest
from azure.core.credentials import AccessToken
from azure.keyvault.keys.aio import KeyClient


class VaultCredential:
    """Signs in as any principal of the lab's, for whatever the challenge asks."""

    def __init__(self, lab, principal):
        self._lab = lab
        self._principal = principal
        self.asked = []

    async def get_token(self, *scopes, **options):
        self.asked.append((scopes, options.get("tenant_id")))
        audience = scopes[0].removesuffix("/.default")
        return AccessToken(self._lab.cloud.tokens.issue(self._principal, audience=audience), int(time.time()) + 3600)

    async def close(self):
        pass


@pytest.fixture
async def key_client(lab):
    async with contextlib.AsyncExitStack() as stack:

        async def make(vault="vault-one", *, principal=None, **options):
            credential = VaultCredential(lab, principal or lab.cloud.person)
            client = KeyClient(
                f"https://{vault}.vault.azure.net",
                credential,
                connection_verify=str(lab.ca_file),
                proxies={"https": lab.proxy_url},
                retry_total=0,
                **options,
            )
            return await stack.enter_async_context(client)

        yield make


async def test_a_client_finds_its_way_by_the_challenge_and_makes_a_key(azure, key_client):
    await azure.vault()
    client = await key_client()
    made = await client.create_rsa_key("key", size=2048)
    assert made.id.startswith("https://vault-one.vault.azure.net/keys/key/")
    assert (await client.get_key("key")).key.n == made.key.n
