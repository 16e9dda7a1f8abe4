"""What ARM refuses before a resource provider sees a write: locations, tags, disabled subscriptions."""

import aiohttp
import pytest
from azure.core.exceptions import HttpResponseError

from acrcmk_lab.azure.arm import write_checks
from tests.lab.tests.azure.conftest import GROUP, LOCATION, encrypted

PLAIN = {"location": LOCATION, "sku": {"name": "Premium"}}


async def refusal(awaitable):
    with pytest.raises(HttpResponseError) as caught:
        await awaitable
    return caught.value.status_code, caught.value.error.code, caught.value.error.message


def tags(count):
    return {f"Tag{number:02}": "value" for number in range(count)}


async def test_a_location_that_is_no_region_is_refused_with_the_list_of_regions(azure):
    registry = azure.create_registry({**PLAIN, "location": "westeurop"})
    status, code, message = await refusal(registry)
    assert (status, code) == (400, "LocationNotAvailableForResourceType")
    assert message.startswith(
        "The provided location 'westeurop' is not available for resource type 'Microsoft.ContainerRegistry/registries'."
    )
    assert "westeurope,westindia" in message
    identity = azure.identities.user_assigned_identities.create_or_update(GROUP, "identity", {"location": "moon"})
    assert (await refusal(identity))[1] == "LocationNotAvailableForResourceType"
    group = azure.resources.resource_groups.create_or_update("rg2", {"location": "moon"})
    assert (await refusal(group))[1] == "LocationNotAvailableForResourceGroup"


@pytest.mark.parametrize("location", ["West Europe", "westus3", "China North 3"])
async def test_a_region_is_accepted_in_its_spellings(azure, location):
    await azure.identities.user_assigned_identities.create_or_update(GROUP, "identity", {"location": location})


async def test_a_resource_has_at_most_fifty_tags(azure):
    client = azure.identities.user_assigned_identities
    await client.create_or_update(GROUP, "identity", {"location": LOCATION, "tags": tags(write_checks.MAX_TAGS)})
    refused = client.create_or_update(
        GROUP, "identity", {"location": LOCATION, "tags": tags(write_checks.MAX_TAGS + 1)}
    )
    assert (await refusal(refused))[0] == 400


async def test_a_key_has_at_most_fifteen_tags_in_both_planes(azure, key_client):
    await azure.vault()
    create = azure.vaults.keys.create_if_not_exist
    body = {"properties": {"kty": "RSA"}}
    refused = create(GROUP, "vault-one", "key", {**body, "tags": tags(16)})
    assert await refusal(refused) == (400, "BadParameter", "Property has invalid value\r\n")
    await create(GROUP, "vault-one", "key", {**body, "tags": tags(15)})
    client = await key_client()
    assert (await refusal(client.create_rsa_key("key", tags=tags(16))))[1] == "BadParameter"
    assert (await refusal(client.update_key_properties("key", tags=tags(16))))[1] == "BadParameter"
    assert len((await client.update_key_properties("key", tags=tags(15))).properties.tags) == 15


@pytest.mark.parametrize("operations", [["sign", "verify"], ["wrapKey"], ["unwrapKey", "encrypt"]])
async def test_a_registry_needs_a_key_that_permits_wrapkey_and_unwrapkey(azure, operations):
    identity, _, _ = await azure.encryptable()
    key = await azure.key("limited", keyOps=operations)
    refused = azure.create_registry(encrypted(identity, key.properties.key_uri))
    assert (await refusal(refused))[2].startswith(f"Failed to access KeyId '{key.properties.key_uri}'.")


async def test_a_key_that_no_longer_permits_unwrapkey_stops_pulls(azure, key_client):
    await azure.encrypted_registry()
    client = await key_client()
    await client.update_key_properties("key", key_operations=["sign"])
    await azure.lab.clock.advance(60)
    assert (await azure.lab.control.probe("registry1")).status == 403


async def test_a_disabled_subscription_is_read_only(azure):
    await azure.create_registry(PLAIN)
    await azure.lab.clock.advance(10)
    await azure.lab.control.subscription_state("Disabled")
    update = azure.registries.registries.begin_update(GROUP, "registry1", {"tags": {}})
    status, code, message = await refusal(update)
    assert (status, code) == (409, "ReadOnlyDisabledSubscription")
    assert message.startswith(f"The subscription '{azure.subscription}' is disabled and therefore marked as read only.")
    assert (await azure.registry()).name == "registry1"
    await azure.lab.control.subscription_state("Enabled")
    await azure.registries.registries.begin_update(GROUP, "registry1", {"tags": {"a": "b"}})
    await azure.lab.control.subscription_state("Warned")
    await azure.registries.registries.begin_delete(GROUP, "registry1")


async def test_an_unknown_subscription_state_is_refused_by_the_control_api(azure):
    with pytest.raises(ValueError, match="Enabled, Warned"):
        await azure.lab.control.subscription_state("Gone")


async def test_the_control_api_says_that_a_form_is_not_json(azure, lab):
    url, arguments = f"{lab.url}/_sim/set", '{"rbac_propagation": "600"}'
    form = {"content-type": "application/x-www-form-urlencoded"}
    async with aiohttp.ClientSession() as session:
        async with session.post(url, data=arguments, headers=form, ssl=False) as response:
            assert response.status == 400
            assert "content-type: application/json" in (await response.json())["error"]
        async with session.post(url, data=arguments, headers={"content-type": "application/json"}, ssl=False) as ok:
            assert ok.status == 200
        async with session.post(url, json=["rbac_propagation"], ssl=False) as response:
            assert response.status == 400
    assert lab.settings.rbac_propagation.low == 600
