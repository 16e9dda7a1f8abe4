"""What somebody changes behind the operator's back is found at the next resync and put right, and nothing else is."""

import pytest

from tests.support import waiting

pytestmark = pytest.mark.integration

STRANGER = {
    "tenantId": "00000000-0000-0000-0000-00000000000a",
    "objectId": "00000000-0000-0000-0000-00000000000b",
    "permissions": {"keys": ["get"]},
}


@pytest.fixture(scope="module", autouse=True)
def resyncing(running_operator):
    running_operator.restart(resync_seconds="1")
    yield
    running_operator.as_usual()


@pytest.fixture(scope="module")
def world(new_space, resyncing):
    """One object per access mode, Ready."""
    space = new_space()
    space.apply("rbac", tags={"team": "platform"}, registry={"name": space.registry("rbac"), "adminUserEnabled": False})
    space.apply("policy", vault={"name": space.vault("policy"), "access": "AccessPolicy", "firewall": {}})
    for name in ("rbac", "policy"):
        space.object(name).wait_ready()
    yield space
    space.close()


def test_a_registry_setting_is_put_back_and_foreign_tags_stay(world):
    azure, path = world.azure, world.registry_id("rbac")
    owner = world.owner("rbac")
    azure.patch(
        path, {"tags": {"theirs": "1", "team": "x", "acrcmk-owner": owner}, "properties": {"adminUserEnabled": True}}
    )
    mended = waiting.eventually(
        lambda: azure.get(path),
        lambda seen: not seen["properties"]["adminUserEnabled"] and seen["tags"].get("team") == "platform",
    )
    assert mended["tags"] == {"theirs": "1", "team": "platform", "acrcmk-owner": owner}
    world.object("rbac").wait_ready()


def test_a_registry_moved_to_a_pinned_key_version_is_moved_back(world):
    azure, path = world.azure, world.registry_id("rbac")
    key = azure.get(path)["properties"]["encryption"]["keyVaultProperties"]
    pinned = {"keyIdentifier": key["versionedKeyIdentifier"], "identity": key["identity"]}
    azure.patch(path, {"properties": {"encryption": {"status": "enabled", "keyVaultProperties": pinned}}})
    waiting.eventually(
        lambda: azure.get(path)["properties"]["encryption"]["keyVaultProperties"],
        lambda seen: seen["keyIdentifier"] == key["keyIdentifier"] and seen["keyRotationEnabled"],
    )
    world.object("rbac").wait_ready()


def test_a_deleted_role_assignment_is_made_again(world):
    azure, handle = world.azure, world.object("rbac")
    vault, principal = handle.status["vault"]["id"], handle.status["identity"]["principalId"]
    (granted,) = azure.role_assignments(vault, principal)
    azure.call("DELETE", granted["id"]).raise_for_status()
    (again,) = waiting.eventually(lambda: azure.role_assignments(vault, principal))
    assert again["name"] == granted["name"]


def test_a_removed_access_policy_is_added_again_and_others_stay(world):
    azure, handle = world.azure, world.object("policy")
    vault, principal = handle.status["vault"]["id"], handle.status["identity"]["principalId"]
    azure.put(f"{vault}/accessPolicies/replace", {"properties": {"accessPolicies": [STRANGER]}})
    policies = waiting.eventually(
        lambda: azure.get(vault)["properties"]["accessPolicies"],
        lambda seen: principal in [one["objectId"] for one in seen],
    )
    assert {one["objectId"] for one in policies} == {principal, STRANGER["objectId"]}


def test_a_firewall_that_shuts_trusted_services_out_is_opened_to_them(world):
    azure, vault = world.azure, world.object("policy").status["vault"]["id"]
    azure.patch(vault, {"properties": {"networkAcls": {"bypass": "None", "defaultAction": "Deny"}}})
    rules = waiting.eventually(
        lambda: azure.get(vault)["properties"]["networkAcls"], lambda seen: seen["bypass"] == "AzureServices"
    )
    assert rules["defaultAction"] == "Deny"
