"""Registries through the real SDK, in the three generations of responses."""

import asyncio

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError

from tests.lab.tests.azure.conftest import GROUP, LOCATION, encrypted

MODES = ["GEN_A", "GEN_B", "GEN_C"]
PLAIN = {"location": LOCATION, "sku": {"name": "Premium"}}


@pytest.fixture(params=MODES)
def mode(request, lab):
    lab.settings.set("registry_mode", value=request.param)
    return request.param


async def refused(awaitable):
    with pytest.raises(HttpResponseError) as caught:
        await awaitable
    return caught.value.status_code, caught.value.error.code


def key_of(registry):
    return registry.properties.encryption.key_vault_properties


async def test_a_registry_with_an_unversioned_key_follows_its_versions(azure, mode):
    registry, identity, _, key = await azure.encrypted_registry()
    assert registry.properties.provisioning_state == "Succeeded"
    assert key_of(registry).key_identifier == key.properties.key_uri
    assert key_of(registry).versioned_key_identifier == key.properties.key_uri_with_version
    assert key_of(registry).identity == identity.client_id
    assert (key_of(registry).key_rotation_enabled, key_of(registry).last_key_rotation_timestamp) == (True, None)
    assert registry.identity.type == "userAssigned"
    assert list(registry.identity.user_assigned_identities) == [identity.id]
    assert registry.properties.login_server == "registry1.azurecr.io"


async def test_a_registry_with_a_versioned_key_stays_with_it(azure, mode):
    registry, _, _, key = await azure.encrypted_registry(versioned=True)
    uri = key.properties.key_uri_with_version
    shown = key_of(registry)
    assert (shown.key_identifier, shown.versioned_key_identifier) == (uri, uri)
    assert shown.key_rotation_enabled is False


async def test_what_shows_while_a_registry_is_made_depends_on_the_generation(azure, mode):
    identity, _, key = await azure.encryptable()
    await azure.registries.registries.begin_create(
        GROUP, "registry1", encrypted(identity, key.properties.key_uri), polling=False
    )
    shown = await azure.registry()
    seen = (shown.properties.provisioning_state, shown.properties.encryption.status, shown.identity is not None)
    assert (
        seen
        == {
            "GEN_A": ("Succeeded", "enabled", True),
            "GEN_B": ("Creating", "disabled", False),
            "GEN_C": ("Creating", "enabled", True),
        }[mode]
    )
    assert azure.lab.log.requests(path="registries", method="PUT")[-1].status == (200 if mode == "GEN_A" else 201)


async def test_what_shows_while_a_key_is_changed_depends_on_the_generation(azure, mode):
    _, identity, _, key = await azure.encrypted_registry()
    other = await azure.key("other")
    body = {"properties": encrypted(identity, other.properties.key_uri)["properties"]}
    poller = await azure.registries.registries.begin_update(GROUP, "registry1", body)
    shown = key_of(await azure.registry()).key_identifier
    assert shown == (key if mode == "GEN_B" else other).properties.key_uri
    await azure.lab.clock.advance(10)
    changed = await poller.result()
    assert key_of(changed).key_identifier == other.properties.key_uri
    assert key_of(changed).last_key_rotation_timestamp is not None


async def test_a_poll_says_creating_then_succeeded_under_a_url_that_changes(azure):
    identity, _, key = await azure.encryptable()
    urls, words = [], []

    def look(response):
        if "operationStatuses" in response.http_request.url:
            urls.append(response.http_response.headers["azure-asyncoperation"])
            words.append(response.context.get("deserialized_data", response.http_response.json())["status"])

    poller = await azure.registries.registries.begin_create(
        GROUP, "registry1", encrypted(identity, key.properties.key_uri), raw_response_hook=look, polling_interval=0.01
    )
    while not words:
        await poller._polling_method.update_status()
    await azure.lab.clock.advance(10)
    await poller.result()
    assert (words[0], words[-1]) == ("Creating", "Succeeded")
    assert len(set(urls)) == len(urls) >= 2
    assert all(url.startswith(azure.lab.url) and len(url) > 2200 for url in urls)


async def test_without_a_key_a_create_is_quick_or_long_and_other_skus_show_no_network_rules(azure):
    poller = await azure.create_registry({**PLAIN, "sku": {"name": "Standard"}})
    await azure.lab.clock.advance(10)
    registry = await poller.result()
    assert (registry.properties.encryption.status, registry.properties.network_rule_set) == ("disabled", None)
    azure.lab.settings.set("acr_plain_create", value="sync")
    registry = await (await azure.create_registry(PLAIN, name="registry2")).result()
    assert registry.properties.network_rule_set.default_action == "Allow"
    assert [r.status for r in azure.lab.log.requests(path="registries", method="PUT")] == [201, 200]


async def test_plain_properties_are_patched_at_once_and_the_rest_stays(azure):
    await azure.encrypted_registry()
    body = {
        "tags": {"a": "1"},
        "properties": {"adminUserEnabled": True, "policies": {"exportPolicy": {"status": "disabled"}}},
    }
    patched = await (await azure.registries.registries.begin_update(GROUP, "registry1", body)).result()
    assert azure.lab.log.requests(method="PATCH")[0].status == 200
    assert (patched.tags, patched.properties.admin_user_enabled) == ({"a": "1"}, True)
    assert patched.properties.policies.export_policy.status == "disabled"
    assert patched.properties.policies.quarantine_policy.status == "disabled"
    assert patched.properties.encryption.status == "enabled"


async def test_a_patch_adds_identities_and_a_put_replaces_them(azure):
    registry, identity, _, _ = await azure.encrypted_registry()
    other = await azure.identity("other")
    body = {"identity": {"type": "SystemAssigned, UserAssigned", "userAssignedIdentities": {other.id: {}}}}
    poller = await azure.registries.registries.begin_update(GROUP, "registry1", body)
    await azure.lab.clock.advance(10)
    both = await poller.result()
    assert set(both.identity.user_assigned_identities) == {identity.id, other.id}
    assert both.identity.type == "systemAssigned, userAssigned"
    assert both.identity.principal_id

    replaced = {**PLAIN, "identity": {"type": "UserAssigned", "userAssignedIdentities": {other.id: {}}}}
    status, _ = await refused(azure.create_registry(replaced))
    assert status == 400, "the identity in use cannot go"
    kept = {**PLAIN, "identity": {"type": "UserAssigned", "userAssignedIdentities": {identity.id: {}}}}
    poller = await azure.create_registry(kept)
    await azure.lab.clock.advance(10)
    assert set((await poller.result()).identity.user_assigned_identities) == {identity.id}
    assert registry.name == "registry1"


async def test_the_identity_of_the_key_can_be_replaced_only_while_both_are_attached(azure):
    _, identity, vault, key = await azure.encrypted_registry()
    other = await azure.identity("other")
    move = encrypted(other, key.properties.key_uri)
    move = {"identity": move["identity"], "properties": move["properties"]}
    status, _ = await refused(azure.registries.registries.begin_update(GROUP, "registry1", move))
    assert status == 400, "the other identity has no grant"
    await azure.assign(vault.id, other.principal_id)
    await azure.lab.clock.advance(60)
    poller = await azure.registries.registries.begin_update(GROUP, "registry1", move)
    await azure.lab.clock.advance(10)
    assert key_of(await poller.result()).identity == other.client_id
    assert identity.client_id != other.client_id


async def test_the_registry_s_own_identity_can_reach_the_key(azure):
    _, _, vault, key = await azure.encrypted_registry()
    body = {"identity": {"type": "SystemAssigned, UserAssigned", "userAssignedIdentities": {}}}
    await azure.registries.registries.begin_update(GROUP, "registry1", body, polling=False)
    await azure.lab.clock.advance(10)
    await azure.assign(vault.id, (await azure.registry()).identity.principal_id)
    await azure.lab.clock.advance(60)
    properties = {
        "encryption": {
            "status": "enabled",
            "keyVaultProperties": {"keyIdentifier": key.properties.key_uri, "identity": "system"},
        }
    }
    poller = await azure.registries.registries.begin_update(GROUP, "registry1", {"properties": properties})
    await azure.lab.clock.advance(10)
    assert key_of(await poller.result()).identity == "system"


@pytest.mark.parametrize("response", ["conflict", "queue"])
async def test_a_write_during_another_is_refused_or_waits(azure, response):
    azure.lab.settings.set("acr_busy", value=response)
    identity, _, key = await azure.encryptable()
    await azure.registries.registries.begin_create(
        GROUP, "registry1", encrypted(identity, key.properties.key_uri), polling=False
    )
    write = asyncio.create_task(
        azure.registries.registries.begin_update(GROUP, "registry1", {"tags": {"a": "1"}}, polling=False)
    )
    if response == "conflict":
        with pytest.raises(ResourceExistsError):
            await write
        return
    done, _ = await asyncio.wait({write}, timeout=0.2)
    assert not done
    await azure.lab.clock.advance(10)
    await write
    assert (await azure.registry()).tags == {"a": "1"}


async def test_names_are_unique_in_all_of_azure(azure):
    available = azure.registries.registries.check_name_availability
    question = {"name": "registry1", "type": "Microsoft.ContainerRegistry/registries"}
    assert (await available(question)).name_available is True
    await azure.create_registry(PLAIN)
    reported = await available(question)
    assert (reported.name_available, reported.message) == (False, "The registry registry1 is already in use.")
    await azure.resources.resource_groups.create_or_update("rg2", {"location": LOCATION})
    taken = azure.registries.registries.begin_create("rg2", "Registry1", PLAIN)
    assert await refused(taken) == (409, "AlreadyInUse")
    assert (await refused(azure.create_registry(PLAIN, name="no-dash")))[0] == 400


async def test_deleting_answers_200_then_204(azure):
    await azure.create_registry(PLAIN)
    for _ in range(2):
        await (await azure.registries.registries.begin_delete(GROUP, "registry1")).result()
    assert [r.status for r in azure.lab.log.requests(method="DELETE")] == [200, 204]
    with pytest.raises(ResourceNotFoundError):
        await azure.registry()
    assert [r.name async for r in azure.registries.registries.list()] == []


async def test_a_registry_takes_the_synchronous_wait_and_then_its_operation(azure):
    identity, _, key = await azure.encryptable()
    azure.lab.settings.set("acr_create", value="7")
    azure.lab.settings.set("acr_validation", value="2")
    start = azure.lab.clock.now()
    body = encrypted(identity, key.properties.key_uri)
    create = asyncio.create_task(azure.registries.registries.begin_create(GROUP, "registry1", body, polling=False))
    await asyncio.wait({create}, timeout=0.1)
    await azure.lab.clock.advance(6.5)
    assert not (await asyncio.wait({create}, timeout=0.1))[0]
    await azure.lab.clock.advance(0.5)
    await create
    (wait,), (operation,) = azure.lab.log.delays(kind="acr_create"), azure.lab.log.delays(kind="acr_operation")
    assert (wait.start - start, wait.end - start, operation.end - start) == (0, 7, 17)
