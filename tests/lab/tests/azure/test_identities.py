import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from acrcmk_lab.azure.arm.messages import Request
from tests.lab.tests.azure import rest
from tests.lab.tests.azure.conftest import GROUP, LOCATION


async def test_an_identity_has_its_ids_at_once_and_keeps_them(azure):
    created, again = await azure.identity(), await azure.identity()
    assert created.principal_id
    assert (created.principal_id, created.client_id) == (again.principal_id, again.client_id)
    assert "/resourcegroups/rg/" in created.id
    statuses = [r.status for r in azure.lab.log.requests(method="PUT")]
    assert statuses == [201, 200]


async def test_a_recreated_identity_has_another_principal(azure):
    first = await azure.identity()
    await azure.identities.user_assigned_identities.delete(GROUP, "identity")
    with pytest.raises(ResourceNotFoundError) as missing:
        await azure.identities.user_assigned_identities.get(GROUP, "identity")
    assert missing.value.error.code == "ResourceNotFound"
    second = await azure.identity()
    assert {first.principal_id, first.client_id}.isdisjoint({second.principal_id, second.client_id})


async def test_tags_are_changed_by_patch_and_by_put(azure):
    clients = azure.identities.user_assigned_identities
    await azure.identity()
    assert (await clients.update(GROUP, "identity", {"tags": {"a": "1"}})).tags == {"a": "1"}
    body = {"location": LOCATION, "tags": {"b": "2"}}
    assert (await clients.create_or_update(GROUP, "identity", body)).tags == {"b": "2"}
    assert [i.tags async for i in clients.list_by_resource_group(GROUP)] == [{"b": "2"}]
    assert [i.name async for i in clients.list_by_subscription()] == ["identity"]


@pytest.mark.parametrize("name", ["ab", "-abc", "a.bc", "x" * 129])
async def test_a_bad_name_is_refused(azure, name):
    with pytest.raises(HttpResponseError) as refused:
        await azure.identity(name)
    assert refused.value.status_code == 400


async def test_deleting_what_is_not_there_is_no_error(azure):
    await azure.identities.user_assigned_identities.delete(GROUP, "nobody")
    assert azure.lab.log.requests(method="DELETE")[0].status == 204


async def test_federated_credentials_live_and_die_with_the_identity(azure):
    await azure.identity()
    client = azure.identities.federated_identity_credentials
    body = {"properties": {"issuer": "https://issuer", "subject": "system:x", "audiences": ["api://x"]}}
    await client.create_or_update(GROUP, "identity", "one", body)
    assert [c.name async for c in client.list(GROUP, "identity")] == ["one"]
    await azure.identities.user_assigned_identities.delete(GROUP, "identity")
    with pytest.raises(ResourceNotFoundError):
        await client.get(GROUP, "identity", "one")


async def test_generic_lists_show_tracked_resources_and_filter_them(azure):
    await azure.identity()
    await azure.vault(tags={"owner": "us"})
    every = [r.type async for r in azure.resources.resources.list()]
    assert sorted(every) == ["Microsoft.KeyVault/vaults", "Microsoft.ManagedIdentity/userAssignedIdentities"]
    for text in (
        "resourceType eq 'Microsoft.KeyVault/vaults'",
        "name eq 'VAULT-ONE' and resourceType eq 'microsoft.keyvault/vaults'",
        "tagName eq 'owner' and tagValue eq 'us'",
    ):
        assert [r.name async for r in azure.resources.resources.list(filter=text)] == ["vault-one"]
    grouped = azure.resources.resources.list_by_resource_group(GROUP, filter="name eq 'identity'")
    assert [r.name async for r in grouped] == ["identity"]


async def test_a_group_is_deleted_with_its_resources_and_its_vault_stays_recoverable(azure):
    await azure.identity()
    await azure.vault()
    poller = await azure.resources.resource_groups.begin_delete(GROUP, polling=False)
    assert (await azure.resources.resource_groups.get(GROUP)).properties.provisioning_state == "Deleting"
    await azure.lab.clock.advance(45)
    with pytest.raises(ResourceNotFoundError) as gone:
        await azure.resources.resource_groups.get(GROUP)
    assert gone.value.error.code == "ResourceGroupNotFound"
    assert (await azure.vaults.vaults.get_deleted("vault-one", LOCATION)).name == "vault-one"
    assert poller is not None


async def test_deleting_a_group_is_polled_at_the_lab_s_own_address(azure):
    token = azure.lab.cloud.tokens.issue(azure.lab.cloud.operator, audience="x")

    async def ask(method, url):
        path, _, query = url.removeprefix(azure.lab.url).partition("?")
        return await azure.lab.cloud.respond(
            Request(
                method=method,
                path=path,
                query=dict(part.split("=", 1) for part in query.split("&")),
                headers={"authorization": f"Bearer {token}"},
            )
        )

    url = f"{azure.lab.url}/subscriptions/{azure.subscription}/resourcegroups/{GROUP}?api-version=2021-04-01"
    begun = await ask("DELETE", url)
    assert (begun.status, begun.headers["Retry-After"]) == (202, "15")
    assert (await ask("GET", begun.headers["Location"])).status == 202
    await azure.lab.clock.advance(45)
    assert (await ask("GET", begun.headers["Location"])).status == 200


async def test_an_identity_lists_the_resources_that_use_it(azure):
    registry, identity, _, _ = await azure.encrypted_registry()
    path = f"{identity.id}/listAssociatedResources"
    status, _, response = await rest.call(azure, "POST", path, version="2021-09-30-preview")
    assert (status, response["totalCount"]) == (200, 1)
    assert response["value"] == [
        {
            "id": registry.id,
            "name": "registry1",
            "type": "microsoft.containerregistry/registries",
            "resourceGroup": GROUP,
            "subscriptionId": azure.subscription,
        }
    ]
