import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from acrcmk_lab.azure.arm.messages import Request
from tests.lab.tests.azure.conftest import GROUP, LOCATION

GET_WRAP_UNWRAP = ["get", "wrapKey", "unwrapKey"]


def policy(azure, principal, *, keys=GET_WRAP_UNWRAP):
    return {
        "tenantId": azure.lab.cloud.state.tenant_id,
        "objectId": principal,
        "permissions": {"keys": list(keys)},
    }


async def refused(awaitable):
    with pytest.raises(HttpResponseError) as caught:
        await awaitable
    return caught.value.status_code, caught.value.error.code


async def test_a_new_vault_registers_its_name_first(azure):
    vault = await azure.vault(ready=False)
    assert vault.properties.provisioning_state == "RegisteringDns"
    await azure.lab.clock.advance(10)
    vault = await azure.vaults.vaults.get(GROUP, "vault-one")
    assert vault.properties.provisioning_state == "Succeeded"
    assert vault.properties.vault_uri == "https://vault-one.vault.azure.net/"
    assert [(d.kind, d.end - d.start) for d in azure.lab.log.delays(kind="dns")] == [("dns", 10)]


async def test_the_sdk_s_own_poller_waits_for_the_name(azure):
    body = {"tenantId": azure.lab.cloud.state.tenant_id, "sku": {"family": "A", "name": "standard"}}
    poller = await azure.vaults.vaults.begin_create_or_update(
        GROUP, "vault-one", {"location": LOCATION, "properties": body}
    )
    await azure.lab.clock.advance(10)
    assert (await poller.result()).properties.provisioning_state == "Succeeded"


async def test_properties_that_were_never_set_or_restrict_nothing_are_absent(azure):
    vault = await azure.vault(
        enablePurgeProtection=None, networkAcls={"bypass": "AzureServices", "defaultAction": "Allow"}
    )
    shown = vault.properties.as_dict()
    assert not {"enablePurgeProtection", "networkAcls"} & shown.keys()
    assert (shown["softDeleteRetentionInDays"], shown["publicNetworkAccess"]) == (90, "Enabled")
    denied = await azure.vault("vault-two", networkAcls={"defaultAction": "Deny"})
    assert denied.properties.network_acls.as_dict() == {
        "bypass": "AzureServices",
        "defaultAction": "Deny",
        "ipRules": [],
        "virtualNetworkRules": [],
    }


async def test_rbac_is_the_default_only_since_2026(azure):
    assert (await azure.vault(enableRbacAuthorization=None)).properties.enable_rbac_authorization is True
    body = {"tenantId": "t", "sku": {"family": "A", "name": "standard"}, "accessPolicies": []}
    path = f"/subscriptions/{azure.subscription}/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/old-vault"
    response = await old_api(azure, "PUT", path, {"location": LOCATION, "properties": body})
    assert "enableRbacAuthorization" not in response.body["properties"]
    assert response.body["properties"]["vaultUri"] == "https://old-vault.vault.azure.net", "no slash yet, as recorded"


async def old_api(azure, method, path, body):

    token = azure.lab.cloud.tokens.issue(azure.lab.cloud.operator, audience="x")
    request = Request(
        method=method,
        path=path,
        query={"api-version": "2023-07-01"},
        headers={"authorization": f"Bearer {token}"},
        body=body,
    )
    return await azure.lab.cloud.respond(request)


async def test_old_api_versions_retire_on_their_day(azure):
    path = f"/subscriptions/{azure.subscription}/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/none"
    assert (await old_api(azure, "GET", path, None)).code == "ResourceNotFound"
    await azure.lab.clock.advance(96 * 86400)
    path_token_still_good = await old_api(azure, "GET", path, None)
    assert path_token_still_good.code == "NoRegisteredProviderFound"


async def test_purge_protection_cannot_be_removed(azure):
    assert await refused(azure.vault(enablePurgeProtection=False)) == (400, "BadRequest")
    await azure.vault(enablePurgeProtection=None)
    vault = await azure.vaults.vaults.update(GROUP, "vault-one", {"properties": {"enablePurgeProtection": True}})
    assert vault.properties.enable_purge_protection
    vault = await azure.vault(enablePurgeProtection=None)
    assert vault.properties.enable_purge_protection, "an update that omits it keeps it"


async def test_soft_delete_stays_on_and_its_retention_as_created(azure):
    assert await refused(azure.vault(enableSoftDelete=False)) == (400, "BadRequest")
    assert await refused(azure.vault(softDeleteRetentionInDays=6)) == (400, "BadRequest")
    await azure.vault(softDeleteRetentionInDays=7)
    assert await refused(azure.vault(softDeleteRetentionInDays=8)) == (400, "BadRequest")
    assert (await azure.vault()).properties.soft_delete_retention_in_days == 7


@pytest.mark.parametrize("name", ["ab", "1vault", "vault-", "va--ult", "x" * 25])
async def test_bad_names_are_refused(azure, name):
    assert await refused(azure.vault(name, ready=False)) == (400, "VaultNameNotValid")


async def test_a_name_of_another_tenant_is_not_available(azure):
    await azure.lab.control.reserve_name("vault-one")
    available = await azure.vaults.vaults.check_name_availability(
        {"name": "vault-one", "type": "Microsoft.KeyVault/vaults"}
    )
    assert (available.name_available, available.reason) == (False, "AlreadyExists")
    assert await refused(azure.vault()) == (409, "VaultAlreadyExists")


async def test_access_policies_are_added_and_removed_one_by_one(azure):
    await azure.vault(enableRbacAuthorization=False, accessPolicies=[policy(azure, "somebody", keys=["list"])])
    change = azure.vaults.vaults.update_access_policy
    await change(GROUP, "vault-one", "add", {"properties": {"accessPolicies": [policy(azure, "me")]}})
    await change(
        GROUP, "vault-one", "add", {"properties": {"accessPolicies": [policy(azure, "me", keys=["get", "list"])]}}
    )

    async def held():
        vault = await azure.vaults.vaults.get(GROUP, "vault-one")
        return {p.object_id: list(p.permissions.keys_property) for p in vault.properties.access_policies}

    assert await held() == {"somebody": ["list"], "me": ["get", "wrapKey", "unwrapKey", "list"]}
    await change(GROUP, "vault-one", "replace", {"properties": {"accessPolicies": [policy(azure, "me", keys=["get"])]}})
    assert (await held())["me"] == ["get"]
    await change(GROUP, "vault-one", "remove", {"properties": {"accessPolicies": [policy(azure, "me", keys=["GET"])]}})
    assert await held() == {"somebody": ["list"]}


async def test_a_deleted_vault_blocks_its_name_until_recovered_with_its_keys(azure):
    await azure.vault()
    version = (await azure.key()).properties.key_uri_with_version
    await azure.vaults.vaults.delete(GROUP, "vault-one")
    with pytest.raises(ResourceNotFoundError):
        await azure.vaults.vaults.get(GROUP, "vault-one")
    assert await refused(azure.vault()) == (409, "ConflictError")
    deleted = await azure.vaults.vaults.get_deleted("vault-one", LOCATION)
    assert deleted.properties.purge_protection_enabled
    assert (deleted.properties.scheduled_purge_date - deleted.properties.deletion_date).days == 90
    assert [v.name async for v in azure.vaults.vaults.list_deleted()] == ["vault-one"]

    recovered = await azure.vault(createMode="recover")
    assert recovered.properties.provisioning_state == "Succeeded"
    assert (await azure.key()).properties.key_uri_with_version == version


async def test_recovering_what_was_never_deleted_fails(azure):
    assert await refused(azure.vault(createMode="recover")) == (404, "DeletedVaultNotFound")
    with pytest.raises(ResourceNotFoundError):
        await azure.vaults.vaults.get_deleted("vault-one", LOCATION)


async def test_a_purged_vault_frees_its_name(azure):
    await azure.vault(enablePurgeProtection=None)
    await azure.vaults.vaults.delete(GROUP, "vault-one")
    poller = await azure.vaults.vaults.begin_purge_deleted("vault-one", LOCATION)
    await azure.lab.clock.advance(10)
    await poller.result()
    statuses = [r.status for r in azure.lab.log.requests(path="operationResults")]
    assert statuses[-1] == 200
    with pytest.raises(ResourceNotFoundError):
        await azure.vaults.vaults.get_deleted("vault-one", LOCATION)
    await azure.vault()


async def test_a_protected_vault_is_not_purged_but_goes_with_its_retention(azure):
    await azure.vault(softDeleteRetentionInDays=7)
    await azure.vaults.vaults.delete(GROUP, "vault-one")
    status, _ = await refused(azure.vaults.vaults.begin_purge_deleted("vault-one", LOCATION))
    assert status == 400
    await azure.lab.clock.advance(7 * 86400)
    assert [v.name async for v in azure.vaults.vaults.list_deleted()] == []
    await azure.vault()


async def test_ids_compare_without_case_and_come_back_as_first_written(azure):
    vault = await azure.vault("Vault-One")
    assert (await azure.vaults.vaults.get("RG", "vault-one")).id == vault.id
    assert vault.name == "Vault-One"
    assert [v.name async for v in azure.vaults.vaults.list_by_resource_group("RG")] == ["Vault-One"]
    assert [v.name async for v in azure.vaults.vaults.list_by_subscription()] == ["Vault-One"]


@pytest.mark.parametrize(("switch", "shown"), [("keep", "203.0.113.7"), ("add", "203.0.113.7/32")])
async def test_a_single_address_is_returned_unchanged_or_as_a_range(azure, switch, shown):
    azure.lab.settings.set("cidr_suffix", value=switch)
    acls = {"defaultAction": "Deny", "bypass": "AzureServices", "ipRules": [{"value": "203.0.113.7"}]}
    vault = await azure.vault(networkAcls=acls)
    assert [rule.value for rule in vault.properties.network_acls.ip_rules] == [shown]
