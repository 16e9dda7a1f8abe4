"""Bodies in older api-versions, as recorded."""

import pytest

from tests.lab.tests.azure import rest
from tests.lab.tests.azure.conftest import GROUP, LOCATION, encrypted

SINCE_2019_09 = {"enableSoftDelete", "softDeleteRetentionInDays"}


def path_of(azure, kind, name):
    return f"/subscriptions/{azure.subscription}/resourceGroups/{GROUP}/providers/{kind}/{name}"


async def put_vault(azure, name, *, version, **properties):
    tenant = azure.lab.cloud.state.tenant_id
    body = {"tenantId": tenant, "sku": {"family": "A", "name": "standard"}, "accessPolicies": [], **properties}
    path = path_of(azure, "Microsoft.KeyVault/vaults", name)
    status, _, _ = await rest.call(azure, "PUT", path, version=version, body={"location": LOCATION, "properties": body})
    assert status == 200
    await azure.lab.clock.advance(10)
    return path


@pytest.mark.parametrize(("version", "shown"), [("2018-02-14", set()), ("2019-09-01", SINCE_2019_09)])
async def test_while_soft_delete_was_optional_its_default_was_the_versions(azure, version, shown):
    azure.lab.settings.set("disabled_soft_delete", value="accept")
    path = await put_vault(azure, "vault-one", version=version)
    _, _, read = await rest.call(azure, "GET", path, version=version)
    assert SINCE_2019_09 & read["properties"].keys() == shown
    assert (await rest.call(azure, "DELETE", path, version=version))[0] == 200
    deleted = [vault.name async for vault in azure.vaults.vaults.list_deleted()]
    assert deleted == (["vault-one"] if shown else [])


async def test_soft_delete_for_all_came_to_every_version(azure):
    path = await put_vault(azure, "vault-one", version="2018-02-14")
    _, _, old = await rest.call(azure, "GET", path, version="2018-02-14")
    _, _, new = await rest.call(azure, "GET", path, version="2019-09-01")
    assert SINCE_2019_09 & old["properties"].keys() == {"enableSoftDelete"}
    assert new["properties"]["softDeleteRetentionInDays"] == 90


@pytest.mark.parametrize(
    ("version", "reported"), [("2020-04-01-preview", False), ("2021-04-01-preview", True), ("2023-07-01", True)]
)
async def test_a_vault_has_system_data_since_2021(azure, version, reported):
    vault = await azure.vault()
    _, _, read = await rest.call(azure, "GET", vault.id, version=version)
    assert ("systemData" in read) is reported


async def test_a_registry_has_few_members_in_2019_05(azure):
    identity, _, key = await azure.encryptable()
    await azure.create_registry(encrypted(identity, key.properties.key_uri))
    await azure.lab.clock.advance(10)
    path = path_of(azure, "Microsoft.ContainerRegistry/registries", "registry1")
    _, _, old = await rest.call(azure, "GET", path, version="2019-05-01")
    _, _, new = await rest.call(azure, "GET", path, version="2021-09-01")
    late = {"encryption", "dataEndpointEnabled", "privateEndpointConnections", "publicNetworkAccess"}
    assert not late & old["properties"].keys()
    assert late <= new["properties"].keys()
    assert ("systemData" in old, "systemData" in new) == (False, True)
