"""What a recording presumes: whatever it uses or shows without having made it."""

import pytest

from acrcmk_lab.azure import ids
from acrcmk_lab.replay import preconditions, principals, roles, schedule
from tests.lab.tests.replay import recordings
from tests.lab.tests.replay.recordings import GROUP, IDENTITY, KEYS, REGISTRY, SUBSCRIPTION, VAULT, arm, exchange, tape

SHOWN_VAULT = {
    "id": VAULT,
    "name": "vault-one",
    "type": "Microsoft.KeyVault/vaults",
    "location": "westus",
    "tags": {"a": "b"},
    "systemData": {"createdBy": "me@x", "createdByType": "User", "createdAt": "2024-06-26T11:00:00Z"},
    "properties": {"provisioningState": "Succeeded", "accessPolicies": [], "tenantId": recordings.CLIENT},
}
OK = {"properties": {"provisioningState": "Succeeded"}}


def deeds(*entries, policies=()):
    return preconditions.deeds(tape(*entries), policies=list(policies))


def made(*entries):
    return [(deed.method, ids.name_of(deed.id)) for deed in deeds(*entries)]


def test_what_is_read_first_was_there_with_its_group():
    found = deeds(exchange("GET", arm(VAULT, "2023-02-01"), 200, SHOWN_VAULT, at=0))
    assert [(deed.method, ids.name_of(deed.id)) for deed in found] == [("PUT", "rg"), ("PUT", "vault-one")]
    vault = found[1]
    assert vault.version == "2023-02-01"
    assert vault.body == {"location": "westus", "tags": {"a": "b"}, "properties": SHOWN_VAULT["properties"]}
    assert vault.moment.hour == 11
    assert vault.author == preconditions.Author("me@x", "User")


@pytest.mark.parametrize(
    "entries",
    [
        [exchange("PUT", arm(IDENTITY), 201, OK, at=0), exchange("GET", arm(IDENTITY), 200, OK, at=1)],
        [exchange("GET", arm(IDENTITY), 404, {"error": {"code": "ResourceNotFound"}}, at=0)],
        [exchange("DELETE", arm(IDENTITY), 204, at=0)],
        [
            exchange("PUT", arm(VAULT), 200, {"properties": {"provisioningState": "RegisteringDns"}}, at=0),
            exchange("GET", arm(VAULT), 200, OK, at=30),
        ],
    ],
)
def test_what_the_recording_makes_or_misses_was_not(entries):
    assert ("PUT", "identity") not in made(*entries)
    assert ("PUT", "vault-one") not in made(*entries)


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        (exchange("PUT", arm(IDENTITY), 200, OK, at=0), "identity"),
        (exchange("PUT", arm(VAULT), 200, OK, at=0), "vault-one"),
        (exchange("PATCH", arm(REGISTRY), 200, OK, at=0), "registry1"),
        (exchange("DELETE", arm(REGISTRY), 200, at=0), "registry1"),
        (exchange("POST", arm(f"{REGISTRY}/listCredentials"), 200, {}, at=0), "registry1"),
        (exchange("PUT", arm(f"{REGISTRY}/webhooks/hook"), 200, OK, at=0), "registry1"),
        (
            exchange("PUT", arm(f"{VAULT}/providers/Microsoft.Authorization/roleAssignments/x"), 201, OK, at=0),
            "vault-one",
        ),
        (exchange("GET", arm(f"{REGISTRY}/webhooks"), 200, {"value": []}, at=0), "registry1"),
    ],
)
def test_what_is_changed_or_used_first_was_there(entry, name):
    assert ("PUT", name) in made(entry)


def test_a_registry_put_with_200_is_new_if_it_says_so_itself():
    def put(created):
        body = {"properties": {"provisioningState": "Succeeded", "creationDate": created}}
        return exchange("PUT", arm(REGISTRY), 200, body, at=600)

    assert ("PUT", "registry1") not in made(put("2024-06-26T12:09:55.1234567Z"))
    assert ("PUT", "registry1") in made(put("2024-06-26T09:00:00.1234567Z"))


def test_what_a_service_puts_into_a_new_resource_is_not_presumed():
    entries = (
        exchange("PUT", arm(REGISTRY), 201, {"properties": {"provisioningState": "Creating"}}, at=0),
        exchange(
            "GET", arm(f"{REGISTRY}/replications"), 200, {"value": [{"id": f"{REGISTRY}/replications/westus"}]}, at=9
        ),
    )
    assert ("PUT", "westus") not in made(*entries)


def test_a_recovered_vault_was_made_and_deleted():
    sent = {"location": "westus", "properties": {"createMode": "recover"}}
    found = made(exchange("PUT", arm(VAULT), 200, SHOWN_VAULT, sent=sent, at=0))
    assert found == [("PUT", "rg"), ("PUT", "vault-one"), ("DELETE", "vault-one")]


def deleted(name, vault_id, at):
    return {
        "id": f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.KeyVault/locations/westus/deletedVaults/{name}",
        "name": name,
        "properties": {
            "vaultId": vault_id,
            "location": "West US",
            "tags": {},
            "deletionDate": at,
            "scheduledPurgeDate": "2024-07-01T00:00:00Z",
        },
    }


LISTED = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.KeyVault/deletedVaults"


def test_other_peoples_deleted_vaults_are_made_and_deleted_at_their_time():
    row = deleted("theirs", VAULT.replace("vault-one", "theirs"), "2024-06-01T00:00:00Z")
    found = deeds(exchange("GET", arm(LISTED), 200, {"value": [row]}, at=0))
    assert [(deed.method, ids.name_of(deed.id)) for deed in found] == [
        ("PUT", "rg"),
        ("PUT", "theirs"),
        ("DELETE", "theirs"),
    ]
    assert found[1].body["location"] == "West US"
    assert found[1].body["properties"]["softDeleteRetentionInDays"] == 30
    assert found[2].moment.day == 1


def test_a_vault_that_the_recording_itself_deletes_is_not_presumed_deleted():
    entries = (
        exchange("GET", arm(VAULT), 200, SHOWN_VAULT, at=0),
        exchange("DELETE", arm(VAULT), 200, at=1),
        exchange("GET", arm(LISTED), 200, {"value": [deleted("vault-one", VAULT, "2024-06-26T12:00:01Z")]}, at=2),
    )
    assert ("DELETE", "vault-one") not in made(*entries)


def test_a_group_that_the_recording_makes_is_there_only_for_what_was_deleted_in_it():
    entries = (
        exchange("PUT", arm(GROUP, "2021-04-01"), 201, {"location": "westus"}, at=0),
        exchange("GET", arm(LISTED), 200, {"value": [deleted("theirs", VAULT, "2024-06-01T00:00:00Z")]}, at=2),
    )
    assert made(*entries) == [("PUT", "rg"), ("PUT", "vault-one"), ("DELETE", "vault-one"), ("DELETE", "rg")]


def test_a_vault_known_by_its_data_plane_gets_region_sku_and_recovery_from_there():
    attributes = {"recoveryLevel": "CustomizedRecoverable", "recoverableDays": 7}
    entry = exchange(
        "POST",
        f"{KEYS}/key1/create?api-version=7.4",
        200,
        {"key": {"kty": "RSA-HSM"}, "attributes": attributes},
        at=0,
        x_ms_keyvault_region="eastus2",
    )
    vault = deeds(entry, policies=[{"objectId": recordings.CLIENT}])[-1]
    assert ids.name_of(vault.id) == "vault-one"
    assert vault.body["location"] == "eastus2"
    assert vault.body["properties"]["sku"]["name"] == "premium"
    assert vault.body["properties"]["softDeleteRetentionInDays"] == 7
    assert vault.body["properties"]["enablePurgeProtection"] is True
    assert vault.body["properties"]["accessPolicies"] == [{"objectId": recordings.CLIENT}]


def test_strangers_in_lists_of_everything_are_not_made():
    row = {"id": VAULT, "name": "vault-one", "type": "Microsoft.KeyVault/vaults", "location": "westus", "tags": {}}
    entry = exchange("GET", arm(f"/subscriptions/{SUBSCRIPTION}/resources"), 200, {"value": [row]}, at=0)
    assert made(entry) == []
    assert ("PUT", "vault-one") in made(entry, exchange("GET", arm(VAULT), 200, SHOWN_VAULT, at=1))


def test_the_body_of_a_put_has_nothing_that_only_azure_tells():
    shown = {
        "id": REGISTRY,
        "name": "registry1",
        "type": "t",
        "systemData": {},
        "location": "westus",
        "identity": {"type": "userAssigned", "userAssignedIdentities": {IDENTITY: {"principalId": "p"}}},
    }
    assert preconditions.put_body(shown) == {
        "location": "westus",
        "identity": {"type": "userAssigned", "userAssignedIdentities": {IDENTITY: {}}},
    }


def test_the_caller_is_who_wrote():
    written = {
        "systemData": {"lastModifiedBy": "me@x", "lastModifiedByType": "User"},
        "properties": {
            "accessPolicies": [{"objectId": recordings.CLIENT}],
            "tenantId": "72f988bf-86f1-41af-91ab-2d7cd011db47",
        },
    }
    found = tape(exchange("PUT", arm(VAULT), 200, written, at=0))
    told = principals.derive(found, moments=schedule.moments(found), fresh=lambda: "fresh")
    assert (told.caller.name, told.caller.kind, told.caller.object_id) == ("me@x", "User", recordings.CLIENT)
    assert told.tenant_id == "72f988bf-86f1-41af-91ab-2d7cd011db47"
    assert told.subscriptions == (SUBSCRIPTION,)


def test_a_challenge_tells_the_tenant():
    tenant = "54826b22-38d6-4fb2-bad9-b7b93a3e9c5a"
    challenge = f'Bearer authorization="https://login.windows.net/{tenant}", resource="https://vault.azure.net"'
    found = tape(exchange("GET", f"{KEYS}?api-version=7.4", 401, {}, at=0, www_authenticate=challenge))
    assert principals.derive(found, moments=schedule.moments(found), fresh=lambda: "fresh").tenant_id == tenant


def test_roles_shown_are_known_and_those_only_named_permit_nothing():
    scope = f"{GROUP}/providers/Microsoft.Authorization"
    custom = {"name": recordings.CLIENT, "properties": {"roleName": "Mine", "type": "CustomRole", "permissions": []}}
    assignment = {"name": "x", "properties": {"roleDefinitionId": f"{scope}/roleDefinitions/{'1' * 8}"}}
    found = roles.derive(
        tape(
            exchange("GET", arm(f"{scope}/roleDefinitions"), 200, {"value": [custom]}, at=0),
            exchange("GET", arm(f"{scope}/roleAssignments"), 200, {"value": [assignment]}, at=1),
        )
    )
    assert [role.name for role in found] == ["Mine", "11111111"]
    assert not found[1].permits("Microsoft.KeyVault/vaults/read")


def test_a_role_that_the_recording_makes_is_not_presumed():
    path = f"{GROUP}/providers/Microsoft.Authorization/roleDefinitions/{recordings.CLIENT}"
    body = {"name": recordings.CLIENT, "properties": {"roleName": "Mine", "type": "CustomRole", "permissions": []}}
    assert (
        roles.derive(tape(exchange("PUT", arm(path), 201, body, at=0), exchange("GET", arm(path), 200, body, at=1)))
        == []
    )
