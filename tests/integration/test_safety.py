"""What must never happen: access to another team's key, an empty registry in the place of a full one, a drift war."""

import uuid

import pytest

from tests.support import waiting

pytestmark = pytest.mark.integration

GRANTS = "/providers/Microsoft.Authorization/roleAssignments"
CONTRIBUTOR = "/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c"
DEFINITIONS = "/providers/Microsoft.Authorization/policyDefinitions"
ASSIGNMENTS = "/providers/Microsoft.Authorization/policyAssignments"
CRYPTO_USER = "e147488a-f6f5-4113-8e2d-b22465e65bf6"


@pytest.fixture
def teams(new_space, space):
    """Two namespaces, of which the second one has a registry that is Ready."""
    other = new_space()
    other.ready()
    yield space, other
    other.close()


def writes(space, since: int) -> list:
    return [call for call in space.azure.calls()[since:] if call.writes and space.namespace in call.path]


@pytest.mark.parametrize("spelling", [str, str.upper, lambda id_: id_.replace("resourceGroups", "resourcegroups")])
def test_another_teams_vault_cannot_be_referred_to_whatever_the_spelling_of_its_id(teams, spelling):
    mine, theirs = teams
    vault, calls = theirs.object().status["vault"]["id"], len(mine.azure.calls())
    handle = mine.apply(vault={"resourceId": spelling(vault).replace("/PROVIDERS/", "/providers/")})
    condition = handle.wait_reason("OwnedByOther")
    assert theirs.owner() in condition["message"]
    assert handle.condition("VaultReady")["reason"] == "OwnedByOther"
    assert writes(mine, calls) == []
    principals = {grant["properties"]["principalId"] for grant in theirs.azure.get(f"{vault}{GRANTS}")["value"]}
    assert theirs.object().status["identity"]["principalId"] in principals
    assert len(principals) == 1


def test_another_teams_identity_cannot_be_referred_to(teams):
    mine, theirs = teams
    calls = len(mine.azure.calls())
    handle = mine.apply(identity={"resourceId": theirs.object().status["identity"]["id"]})
    handle.wait_reason("OwnedByOther", kind="IdentityReady")
    assert writes(mine, calls) == []


def test_another_teams_key_in_a_vault_that_no_object_owns_cannot_be_referred_to(space):
    vault = space.put_vault("shared")
    first = space.ready("first", vault={"resourceId": vault["id"]}, key={"name": "first"}).status
    handle = space.apply("second", vault={"resourceId": vault["id"]}, key={"identifier": first["key"]["identifier"]})
    handle.wait_reason("OwnedByOther", kind="KeyReady")


def test_a_grant_on_a_vault_of_somebody_else_is_for_the_key_alone(space):
    vault = space.put_vault("shared")
    status = space.ready(vault={"resourceId": vault["id"]}).status
    grants = space.azure.get(f"{vault['id']}{GRANTS}", **{"$filter": "atScope()"})["value"]
    principal = status["identity"]["principalId"]
    assert [grant for grant in grants if grant["properties"]["principalId"] == principal] == []
    (grant,) = space.azure.role_assignments(f"{vault['id']}/keys/acr-cmk", principal)
    assert grant["properties"]["scope"].casefold() == f"{vault['id']}/keys/acr-cmk".casefold()


def test_a_registry_that_was_ready_and_is_gone_is_not_created_again_without_permission(space):
    handle = space.ready()
    space.azure.call("DELETE", space.registry_id()).raise_for_status()
    waiting.eventually(lambda: space.azure.get(space.registry_id()), lambda registry: registry is None)
    calls = len(space.calls())
    handle.patch({"tags": {"team": "x"}})
    condition = handle.wait_reason("RegistryGone")
    assert "images are gone" in condition["message"]
    assert [call for call in space.calls()[calls:] if call.writes] == []
    status = handle.status
    assert "encryption" not in status
    assert "loginServer" not in status["registry"]
    assert ("Warning", "RegistryGone") in handle.events()
    handle.patch_metadata({"annotations": {"acrcmk.dev/recreate": space.registry()}})
    handle.patch({"tags": {"team": "y"}})
    handle.wait_ready()


def test_a_corrected_name_is_accepted_until_the_registry_exists(space):
    space.azure.control("reserve_name", name=space.registry("taken"))
    handle = space.apply(registry={"name": space.registry("taken")})
    handle.wait_reason("NameTaken")
    handle.patch({"registry": {"name": space.registry()}})
    assert handle.wait_ready()["registry"]["id"].endswith(space.registry())


def test_a_key_version_made_by_hand_has_no_tags_and_changes_nothing(space):
    handle = space.ready(key={"rotation": {"mode": "Manual"}})
    space.azure.control("key", vault=space.vault(), name="acr-cmk", action="rotate")
    handle.patch({"tags": {"team": "x"}})
    status = handle.wait_ready()
    assert handle.condition("KeyReady")["status"] == "True"
    assert handle.condition("KeyCurrent")["reason"] == "NewerVersionAvailable"
    assert status["observedGeneration"] == 2


def test_an_identity_that_was_deleted_and_created_again_is_attached_again(space, operator):
    handle = space.ready()
    before = handle.status["identity"]
    space.azure.call("DELETE", before["id"]).raise_for_status()
    handle.patch({"tags": {"team": "x"}})
    after = handle.wait_ready(timeout=60)["identity"]
    assert (after["id"], after["clientId"] != before["clientId"]) == (before["id"], True)
    encryption = space.azure.get(space.registry_id())["properties"]["encryption"]
    assert encryption["keyVaultProperties"]["identity"] == after["clientId"]


def test_settings_that_the_spec_does_not_state_stay_as_they_are_in_azure(space):
    handle = space.ready()
    space.azure.patch(space.registry_id(), {"properties": {"adminUserEnabled": True}})
    handle.patch({"tags": {"team": "x"}})
    handle.wait_ready()
    assert space.azure.get(space.registry_id())["properties"]["adminUserEnabled"] is True


def test_a_failed_read_changes_no_status_of_a_ready_object(space, operator):
    handle = space.ready()
    before = handle.status
    with space.azure.failing(method="GET", status=503):
        operator.stop()
        calls = len(space.calls())
        operator.start()
        waiting.eventually(lambda: len(space.calls()) > calls + 2)
        assert handle.status == before


def test_tags_that_a_policy_removes_are_written_three_times_and_hold_up_nothing(space):
    policy = {
        "properties": {
            "policyRule": {
                "if": {"field": "type", "equals": "Microsoft.ContainerRegistry/registries"},
                "then": {
                    "effect": "modify",
                    "details": {
                        "roleDefinitionIds": [CONTRIBUTOR],
                        "operations": [{"operation": "addOrReplace", "field": "tags['team']", "value": "policy"}],
                    },
                },
            },
            "mode": "Indexed",
        }
    }
    definition = f"/subscriptions/{space.azure.subscription}{DEFINITIONS}/team-{space.namespace}"
    space.azure.put(definition, policy)
    space.azure.put(f"{space.group_id}{ASSIGNMENTS}/team", {"properties": {"policyDefinitionId": definition}})
    handle = space.apply(tags={"team": "mine"})
    condition = handle.wait_reason("ChangeNotKept", kind="RegistryReady")
    assert "tag team is policy, the spec asks for mine" in condition["message"]
    assert handle.condition("EncryptionReady")["status"] == "True"
    patches = [call for call in space.calls() if call.method == "PATCH" and "containerregistry" in call.path]
    assert len(patches) == 3
    assert ("Warning", "ChangeNotKept") in handle.events()


def test_an_external_grant_is_asked_for_with_the_command_and_used_once_it_is_there(space):
    handle = space.apply(vault={"name": space.vault(), "grant": "External"})
    handle.wait_reason("KeyAccessDenied", kind="VaultAccessReady")
    message = handle.condition("VaultAccessReady")["message"]
    status = handle.status
    assert f"--assignee-object-id {status['identity']['principalId']}" in message
    assert f"--scope {status['vault']['id']}" in message
    role = f"/subscriptions/{space.azure.subscription}/providers/Microsoft.Authorization/roleDefinitions/{CRYPTO_USER}"
    space.azure.put(
        f"{status['vault']['id']}{GRANTS}/{uuid.uuid4()}",
        {
            "properties": {
                "roleDefinitionId": role,
                "principalId": status["identity"]["principalId"],
                "principalType": "ServicePrincipal",
            }
        },
    )
    handle.wait_ready(timeout=60)


def test_a_referenced_vault_that_was_deleted_by_mistake_is_to_be_recovered(space):
    vault = space.put_vault("shared")
    space.azure.call("DELETE", vault["id"]).raise_for_status()
    condition = space.apply(vault={"resourceId": vault["id"]}).wait_reason("VaultSoftDeleted", kind="VaultReady")
    assert "az keyvault recover" in condition["message"]
