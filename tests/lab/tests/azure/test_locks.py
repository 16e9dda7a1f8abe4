"""Management locks at subscription, group and resource, over the wire."""

import pytest
from azure.core.exceptions import HttpResponseError

from tests.lab.tests.azure import rest
from tests.lab.tests.azure.conftest import GROUP, LOCATION

VERSION = "2020-05-01"
PLAIN = {"location": LOCATION, "sku": {"name": "Premium"}}


async def lock(azure, scope, level, *, name="lock"):
    path = f"{scope}/providers/Microsoft.Authorization/locks/{name}"
    body = {"properties": {"level": level, "notes": "do not touch"}}
    status, _, answer = await rest.call(azure, "PUT", path, version=VERSION, body=body)
    assert status in (200, 201), answer
    return status, answer


async def unlock(azure, answer):
    return (await rest.call(azure, "DELETE", answer["id"], version=VERSION))[0]


async def refusal(awaitable):
    with pytest.raises(HttpResponseError) as caught:
        await awaitable
    return caught.value.status_code, caught.value.error.code, caught.value.error.message


@pytest.fixture
def scopes(azure):
    subscription = f"/subscriptions/{azure.subscription}"
    group = f"{subscription}/resourceGroups/{GROUP}"
    registry = f"{group}/providers/Microsoft.ContainerRegistry/registries/registry1"
    return {"subscription": subscription, "group": group, "registry": registry}


@pytest.fixture
async def registry(azure):
    await azure.create_registry(PLAIN)
    await azure.lab.clock.advance(10)
    return azure.registries.registries


@pytest.mark.parametrize("where", ["subscription", "group", "registry"])
async def test_a_read_only_lock_refuses_writes_and_deletes_below_its_scope(azure, registry, scopes, where):
    _, answer = await lock(azure, scopes[where], "ReadOnly")
    patch = registry.begin_update(GROUP, "registry1", {"tags": {"a": "b"}})
    assert await refusal(patch) == (
        409,
        "ScopeLocked",
        (
            f"The scope '{scopes['registry']}' cannot perform write operation because following scope(s) are locked:"
            f" '{scopes[where]}'. Please remove the lock and try again."
        ),
    )
    _, code, message = await refusal(registry.begin_delete(GROUP, "registry1"))
    assert code == "ScopeLocked"
    assert "cannot perform delete operation" in message
    assert (await azure.registry()).name == "registry1"
    assert await unlock(azure, answer) == 200
    assert await unlock(azure, answer) == 204
    await registry.begin_update(GROUP, "registry1", {"tags": {"a": "b"}})


async def test_a_lock_against_deletion_lets_writes_through(azure, registry, scopes):
    await lock(azure, scopes["group"], "CanNotDelete")
    await registry.begin_update(GROUP, "registry1", {"tags": {"a": "b"}})
    assert (await refusal(registry.begin_delete(GROUP, "registry1")))[1] == "ScopeLocked"


async def test_a_locked_resource_protects_its_group_from_deletion(azure, registry, scopes):
    await lock(azure, scopes["registry"], "CanNotDelete")
    _, code, message = await refusal(azure.resources.resource_groups.begin_delete(GROUP))
    assert code == "ScopeLocked"
    assert f"are locked: '{scopes['registry']}'" in message


async def test_a_read_only_lock_refuses_grants_and_keys_but_no_work_in_the_vault(azure, key_client):
    vault, identity = await azure.vault(), await azure.identity()
    await lock(azure, vault.id, "ReadOnly")
    assert (await refusal(azure.assign(vault.id, identity.principal_id)))[1] == "ScopeLocked"
    assert (await refusal(azure.key()))[1] == "ScopeLocked"
    assert (await (await key_client()).create_rsa_key("key")).name == "key"


async def test_locks_are_read_listed_and_replaced(azure, registry, scopes):
    status, answer = await lock(azure, scopes["group"], "readonly")
    assert (status, answer["properties"]["level"]) == (201, "ReadOnly")
    assert answer["type"] == "Microsoft.Authorization/locks"
    assert (await lock(azure, scopes["group"], "CanNotDelete"))[0] == 200
    await lock(azure, scopes["registry"], "CanNotDelete", name="second")

    async def names(scope, query=""):
        path = f"{scopes[scope]}/providers/Microsoft.Authorization/locks{query}"
        return [row["name"] for row in (await rest.call(azure, "GET", path, version=VERSION))[2]["value"]]

    assert await names("subscription") == ["lock", "second"]
    assert await names("registry") == ["lock", "second"]
    assert await names("group", "?$filter=atScope()") == ["lock"]
    assert (await rest.call(azure, "GET", answer["id"], version=VERSION))[2]["properties"]["level"] == "CanNotDelete"
    assert (await rest.call(azure, "GET", answer["id"] + "x", version=VERSION))[0] == 404


async def test_a_lock_has_a_known_level(azure, scopes):
    path = f"{scopes['group']}/providers/Microsoft.Authorization/locks/lock"
    status, _, _ = await rest.call(azure, "PUT", path, version=VERSION, body={"properties": {"level": "None"}})
    assert status == 400
