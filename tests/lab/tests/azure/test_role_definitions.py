"""Custom roles: create, list, use, delete."""

import uuid

from tests.lab.tests.azure import rest
from tests.lab.tests.azure.conftest import GROUP

VERSION = "2022-05-01-preview"
ROLES = "providers/Microsoft.Authorization/roleDefinitions"


def scope_of(azure):
    return f"/subscriptions/{azure.subscription}/resourceGroups/{GROUP}"


async def make(azure, *, guid=None, name="Key Watcher", scope=None):
    """Make a role; return (status, its guid, the response's body)."""
    scope, guid = scope or scope_of(azure), guid or str(uuid.uuid4())
    body = {
        "properties": {
            "roleName": name,
            "description": "looks at keys",
            "assignableScopes": [scope],
            "permissions": [{"actions": [], "dataActions": ["Microsoft.KeyVault/vaults/keys/read"]}],
        }
    }
    path = f"/subscriptions/{azure.subscription}/{ROLES}/{guid}"
    status, _, response = await rest.call(azure, "PUT", path, version=VERSION, body=body)
    return status, guid, response


async def listed(azure, *, scope=None, text="type eq 'CustomRole'"):
    path = f"{scope or scope_of(azure)}/{ROLES}?$filter={text}"
    _, _, response = await rest.call(azure, "GET", path, version=VERSION)
    return [row["properties"]["roleName"] for row in response["value"]]


async def test_a_role_is_created_and_returned_complete(azure):
    status, guid, created = await make(azure)
    assert (status, created["properties"]["createdBy"]) == (201, None)
    assert created["id"] == f"/subscriptions/{azure.subscription}/{ROLES}/{guid}"
    assert created["properties"]["permissions"] == [
        {
            "actions": [],
            "notActions": [],
            "dataActions": ["Microsoft.KeyVault/vaults/keys/read"],
            "notDataActions": [],
        }
    ]
    _, _, read = await rest.call(azure, "GET", f"{scope_of(azure)}/{ROLES}/{guid}", version=VERSION)
    author = azure.lab.cloud.operator.object_id
    assert read["properties"] == {**created["properties"], "createdBy": author}


async def test_a_role_is_listed_where_it_can_be_assigned(azure):
    await make(azure)
    assert await listed(azure) == ["Key Watcher"]
    assert await listed(azure, text="roleName eq 'key watcher'") == ["Key Watcher"]
    assert await listed(azure, scope=f"/subscriptions/{azure.subscription}") == ["Key Watcher"]
    azure.lab.add_group(f"{GROUP}x")
    assert await listed(azure, scope=f"{scope_of(azure)}x") == []


async def test_a_name_is_given_once(azure):
    _, guid, _ = await make(azure)
    status, _, response = await make(azure, name="KEY WATCHER")
    assert (status, response["error"]["code"]) == (409, "RoleDefinitionWithSameNameExists")
    assert (await make(azure, guid=guid))[0] == 201


async def test_a_role_grants_what_it_says_and_stays_while_it_is_in_use(azure):
    vault, identity = await azure.vault(), await azure.identity()
    _, guid, _ = await make(azure)
    created = await azure.assign(vault.id, identity.principal_id, role=guid)
    path = f"/subscriptions/{azure.subscription}/{ROLES}/{guid}"
    status, _, response = await rest.call(azure, "DELETE", path, version=VERSION)
    assert (status, response["error"]["code"]) == (400, "RoleDefinitionHasAssignments")
    await azure.authorization.role_assignments.delete(vault.id, created.name)
    await azure.lab.clock.advance(3600)
    status, _, gone = await rest.call(azure, "DELETE", path, version=VERSION)
    assert (status, gone["name"]) == (200, guid)
    assert (await rest.call(azure, "DELETE", path, version=VERSION))[0] == 204


async def test_a_built_in_role_cannot_be_deleted(azure):
    owner = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
    path = f"/subscriptions/{azure.subscription}/{ROLES}/{owner}"
    assert (await rest.call(azure, "DELETE", path, version=VERSION))[0] == 204
    assert await listed(azure, text="roleName eq 'Owner'") == ["Owner"]
