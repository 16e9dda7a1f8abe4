"""The resources that existed before a recording: those it uses or shows without having created them."""

import pytest

from acrcmk_lab.azure.arm import ids
from acrcmk_lab.replay import preconditions, principals, roles, schedule
from tests.lab.tests.replay import synthetic
from tests.lab.tests.replay.synthetic import (
    GROUP,
    IDENTITY,
    KEYS,
    REGISTRY,
    SUBSCRIPTION,
    VAULT,
    arm,
    exchange,
    recording,
)

SHOWN_VAULT = {
    "id": VAULT,
    "name": "vault-one",
    "type": "Microsoft.KeyVault/vaults",
    "location": "westus",
    "tags": {"a": "b"},
    "systemData": {"createdBy": "me@x", "createdByType": "User", "createdAt": "2024-06-26T11:00:00Z"},
    "properties": {"provisioningState": "Succeeded", "accessPolicies": [], "tenantId": synthetic.CLIENT},
}
CREATOR = "09b48c49-da00-4e9c-be40-92f3a7c0d7d9"
DELETED = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.KeyVault/locations/westus/deletedVaults/vault-one"
OK = {"properties": {"provisioningState": "Succeeded"}}


def setup_requests(*entries, policies=()):
    return preconditions.setup_requests(recording(*entries), policies=list(policies))


def created(*entries):
    return [(request.method, ids.name_of(request.id)) for request in setup_requests(*entries)]


def test_a_resource_that_is_read_first_existed_with_its_group():
    actual = setup_requests(exchange("GET", arm(VAULT, "2023-02-01"), 200, SHOWN_VAULT, at=0))
    assert [(request.method, ids.name_of(request.id)) for request in actual] == [("PUT", "rg"), ("PUT", "vault-one")]
    vault = actual[1]
    assert vault.version == "2023-02-01"
    assert vault.body == {"location": "westus", "tags": {"a": "b"}, "properties": SHOWN_VAULT["properties"]}
    assert vault.timestamp.hour == 11
    assert vault.author == preconditions.Author(name="me@x", kind="User")


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
def test_a_resource_that_is_created_or_absent_first_did_not_exist(entries):
    assert ("PUT", "identity") not in created(*entries)
    assert ("PUT", "vault-one") not in created(*entries)


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
def test_a_resource_that_is_changed_or_used_first_existed(entry, name):
    assert ("PUT", name) in created(entry)


def test_a_registry_put_with_200_is_new_if_its_creation_date_is():
    def put(created):
        body = {"properties": {"provisioningState": "Succeeded", "creationDate": created}}
        return exchange("PUT", arm(REGISTRY), 200, body, at=600)

    assert ("PUT", "registry1") not in created(put("2024-06-26T12:09:55.1234567Z"))
    assert ("PUT", "registry1") in created(put("2024-06-26T09:00:00.1234567Z"))


def test_children_that_a_service_creates_in_a_new_resource_did_not_exist():
    entries = (
        exchange("PUT", arm(REGISTRY), 201, {"properties": {"provisioningState": "Creating"}}, at=0),
        exchange(
            "GET", arm(f"{REGISTRY}/replications"), 200, {"value": [{"id": f"{REGISTRY}/replications/westus"}]}, at=9
        ),
    )
    assert ("PUT", "westus") not in created(*entries)


def test_a_recovered_vault_was_created_and_deleted_before():
    request_body = {"location": "westus", "properties": {"createMode": "recover"}}
    actual = created(exchange("PUT", arm(VAULT), 200, SHOWN_VAULT, request_body=request_body, at=0))
    assert actual == [("PUT", "rg"), ("PUT", "vault-one"), ("DELETE", "vault-one")]


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


def test_deleted_vaults_of_other_users_are_created_and_deleted_at_their_deletion_date():
    row = deleted("foreign", VAULT.replace("vault-one", "foreign"), "2024-06-01T00:00:00Z")
    actual = setup_requests(exchange("GET", arm(LISTED), 200, {"value": [row]}, at=0))
    assert [(request.method, ids.name_of(request.id)) for request in actual] == [
        ("PUT", "rg"),
        ("PUT", "foreign"),
        ("DELETE", "foreign"),
    ]
    assert actual[1].body["location"] == "West US"
    assert actual[1].body["properties"]["softDeleteRetentionInDays"] == 30
    assert actual[2].timestamp.day == 1


def test_a_vault_that_the_recording_deletes_was_not_deleted_before():
    entries = (
        exchange("GET", arm(VAULT), 200, SHOWN_VAULT, at=0),
        exchange("DELETE", arm(VAULT), 200, at=1),
        exchange("GET", arm(LISTED), 200, {"value": [deleted("vault-one", VAULT, "2024-06-26T12:00:01Z")]}, at=2),
    )
    assert ("DELETE", "vault-one") not in created(*entries)


def test_a_group_that_the_recording_creates_exists_before_only_for_vaults_deleted_in_it():
    entries = (
        exchange("PUT", arm(GROUP, "2021-04-01"), 201, {"location": "westus"}, at=0),
        exchange("GET", arm(LISTED), 200, {"value": [deleted("foreign", VAULT, "2024-06-01T00:00:00Z")]}, at=2),
    )
    assert created(*entries) == [("PUT", "rg"), ("PUT", "vault-one"), ("DELETE", "vault-one"), ("DELETE", "rg")]


def test_a_vault_known_by_its_data_plane_has_region_sku_and_recovery_from_there():
    attributes = {"recoveryLevel": "CustomizedRecoverable", "recoverableDays": 7}
    entry = exchange(
        "POST",
        f"{KEYS}/key1/create?api-version=7.4",
        200,
        {"key": {"kty": "RSA-HSM"}, "attributes": attributes},
        at=0,
        x_ms_keyvault_region="eastus2",
    )
    vault = setup_requests(entry, policies=[{"objectId": synthetic.CLIENT}])[-1]
    assert ids.name_of(vault.id) == "vault-one"
    assert vault.body["location"] == "eastus2"
    assert vault.body["properties"]["sku"]["name"] == "premium"
    assert vault.body["properties"]["softDeleteRetentionInDays"] == 7
    assert vault.body["properties"]["enablePurgeProtection"] is True
    assert vault.body["properties"]["accessPolicies"] == [{"objectId": synthetic.CLIENT}]


def test_foreign_resources_in_lists_of_all_resources_are_not_created():
    row = {"id": VAULT, "name": "vault-one", "type": "Microsoft.KeyVault/vaults", "location": "westus", "tags": {}}
    entry = exchange("GET", arm(f"/subscriptions/{SUBSCRIPTION}/resources"), 200, {"value": [row]}, at=0)
    assert created(entry) == []
    assert ("PUT", "vault-one") in created(entry, exchange("GET", arm(VAULT), 200, SHOWN_VAULT, at=1))


def test_the_body_of_a_put_has_no_read_only_members():
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


def test_the_caller_is_the_author_of_the_writes():
    written = {
        "systemData": {"lastModifiedBy": "me@x", "lastModifiedByType": "User"},
        "properties": {
            "accessPolicies": [{"objectId": synthetic.CLIENT}],
            "tenantId": "72f988bf-86f1-41af-91ab-2d7cd011db47",
        },
    }
    actual = recording(exchange("PUT", arm(VAULT), 200, written, at=0))
    derived = principals.derive(actual, timestamps=schedule.timestamps(actual), new_guid=lambda: "new")
    assert (derived.caller.name, derived.caller.kind, derived.caller.object_id) == ("me@x", "User", synthetic.CLIENT)
    assert derived.tenant_id == "72f988bf-86f1-41af-91ab-2d7cd011db47"
    assert derived.subscriptions == (SUBSCRIPTION,)


def test_a_challenge_contains_the_tenant():
    tenant = "54826b22-38d6-4fb2-bad9-b7b93a3e9c5a"
    challenge = f'Bearer authorization="https://login.windows.net/{tenant}", resource="https://vault.azure.net"'
    actual = recording(exchange("GET", f"{KEYS}?api-version=7.4", 401, {}, at=0, www_authenticate=challenge))
    assert principals.derive(actual, timestamps=schedule.timestamps(actual), new_guid=lambda: "new").tenant_id == tenant


def test_roles_are_known_as_shown_and_without_permissions_if_only_referenced():
    scope = f"{GROUP}/providers/Microsoft.Authorization"
    custom = {"name": synthetic.CLIENT, "properties": {"roleName": "Mine", "type": "CustomRole", "permissions": []}}
    assignment = {"name": "x", "properties": {"roleDefinitionId": f"{scope}/roleDefinitions/{'1' * 8}"}}
    actual = roles.derive(
        recording(
            exchange("GET", arm(f"{scope}/roleDefinitions"), 200, {"value": [custom]}, at=0),
            exchange("GET", arm(f"{scope}/roleAssignments"), 200, {"value": [assignment]}, at=1),
        )
    )
    assert [role.name for role in actual] == ["Mine", "11111111"]
    assert not actual[1].permits("Microsoft.KeyVault/vaults/read")


def test_a_role_that_the_recording_creates_did_not_exist():
    path = f"{GROUP}/providers/Microsoft.Authorization/roleDefinitions/{synthetic.CLIENT}"
    body = {"name": synthetic.CLIENT, "properties": {"roleName": "Mine", "type": "CustomRole", "permissions": []}}
    assert (
        roles.derive(
            recording(exchange("PUT", arm(path), 201, body, at=0), exchange("GET", arm(path), 200, body, at=1))
        )
        == []
    )


def test_a_vault_that_is_recovered_was_created_by_the_author_in_its_body():
    resource = {**SHOWN_VAULT, "systemData": {"createdBy": CREATOR, "createdByType": "Application"}}
    request_body = {"location": "westus", "properties": {"createMode": "recover"}}
    requests = setup_requests(
        exchange("GET", arm(DELETED), 200, deleted("vault-one", VAULT, "2024-06-01T00:00:00Z"), at=0),
        exchange("PUT", arm(VAULT), 200, resource, request_body=request_body, at=1),
    )
    vault = next(request for request in requests if request.id == VAULT and request.method == "PUT")
    assert vault.author == preconditions.Author(name=CREATOR, kind="Application")


def test_a_vault_known_only_as_a_row_has_the_required_properties():
    row = {"id": VAULT, "name": "vault-one", "type": "Microsoft.KeyVault/vaults", "location": "westus", "tags": {}}
    requests = setup_requests(
        exchange("GET", arm(f"/subscriptions/{SUBSCRIPTION}/resources"), 200, {"value": [row]}, at=0),
        exchange("GET", arm(f"{VAULT}/privateLinkResources"), 200, {"value": []}, at=1),
    )
    assert requests[-1].id == VAULT
    assert requests[-1].body["properties"]["sku"] == {"family": "A", "name": "standard"}
