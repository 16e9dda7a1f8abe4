import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from tests.lab.tests.azure.conftest import GROUP, LOCATION

PLAIN = {"location": LOCATION, "sku": {"name": "Premium"}}
REGISTRY = "registry1"


@pytest.fixture
async def registry(azure):
    poller = await azure.create_registry({**PLAIN, "properties": {"adminUserEnabled": True}})
    await azure.lab.clock.advance(10)
    return await poller.result()


async def replicas(azure):
    return [r.name async for r in azure.registries.replications.list(GROUP, REGISTRY)]


async def test_a_replica_syncs_and_adds_the_home_region_to_the_list(azure, registry):
    client = azure.registries.replications
    assert await replicas(azure) == []
    poller = await client.begin_create(GROUP, REGISTRY, "centralus", {"location": "centralus"})
    assert (await client.get(GROUP, REGISTRY, "centralus")).properties.provisioning_state == "Creating"
    await azure.lab.clock.advance(10)
    created = await poller.result()
    assert (created.properties.provisioning_state, created.properties.status.display_status) == ("Succeeded", "Ready")
    assert await replicas(azure) == [LOCATION, "centralus"]
    usages = await azure.registries.registries.list_usages(GROUP, REGISTRY)
    assert {u.name: u.current_value for u in usages.value}["Geo-replications"] == 1


async def test_a_registry_with_replicas_is_deleted_in_the_background(azure, registry):
    client = azure.registries.replications
    await client.begin_create(GROUP, REGISTRY, "centralus", {"location": "centralus"}, polling=False)
    await azure.lab.clock.advance(10)
    poller = await client.begin_delete(GROUP, REGISTRY, "centralus")
    await azure.lab.clock.advance(10)
    await poller.result()
    assert await replicas(azure) == [LOCATION]
    poller = await azure.registries.registries.begin_delete(GROUP, REGISTRY)
    assert (await azure.registry()).properties.provisioning_state == "Deleting"
    await azure.lab.clock.advance(10)
    await poller.result()
    with pytest.raises(ResourceNotFoundError):
        await azure.registry()
    assert [r.status for r in azure.lab.log.requests(path="operationResults")][-1] == 200


async def test_webhooks_are_made_changed_and_deleted_at_once(azure, registry):
    client = azure.registries.webhooks
    body = {"location": LOCATION, "properties": {"serviceUri": "https://secret", "actions": ["push"]}}
    created = await (await client.begin_create(GROUP, REGISTRY, "hook", body)).result()
    assert (created.properties.status, list(created.properties.actions)) == ("enabled", ["push"])
    changed = await (await client.begin_update(GROUP, REGISTRY, "hook", {"tags": {"a": "b"}})).result()
    assert (changed.tags, list(changed.properties.actions)) == ({"a": "b"}, ["push"])
    assert [w.name async for w in client.list(GROUP, REGISTRY)] == ["hook"]
    await (await client.begin_delete(GROUP, REGISTRY, "hook")).result()
    with pytest.raises(ResourceNotFoundError):
        await client.get(GROUP, REGISTRY, "hook")


async def test_admin_credentials_stay_until_regenerated_one_by_one(azure, registry):
    client = azure.registries.registries

    async def passwords():
        return {p.name: p.value for p in (await client.list_credentials(GROUP, REGISTRY)).passwords}

    before = await passwords()
    assert before == await passwords()
    await client.regenerate_credential(GROUP, REGISTRY, {"name": "password2"})
    after = await passwords()
    assert after["password"] == before["password"]
    assert after["password2"] != before["password2"]


async def test_without_an_admin_user_there_are_no_credentials(azure):
    azure.lab.settings.set("acr_plain_create", value="sync")
    await azure.create_registry(PLAIN)
    with pytest.raises(HttpResponseError) as refused:
        await azure.registries.registries.list_credentials(GROUP, REGISTRY)
    assert refused.value.status_code == 400


async def test_a_zone_redundant_registry_shows_its_home_region_at_once(azure):
    azure.lab.settings.set("acr_plain_create", value="sync")
    await azure.create_registry({**PLAIN, "properties": {"zoneRedundancy": "Enabled"}})
    home = await azure.registries.replications.get(GROUP, REGISTRY, LOCATION)
    assert (home.properties.zone_redundancy, home.system_data.created_by_type) == ("Enabled", "Application")
    assert (await azure.registry()).properties.zone_redundancy == "Enabled"


async def test_a_replica_syncs_after_it_was_made(azure, registry):
    azure.lab.settings.set("acr_replica_sync", value="20")
    client = azure.registries.replications
    await client.begin_create(GROUP, REGISTRY, "centralus", {"location": "centralus"}, polling=False)
    shown = []
    for _ in range(2):
        await azure.lab.clock.advance(15)
        shown.append((await client.get(GROUP, REGISTRY, "centralus")).properties.status.display_status)
    assert shown == ["Syncing", "Ready"]


async def test_tags_are_in_the_generic_list_too(azure, registry):
    await azure.registries.registries.begin_update(GROUP, REGISTRY, {"tags": {"a": "1"}}, polling=False)
    assert [r.tags async for r in azure.resources.resources.list()] == [{"a": "1"}]


async def test_only_get_callback_config_returns_a_webhook_s_address(azure, registry):
    client = azure.registries.webhooks
    secrets = {"serviceUri": "https://secret", "customHeaders": {"key": "value"}}
    body = {"location": LOCATION, "properties": {**secrets, "actions": ["push"]}}
    created = await (await client.begin_create(GROUP, REGISTRY, "hook", body)).result()
    assert not secrets.keys() & created.as_dict()["properties"].keys()
    reported = await client.get_callback_config(GROUP, REGISTRY, "hook")
    assert (reported.service_uri, reported.custom_headers) == ("https://secret", {"key": "value"})
    first, second = [await client.ping(GROUP, REGISTRY, "hook") for _ in range(2)]
    assert first.id != second.id
    with pytest.raises(ResourceNotFoundError):
        await client.ping(GROUP, REGISTRY, "none")
