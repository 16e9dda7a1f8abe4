"""A vault's endpoint: order of the checks, and throttling."""

import aiohttp
import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ServiceResponseError

from acrcmk_lab.azure.services.key_vault.data_plane import operations
from tests.lab.tests.azure.conftest import GROUP, LabCredential

CREATE = ("POST", "keys/key/create", {"kty": "RSA"})
OTHERS = "192.0.2.0/24"


def error_of(response):
    status, body, _ = response
    error = body["error"]
    return status, error["code"], error.get("innererror", {}).get("code")


async def test_a_client_gets_its_token_by_the_challenge(lab, azure, key_client):
    await azure.vault()
    credential = LabCredential(lab, lab.cloud.person)
    client = await key_client(credential=credential)
    await client.create_rsa_key("key", size=2048)
    assert credential.asked == [(("https://vault.azure.net/.default",), lab.cloud.state.tenant_id)]


async def test_without_a_token_the_challenge_names_authority_and_resource(lab, azure, vault_request):
    await azure.vault()
    status, body, headers = await vault_request("POST", "keys/key/create", token="")
    assert (status, body["error"]["message"]) == (401, "AKV10000: Request is missing a Bearer or PoP token.")
    authority = f"https://login.microsoftonline.com/{lab.cloud.state.tenant_id}"
    assert headers["WWW-Authenticate"] == f'Bearer authorization="{authority}", resource="https://vault.azure.net"'


async def test_releases_of_2020_have_another_challenge(lab, azure, vault_request):
    await azure.vault()
    lab.settings.set("vault_release", value="1.2.58.0")
    _, body, headers = await vault_request("GET", "keys", token="")
    assert body["error"]["message"] == "Request is missing a Bearer or PoP token."
    assert headers["WWW-Authenticate"].startswith('Bearer authorization="https://login.windows.net/')


async def test_tokens_for_something_else_unknown_and_expired_ones_are_challenged(lab, azure, vault_request):
    await azure.vault()
    elsewhere = lab.cloud.tokens.issue(lab.cloud.person, audience="https://management.azure.com")
    status, body, headers = await vault_request("GET", "keys", token=elsewhere)
    assert (status, body["error"]["message"][:8]) == (401, "AKV10022")
    assert "WWW-Authenticate" in headers
    assert (await vault_request("GET", "keys", token="nonsense"))[0] == 401
    good = lab.cloud.tokens.issue(lab.cloud.person, audience="https://vault.azure.net/")
    assert (await vault_request("GET", "keys", token=good))[0] == 200
    await lab.control.expire_tokens()
    assert (await vault_request("GET", "keys", token=good))[0] == 401


async def test_a_response_names_region_address_and_release(lab, azure, vault_request):
    await azure.vault()
    lab.settings.set("client_address", value="198.51.100.7")
    _, _, headers = await vault_request("GET", "keys")
    assert headers["x-ms-keyvault-region"] == "westeurope"
    assert headers["x-ms-keyvault-network-info"] == "conn_type=Ipv4;addr=198.51.100.7;act_addr_fam=InterNetwork;"
    assert headers["x-ms-keyvault-service-version"] == lab.settings.vault_release


async def test_a_vault_has_no_address_before_dns_knows_it_nor_after_its_deletion(azure, key_client, vault_request):
    client = await key_client()
    with pytest.raises(ServiceResponseError):
        await client.get_key("key")
    await azure.vault(ready=False)
    with pytest.raises(aiohttp.ClientHttpProxyError) as unresolved:
        await vault_request("GET", "keys")
    assert unresolved.value.status == 502
    await azure.lab.clock.advance(10)
    assert (await vault_request("GET", "keys"))[0] == 200
    await azure.vaults.vaults.delete(GROUP, "vault-one")
    with pytest.raises(aiohttp.ClientHttpProxyError):
        await vault_request("GET", "keys")


async def test_the_setting_vault_absent_refuses_the_connection_instead(lab, vault_request):
    lab.settings.set("vault_absent", value="refused")
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await vault_request("GET", "keys")


@pytest.mark.parametrize("version", ["7.0", "7.3-preview", "7.5-preview.1", "7.6", "2025-07-01", "2016-10-01"])
async def test_api_versions_of_ten_years_are_served(azure, vault_request, version):
    await azure.vault()
    assert (await vault_request("GET", "keys", version=version))[0] == 200


@pytest.mark.parametrize("version", ["", "7", "7.7", "8.0", "2026-02-01", "nonsense"])
async def test_other_api_versions_are_refused(azure, vault_request, version):
    await azure.vault()
    assert error_of(await vault_request("GET", "keys", version=version)) == (400, "BadParameter", None)


async def test_a_path_that_is_none_is_refused(azure, vault_request):
    await azure.vault()
    assert (await vault_request("GET", "storage"))[0] == 405
    assert (await vault_request("PUT", "keys/key/create", {}))[0] == 405


@pytest.mark.parametrize(
    ("properties", "refused"),
    [
        ({"publicNetworkAccess": "Disabled"}, "ForbiddenByConnection"),
        ({"publicNetworkAccess": "SecuredByPerimeter"}, "ForbiddenByConnection"),
        ({"networkAcls": {"defaultAction": "Deny"}}, "ForbiddenByFirewall"),
        ({"networkAcls": {"defaultAction": "Deny", "ipRules": [{"value": OTHERS}]}}, "ForbiddenByFirewall"),
        ({"networkAcls": {"defaultAction": "Deny", "ipRules": [{"value": "203.0.113.10"}]}}, None),
        ({"networkAcls": {"defaultAction": "Deny", "ipRules": [{"value": "203.0.113.0/24"}]}}, None),
        ({"networkAcls": {"defaultAction": "Allow", "bypass": "None"}}, None),
    ],
    ids=["disabled", "perimeter", "deny", "others listed", "address listed", "range listed", "allow"],
)
async def test_the_firewall_asks_for_the_address(azure, vault_request, properties, refused):
    await azure.vault()
    await azure.lab.control.firewall("vault-one", **properties)
    response = await vault_request("GET", "keys")
    assert error_of(response) == (403, "Forbidden", refused) if refused else response[0] == 200


@pytest.mark.parametrize(
    ("properties", "passes"),
    [
        ({"networkAcls": {"defaultAction": "Deny", "bypass": "AzureServices"}}, True),
        ({"publicNetworkAccess": "Disabled"}, True),
        ({"networkAcls": {"defaultAction": "Deny", "bypass": "None"}}, False),
        ({"publicNetworkAccess": "SecuredByPerimeter"}, False),
    ],
    ids=["bypass", "disabled with bypass", "no bypass", "perimeter"],
)
async def test_a_trusted_service_passes_by_the_bypass_alone(azure, vault_request, properties, passes):
    await azure.vault()
    await azure.lab.control.firewall("vault-one", **properties)
    await azure.lab.control.trust(azure.lab.cloud.person.object_id)
    assert (await vault_request("GET", "keys"))[0] == (200 if passes else 403)


async def test_the_firewall_comes_before_permissions_and_permissions_before_the_object(azure, vault_request):
    await azure.vault()
    operator = azure.lab.cloud.operator
    assert error_of(await vault_request("GET", "keys/none", principal=operator)) == (
        403,
        "Forbidden",
        "ForbiddenByRbac",
    )
    await azure.lab.control.firewall("vault-one", publicNetworkAccess="Disabled")
    assert error_of(await vault_request("GET", "keys/none", principal=operator))[2] == "ForbiddenByConnection"


async def test_roles_take_effect_once_they_have_propagated_and_at_their_scope(azure, vault_request):
    vault = await azure.vault()
    await vault_request(*CREATE)
    await vault_request("POST", "keys/other/create", {"kty": "RSA"})
    operator = azure.lab.cloud.operator
    await azure.assign(f"{vault.id}/keys/key", operator.object_id)
    assert (await vault_request("GET", "keys/key", principal=operator))[0] == 403
    await azure.lab.clock.advance(60)
    assert (await vault_request("GET", "keys/key", principal=operator))[0] == 200
    assert (await vault_request("GET", "keys/other", principal=operator))[0] == 403
    assert (await vault_request("GET", "keys", principal=operator))[0] == 403
    status, body, _ = await vault_request("DELETE", "keys/key", principal=operator)
    assert status == 403
    assert "Action: 'Microsoft.KeyVault/vaults/keys/delete'" in body["error"]["message"]
    assert f"Resource: '{vault.id.lower()}/keys/key'" in body["error"]["message"]


async def test_access_policies_take_effect_once_they_have_propagated(azure, vault_request):
    await azure.vault(enableRbacAuthorization=False, accessPolicies=[])
    assert error_of(await vault_request(*CREATE)) == (403, "Forbidden", "ForbiddenByPolicy")
    policy = {
        "tenantId": azure.lab.cloud.state.tenant_id,
        "objectId": azure.lab.cloud.person.object_id,
        "permissions": {"keys": ["Get", "create"], "secrets": ["all"]},
    }
    await azure.vaults.vaults.update_access_policy(
        GROUP, "vault-one", "add", {"properties": {"accessPolicies": [policy]}}
    )
    assert (await vault_request(*CREATE))[0] == 403
    await azure.lab.clock.advance(5)
    assert (await vault_request(*CREATE))[0] == 200
    assert (await vault_request("GET", "keys/key"))[0] == 200
    status, body, _ = await vault_request("GET", "keys")
    assert status == 403
    assert "does not have keys list permission on key vault 'vault-one;location=westeurope'" in body["error"]["message"]
    assert (await vault_request("GET", "secrets"))[0] == 200


async def test_a_client_gets_an_error_response_as_an_exception_with_its_code(azure, key_client):
    await azure.vault()
    client = await key_client(principal=azure.lab.cloud.operator)
    with pytest.raises(HttpResponseError) as refused:
        await client.get_key("key")
    assert (refused.value.status_code, refused.value.error.innererror["code"]) == (403, "ForbiddenByRbac")


async def test_a_client_with_a_wrong_grant_type_or_id_is_rejected(lab, azure, key_client):
    class Stubborn(LabCredential):
        async def get_token(self, *scopes, **options):
            return await super().get_token("https://management.azure.com/.default")

    await azure.vault()
    client = await key_client(credential=Stubborn(lab))
    with pytest.raises(ClientAuthenticationError):
        await client.get_key("key")


async def test_creations_are_throttled_until_ten_seconds_are_over(azure, vault_request):
    await azure.vault()
    azure.lab.settings.set("vault_limits", value="0.1")
    assert [(await vault_request(*CREATE))[0] for _ in range(3)] == [200, 200, 429]
    await azure.lab.clock.advance(4)
    status, body, headers = await vault_request(*CREATE)
    assert (status, body["error"]["code"], headers["Retry-After"]) == (429, "Throttled", "6")
    assert (await vault_request("GET", "keys/key"))[0] == 200, "reads have a limit of their own"
    await azure.lab.clock.advance(6)
    assert (await vault_request(*CREATE))[0] == 200


async def test_a_subscription_has_five_times_a_vaults_share(azure, vault_request):
    azure.lab.settings.set("vault_limits", value="0.05")
    names = [f"vault-{i}" for i in range(6)]
    for name in names:
        await azure.vault(name)
    assert [(await vault_request(*CREATE, vault=name))[0] for name in names] == [200] * 5 + [429]


@pytest.mark.parametrize(
    ("older", "newer"), [("2016-10-01", "7.0"), ("7.0", "7.1-preview"), ("7.5-preview.1", "7.6"), ("7.6", "2025-07-01")]
)
def test_api_versions_compare_by_age(older, newer):
    assert operations.api_version(older) < operations.api_version(newer)
