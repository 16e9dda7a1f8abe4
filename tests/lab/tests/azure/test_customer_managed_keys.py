"""Customer-managed keys in Container Registry: errors, rotation, loss of access."""

import pytest
from azure.core.exceptions import HttpResponseError

from tests.lab.tests.azure.conftest import GROUP, LOCATION, encrypted

HOUR, DAY = 3600, 86400


@pytest.fixture(params=["BadRequest", "CmkKeyAccessDenied"])
def code(request, lab):
    """An error code that is not published: two values, so that no test depends on one."""
    lab.settings.set("acr_unsourced_code", value=request.param)
    return request.param


async def error_of_call(awaitable):
    with pytest.raises(HttpResponseError) as caught:
        await awaitable
    return caught.value.error.code, caught.value.error.message


async def no_grant(azure, vault):
    await azure.lab.control.recipe("rbac_lag")
    for assignment in [a async for a in azure.authorization.role_assignments.list_for_scope(vault.id)]:
        await azure.authorization.role_assignments.delete(vault.id, assignment.name)
    await azure.lab.clock.advance(600)


async def firewall(azure, vault):
    await azure.lab.control.firewall(vault.name, networkAcls={"defaultAction": "Deny", "bypass": "None"})


async def perimeter(azure, vault):
    await azure.lab.control.firewall(vault.name, publicNetworkAccess="SecuredByPerimeter")


async def disabled(azure, vault):
    await azure.lab.control.key(vault.name, "key", "disable")


async def expired(azure, vault):
    await azure.lab.control.key(vault.name, "key", "expire")


async def deleted_key(azure, vault):
    await azure.lab.control.key(vault.name, "key", "delete")


async def deleted_vault(azure, vault):
    await azure.vaults.vaults.delete(GROUP, vault.name)


LOSSES = [no_grant, firewall, perimeter, disabled, expired, deleted_key, deleted_vault]


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.__name__)
async def test_every_cause_of_an_inaccessible_key_has_one_text(azure, code, loss):
    identity, vault, key = await azure.encryptable()
    await loss(azure, vault)
    uri = key.properties.key_uri
    reported, message = await error_of_call(azure.create_registry(encrypted(identity, uri)))
    assert reported == code
    assert message.startswith(
        f"Failed to access KeyId '{uri}'. Verify that identity '{identity.client_id}' has 'Get, Wrap Key, Unwrap Key'"
    )
    assert [r async for r in azure.registries.registries.list()] == [], "a refused create leaves nothing"


async def test_a_firewall_with_the_bypass_lets_the_registry_through(azure):
    identity, vault, key = await azure.encryptable()
    await azure.lab.control.firewall(vault.name, networkAcls={"defaultAction": "Deny", "bypass": "AzureServices"})
    await azure.create_registry(encrypted(identity, key.properties.key_uri))


async def test_a_grant_takes_effect_once_it_has_propagated(azure):
    identity, vault = await azure.identity(), await azure.vault()
    body = encrypted(identity, (await azure.key()).properties.key_uri)
    await azure.assign(vault.id, identity.principal_id)
    await azure.lab.clock.advance(59)
    await error_of_call(azure.create_registry(body))
    await azure.lab.clock.advance(1)
    await azure.create_registry(body)


@pytest.mark.parametrize("permissions", [["get", "wrapKey", "unwrapKey"], ["all"], ["Get", "WRAPKEY", "UnwrapKey"]])
async def test_an_access_policy_takes_effect_once_it_has_propagated(azure, permissions):
    identity = await azure.identity()
    await azure.vault(enableRbacAuthorization=False, accessPolicies=[])
    body = encrypted(identity, (await azure.key()).properties.key_uri)
    policy = {
        "tenantId": azure.lab.cloud.state.tenant_id,
        "objectId": identity.principal_id,
        "permissions": {"keys": permissions},
    }
    await azure.vaults.vaults.update_access_policy(
        GROUP, "vault-one", "add", {"properties": {"accessPolicies": [policy]}}
    )
    await azure.lab.clock.advance(4.9)
    await error_of_call(azure.create_registry(body))
    await azure.lab.clock.advance(0.1)
    await azure.create_registry(body)


async def test_two_permissions_of_three_are_not_enough(azure):
    identity = await azure.identity()
    policy = {"tenantId": "t", "objectId": identity.principal_id, "permissions": {"keys": ["get", "wrapKey"]}}
    await azure.vault(enableRbacAuthorization=False, accessPolicies=[policy])
    await error_of_call(azure.create_registry(encrypted(identity, (await azure.key()).properties.key_uri)))


async def test_an_asynchronous_failure_comes_with_the_operation(azure, code):
    azure.lab.settings.set("cmk_failure", value="async")
    identity, _ = await azure.identity(), await azure.vault()
    poller = await azure.create_registry(encrypted(identity, (await azure.key()).properties.key_uri))
    await azure.lab.clock.advance(10)
    reported, message = await error_of_call(poller.result())
    assert (reported, message[:22]) == (code, "Failed to access KeyId")
    assert (await azure.registry()).properties.provisioning_state == "Failed"


async def test_a_failed_create_may_leave_nothing(azure):
    azure.lab.settings.set("cmk_failure", value="async")
    azure.lab.settings.set("acr_failed_registry", value="absent")
    identity, _ = await azure.identity(), await azure.vault()
    poller = await azure.create_registry(encrypted(identity, (await azure.key()).properties.key_uri))
    await azure.lab.clock.advance(10)
    await error_of_call(poller.result())
    assert [r async for r in azure.registries.registries.list()] == []


async def test_a_failed_create_is_completed_by_another_put(azure):
    azure.lab.settings.set("cmk_failure", value="async")
    identity, vault = await azure.identity(), await azure.vault()
    body = encrypted(identity, (await azure.key()).properties.key_uri)
    await azure.create_registry(body)
    await azure.lab.clock.advance(10)
    await azure.assign(vault.id, identity.principal_id)
    await azure.lab.clock.advance(60)
    poller = await azure.create_registry(body)
    await azure.lab.clock.advance(10)
    assert (await poller.result()).properties.encryption.status == "enabled"


async def test_what_can_never_be(azure, code):
    identity, _, key = await azure.encryptable()
    body = encrypted(identity, key.properties.key_uri)
    assert (await error_of_call(azure.create_registry({**body, "sku": {"name": "Standard"}})))[0] == code
    elliptic = await azure.key("elliptic", kty="EC", keySize=None, curveName="P-256")
    assert (await error_of_call(azure.create_registry(encrypted(identity, elliptic.properties.key_uri))))[0] == code
    other = await azure.identity("other")
    mismatched = {**body, "identity": encrypted(other, "")["identity"]}
    assert "does not have access to identity" in (await error_of_call(azure.create_registry(mismatched)))[1]
    trusting = encrypted(identity, key.properties.key_uri, policies={"trustPolicy": {"status": "enabled"}})
    assert (await error_of_call(azure.create_registry(trusting)))[0] == "BlockedForEncryptionEnabledRegistry"


async def test_encryption_comes_at_creation_or_never_and_stays(azure, code):
    identity, _, key = await azure.encryptable()
    body = encrypted(identity, key.properties.key_uri)
    await azure.create_registry({"location": LOCATION, "sku": {"name": "Premium"}}, name="plain1")
    await azure.create_registry(body)
    await azure.lab.clock.advance(10)
    update = azure.registries.registries.begin_update
    enable = {"identity": body["identity"], "properties": body["properties"]}
    assert (await error_of_call(update(GROUP, "plain1", enable)))[0] == code
    disable = {"properties": {"encryption": {"status": "disabled"}}}
    assert (await error_of_call(update(GROUP, "registry1", disable)))[0] == code
    body["properties"]["encryption"]["keyVaultProperties"] = {}
    assert (await error_of_call(azure.create_registry(body)))[0] == "BadRequest", "its own body without the key"


async def test_a_vault_without_purge_protection_is_accepted_or_rejected_as_the_setting_says(azure, code):
    identity, vault = await azure.identity(), await azure.vault(enablePurgeProtection=None)
    body = encrypted(identity, (await azure.key()).properties.key_uri)
    await azure.assign(vault.id, identity.principal_id)
    await azure.lab.clock.advance(60)
    azure.lab.settings.set("acr_purge_protection", value="reject")
    assert (await error_of_call(azure.create_registry(body)))[0] == code
    azure.lab.settings.set("acr_purge_protection", value="accept")
    await azure.create_registry(body)


async def test_attaching_an_identity_needs_the_right_to_assign_it(azure):
    identity, _, key = await azure.encryptable()
    await azure.lab.control.revoke("operator")
    await azure.lab.control.grant("operator", "Contributor")
    await azure.lab.control.revoke("operator")
    for role in ("Managed Identity Contributor", "Reader"):
        await azure.lab.control.grant("operator", role)
    scope = f"/subscriptions/{azure.subscription}/resourceGroups/{GROUP}/providers/Microsoft.ContainerRegistry"
    await azure.lab.control.grant("operator", "Contributor", scope)
    body = encrypted(identity, key.properties.key_uri)
    assert (await error_of_call(azure.create_registry(body)))[0] == "LinkedAuthorizationFailed"
    await azure.lab.control.grant("operator", "Managed Identity Operator")
    await azure.create_registry(body)


async def used(azure, registry="registry1"):
    found = await azure.registry(registry)
    shown = found.properties.encryption.key_vault_properties
    return shown.versioned_key_identifier[-32:], shown.last_key_rotation_timestamp


async def test_the_hourly_scan_moves_to_the_newest_usable_version(azure):
    await azure.encrypted_registry()
    before, _ = await used(azure)
    newest = await azure.lab.control.key("vault-one", "key", "rotate")
    await azure.lab.clock.advance(HOUR - 11)
    assert await used(azure) == (before, None)
    await azure.lab.clock.advance(11)
    version, moment = await used(azure)
    assert version == newest
    assert moment is not None
    await azure.lab.control.key("vault-one", "key", "disable")
    await azure.lab.clock.advance(HOUR)
    assert (await used(azure))[0] == before, "a disabled version is left for the newest usable one"


async def test_a_versioned_key_is_never_moved_and_an_unreachable_one_stays_silently(azure):
    await azure.encrypted_registry(versioned=True)
    before = await used(azure)
    await azure.lab.control.key("vault-one", "key", "rotate")
    await azure.lab.clock.advance(2 * HOUR)
    assert await used(azure) == before


@pytest.mark.parametrize("loss", [no_grant, firewall, deleted_vault], ids=lambda loss: loss.__name__)
async def test_a_scan_that_cannot_reach_the_key_changes_nothing(azure, loss):
    _, _, vault, _ = await azure.encrypted_registry()
    before = await used(azure)
    await azure.lab.control.key("vault-one", "key", "rotate")
    await loss(azure, vault)
    await azure.lab.clock.advance(2 * HOUR)
    assert await used(azure) == before
    assert (await azure.registry()).properties.provisioning_state == "Succeeded", "a read does not reveal it"


async def probe(azure):
    return (await azure.lab.control.probe("registry1")).status


@pytest.mark.parametrize(
    "loss", [no_grant, firewall, disabled, deleted_key, deleted_vault], ids=lambda loss: loss.__name__
)
async def test_pulls_fail_a_while_after_the_key_is_lost(azure, loss):
    _, _, vault, _ = await azure.encrypted_registry()
    assert await probe(azure) == 200
    await loss(azure, vault)
    if loss is not no_grant:
        assert await probe(azure) == 200, "not felt yet"
    await azure.lab.clock.advance(60)
    assert await probe(azure) == 403


async def test_pulls_work_again_with_the_key_back(azure):
    await azure.encrypted_registry()
    for act in ("disable", "enable"):
        await azure.lab.control.key("vault-one", "key", act)
        await azure.lab.clock.advance(61)
    assert await probe(azure) == 200


async def test_an_expired_key_still_unwraps(azure):
    await azure.encrypted_registry(versioned=True)
    await azure.lab.control.key("vault-one", "key", "expire")
    await azure.lab.clock.advance(DAY)
    assert await probe(azure) == 200


async def test_a_registry_outlives_its_identity_for_three_months(azure):
    await azure.encrypted_registry()
    await azure.identities.user_assigned_identities.delete(GROUP, "identity")
    await azure.lab.clock.advance(89 * DAY)
    assert await probe(azure) == 200
    await azure.lab.clock.advance(1 * DAY)
    response = await azure.lab.control.probe("registry1")
    assert response.status == 403
    assert "inactive" in response.body["errors"][0]["message"]


async def test_an_identity_made_again_has_no_grants_and_is_not_the_registry_s(azure):
    _, identity, _, key = await azure.encrypted_registry()
    await azure.identities.user_assigned_identities.delete(GROUP, "identity")
    again = await azure.identity()
    assert (await azure.registry()).identity.user_assigned_identities[again.id].client_id == identity.client_id
    body = encrypted(again, key.properties.key_uri)
    update = azure.registries.registries.begin_update(
        GROUP, "registry1", {"identity": body["identity"], "properties": body["properties"]}
    )
    assert (await error_of_call(update))[1].startswith("Failed to access KeyId")


async def make_identity_again(azure, key):
    """Delete and create the registry's identity, grant it, and return (new identity, complete body)."""
    vault = await azure.vaults.vaults.get(GROUP, "vault-one")
    await azure.identities.user_assigned_identities.delete(GROUP, "identity")
    again = await azure.identity()
    await azure.assign(vault.id, again.principal_id)
    await azure.lab.clock.advance(60)
    return again, encrypted(again, key.properties.key_uri)


async def update(azure, body):
    poller = await azure.registries.registries.begin_update(GROUP, "registry1", body)
    await azure.lab.clock.advance(10)
    return await poller.result()


@pytest.mark.parametrize("setting", ["accept", "reject"])
async def test_one_patch_attaches_an_identity_made_again_and_names_it_for_the_key(azure, setting):
    azure.lab.settings.set("acr_recreated_identity", value=setting)
    *_, key = await azure.encrypted_registry()
    again, body = await make_identity_again(azure, key)
    registry = await update(azure, {"identity": body["identity"], "properties": body["properties"]})
    assert registry.properties.encryption.key_vault_properties.identity == again.client_id
    assert registry.identity.user_assigned_identities[again.id].client_id == again.client_id
    assert await probe(azure) == 200


async def test_an_identity_made_again_may_be_attached_before_it_is_named_for_the_key(azure):
    _, identity, _, key = await azure.encrypted_registry()
    again, body = await make_identity_again(azure, key)
    registry = await update(azure, {"identity": body["identity"]})
    assert registry.identity.user_assigned_identities[again.id].client_id == again.client_id
    assert registry.properties.encryption.key_vault_properties.identity == identity.client_id
    await azure.registries.registries.begin_update(GROUP, "registry1", {"tags": {"a": "b"}})
    await update(azure, {"properties": body["properties"]})
    assert (await azure.registry()).properties.encryption.key_vault_properties.identity == again.client_id


async def test_a_patch_of_the_identity_alone_may_be_refused(azure, code):
    _, identity, _, key = await azure.encrypted_registry()
    azure.lab.settings.set("acr_recreated_identity", value="reject")
    _, body = await make_identity_again(azure, key)
    refused = azure.registries.registries.begin_update(GROUP, "registry1", {"identity": body["identity"]})
    refused_code, message = await error_of_call(refused)
    assert refused_code == code
    assert f"does not have access to identity '{identity.client_id}'" in message


async def test_a_put_that_detaches_the_identity_of_the_key_is_refused(azure):
    *_, key = await azure.encrypted_registry()
    other = await azure.identity("other")
    body = encrypted(other, key.properties.key_uri)
    refused = azure.create_registry({name: value for name, value in body.items() if name != "properties"})
    assert "does not have access to identity" in (await error_of_call(refused))[1]


async def test_a_put_of_the_complete_body_is_accepted(azure):
    """The public module for registries deploys the same encrypted registry twice."""
    _, identity, _, key = await azure.encrypted_registry()
    await azure.create_registry(encrypted(identity, key.properties.key_uri))
    assert (await azure.registry()).properties.encryption.key_vault_properties.last_key_rotation_timestamp is None


@pytest.mark.parametrize("lacking", ["keyIdentifier", "identity", "keyVaultProperties"])
async def test_a_put_whose_encryption_lacks_the_key_or_its_identity_is_refused(azure, lacking):
    _, identity, _, key = await azure.encrypted_registry()
    body = encrypted(identity, key.properties.key_uri)
    encryption = body["properties"]["encryption"]
    (encryption if lacking == "keyVaultProperties" else encryption["keyVaultProperties"]).pop(lacking)
    refused_code, message = await error_of_call(azure.create_registry(body))
    assert refused_code == "BadRequest"
    assert "registry1. Property Identity and KeyIdentifier must be set when encryption is enabled." in message


async def test_a_put_without_keyvaultproperties_may_keep_the_key(azure):
    _, identity, _, key = await azure.encrypted_registry()
    azure.lab.settings.set("acr_full_resubmit", value="accept")
    body = encrypted(identity, key.properties.key_uri)
    del body["properties"]["encryption"]["keyVaultProperties"]
    await azure.create_registry(body)
    encryption = (await azure.registry()).properties.encryption
    assert encryption.key_vault_properties.identity == identity.client_id


@pytest.mark.parametrize("response", ["keep", "reject"])
async def test_a_put_without_encryption_keeps_it_or_is_refused(azure, response):
    azure.lab.settings.set("acr_encryption_omitted", value=response)
    await azure.encrypted_registry()
    put = azure.create_registry({"location": LOCATION, "sku": {"name": "Premium"}})
    if response == "reject":
        await error_of_call(put)
    else:
        await put
    assert (await azure.registry()).properties.encryption.status == "enabled"
