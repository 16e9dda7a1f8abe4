import uuid

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError

from tests.lab.tests.azure.conftest import CRYPTO_USER

READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"


async def refused_code(awaitable):
    with pytest.raises(HttpResponseError) as refused:
        await awaitable
    return refused.value.error.code


async def test_an_assignment_is_there_at_once(azure):
    identity, vault = await azure.identity(), await azure.vault()
    created = await azure.assign(vault.id, identity.principal_id)
    read = await azure.authorization.role_assignments.get(vault.id, created.name)
    assert (created.created_by, read.created_by) == (None, azure.lab.cloud.operator.object_id)
    assert (read.scope, read.principal_id, read.principal_type) == (vault.id, identity.principal_id, "ServicePrincipal")


async def test_a_new_principal_is_unknown_unless_its_type_is_in_the_request(azure):
    identity, vault = await azure.identity(), await azure.vault(ready=False)
    untold = azure.assign(vault.id, identity.principal_id, principal_type=None)
    assert await refused_code(untold) == "PrincipalNotFound"
    await azure.lab.clock.advance(23)
    created = await azure.assign(vault.id, identity.principal_id, principal_type=None)
    assert created.principal_type == "ServicePrincipal"


@pytest.mark.parametrize(("response", "code"), [("200", 200), ("201", 201), ("409", 409)])
async def test_an_identical_assignment_has_the_status_of_the_setting(azure, response, code):
    azure.lab.settings.set("role_assignment_repeat", value=response)
    identity, vault, name = await azure.identity(), await azure.vault(), str(uuid.uuid4())
    await azure.assign(vault.id, identity.principal_id, name=name)
    if code == 409:
        with pytest.raises(ResourceExistsError):
            await azure.assign(vault.id, identity.principal_id, name=name)
    else:
        await azure.assign(vault.id, identity.principal_id, name=name)
    assert [r.status for r in azure.lab.log.requests(path="roleAssignments", method="PUT")] == [201, code]


async def test_errors_of_role_assignments(azure):
    identity, vault, name = await azure.identity(), await azure.vault(), str(uuid.uuid4())
    other = await azure.identity("other")
    await azure.assign(vault.id, identity.principal_id, name=name)
    assert await refused_code(azure.assign(vault.id, other.principal_id, name=name)) == (
        "RoleAssignmentUpdateNotPermitted"
    )
    assert await refused_code(azure.assign(vault.id, identity.principal_id)) == "RoleAssignmentExists"
    assert await refused_code(azure.assign(vault.id, "nobody")) == "InvalidPrincipalId"
    assert await refused_code(azure.assign(vault.id, identity.principal_id, role=str(uuid.uuid4()))) == (
        "RoleDefinitionDoesNotExist"
    )
    assert await refused_code(azure.assign(vault.id + "-other", identity.principal_id)) == "ResourceNotFound"


async def test_deleting_answers_what_was_there_and_nothing_the_second_time(azure):
    identity, vault = await azure.identity(), await azure.vault()
    created = await azure.assign(vault.id, identity.principal_id)
    assert (await azure.authorization.role_assignments.delete(vault.id, created.name)).name == created.name
    assert await azure.authorization.role_assignments.delete(vault.id, created.name) is None
    with pytest.raises(ResourceNotFoundError) as missing:
        await azure.authorization.role_assignments.get(vault.id, created.name)
    assert missing.value.error.code == "RoleAssignmentNotFound"


async def test_lists_look_up_and_down_from_the_scope_and_filter(azure):
    identity, vault = await azure.identity(), await azure.vault()
    group = vault.id.partition("/providers/")[0]
    on_vault = await azure.assign(vault.id, identity.principal_id)
    on_group = await azure.assign(group, identity.principal_id, role=READER)
    client = azure.authorization.role_assignments

    async def names(scope, text=None):
        return {a.name async for a in client.list_for_scope(scope, filter=text)}

    assert await names(vault.id) == {on_vault.name, on_group.name}
    assert await names(group) == {on_vault.name, on_group.name}
    assert await names(group, "atScope()") == {on_group.name}
    assert await names(vault.id, f"principalId eq '{identity.principal_id}'") == {on_vault.name, on_group.name}
    assert await names(vault.id, f"principalId eq '{uuid.uuid4()}'") == set()


async def test_role_definitions_are_found_by_id_and_by_name(azure):
    scope = f"/subscriptions/{azure.subscription}"
    client = azure.authorization.role_definitions
    role = await client.get(scope, CRYPTO_USER)
    assert "Microsoft.KeyVault/vaults/keys/wrap/action" in role.permissions[0].data_actions
    found = [r.name async for r in client.list(scope, filter=f"roleName eq '{role.role_name}'")]
    assert found == [CRYPTO_USER]


async def test_a_data_access_administrator_may_assign_only_the_roles_of_its_condition(azure):
    identity, vault = await azure.identity(), await azure.vault()
    await azure.lab.control.revoke("operator")
    await azure.lab.control.grant("operator", "Key Vault Data Access Administrator")
    await azure.assign(vault.id, identity.principal_id)
    assert await refused_code(azure.assign(vault.id, identity.principal_id, role=READER)) == "AuthorizationFailed"


async def test_a_vault_takes_the_assignments_at_it_along(azure):
    identity, vault = await azure.identity(), await azure.vault()
    created = await azure.assign(vault.id, identity.principal_id)
    await azure.vaults.vaults.delete("rg", "vault-one")
    with pytest.raises(ResourceNotFoundError):
        await azure.authorization.role_assignments.get(vault.id, created.name)
