"""What else a person does with az around a registry with a customer-managed key, on what the walks have left."""

import pytest

from tests.az import cli, walks
from tests.support import waiting

pytestmark = [cli.needed, pytest.mark.integration, pytest.mark.timeout(600), pytest.mark.usefixtures("walked")]

RBAC_AUTOMATIC, RBAC_MANUAL, POLICY_AUTOMATIC, POLICY_MANUAL = walks.WAYS


def key_properties(az, names):
    return az.run("acr", "encryption", "show", "--name", names.registry)["keyVaultProperties"]


def rotate_key(az, names):
    """Make a new version of the key; return its identifier."""
    return az.run("keyvault", "key", "rotate", "--vault-name", names.vault, "--name", names.key)["key"]["kid"]


def use_key(az, names, identifier):
    command = ("acr", "encryption", "rotate-key", "--name", names.registry)
    return az.run(*command, "--key-encryption-key", identifier)


@pytest.mark.parametrize("way", [RBAC_AUTOMATIC, POLICY_AUTOMATIC], ids=str)
def test_a_registry_with_an_unversioned_key_takes_up_a_new_version_by_itself(az, way):
    names = way.names("az")
    newest = rotate_key(az, names)
    properties = waiting.eventually(
        lambda: key_properties(az, names), lambda seen: seen["versionedKeyIdentifier"] == newest, timeout=60
    )

    assert properties["keyIdentifier"] == newest.rpartition("/")[0]
    assert properties["lastKeyRotationTimestamp"]


@pytest.mark.parametrize("way", [RBAC_MANUAL, POLICY_MANUAL], ids=str)
def test_a_registry_with_a_versioned_key_waits_for_rotate_key(az, way):
    names = way.names("az")
    before = key_properties(az, names)
    newest = rotate_key(az, names)
    assert key_properties(az, names) == before

    assert use_key(az, names, newest)["provisioningState"] == "Succeeded"
    properties = key_properties(az, names)
    assert (properties["keyIdentifier"], properties["versionedKeyIdentifier"]) == (newest, newest)
    assert properties["lastKeyRotationTimestamp"]


def test_rotate_key_with_an_unversioned_key_switches_to_automatic_rotation(az):
    names = RBAC_MANUAL.names("az")
    newest = rotate_key(az, names)
    use_key(az, names, newest.rpartition("/")[0])

    properties = key_properties(az, names)
    assert properties["keyRotationEnabled"]
    assert properties["versionedKeyIdentifier"] == newest


def test_trusted_services_let_the_registry_through_a_closed_firewall(az):
    names = POLICY_MANUAL.names("az")
    newest = rotate_key(az, names)
    update = ("keyvault", "update", "--name", names.vault, "--resource-group", names.group)

    az.run(*update, "--default-action", "Deny", "--bypass", "None")
    with pytest.raises(cli.AzError, match="Failed to access KeyId"):
        use_key(az, names, newest)
    acls = az.run(*update, "--bypass", "AzureServices")["properties"]["networkAcls"]
    use_key(az, names, newest)

    assert (acls["bypass"], acls["defaultAction"]) == ("AzureServices", "Deny")
    assert key_properties(az, names)["keyIdentifier"] == newest


def test_a_closed_firewall_shuts_out_the_person_too(az):
    names = POLICY_AUTOMATIC.names("az")
    update = ("keyvault", "update", "--name", names.vault, "--resource-group", names.group)
    az.run(*update, "--default-action", "Deny")

    with pytest.raises(cli.AzError, match="ForbiddenByFirewall"):
        rotate_key(az, names)


def test_set_policy_is_refused_for_a_vault_as_az_makes_it(az):
    names = RBAC_AUTOMATIC.names("az")
    command = ("keyvault", "set-policy", "--resource-group", names.group, "--name", names.vault)

    with pytest.raises(cli.AzError, match="Cannot set policies to a vault with '--enable-rbac-authorization'"):
        az.run(*command, "--object-id", "00000000-0000-4000-8000-000000000000", "--key-permissions", "get")


def test_the_identitys_role_is_listed_by_name(az):
    names = RBAC_AUTOMATIC.names("az")
    identity = az.run("identity", "show", "--resource-group", names.group, "--name", names.identity)
    vault = az.run("keyvault", "show", "--resource-group", names.group, "--name", names.vault)

    (assignment,) = az.run("role", "assignment", "list", "--scope", vault["id"])
    assert assignment["roleDefinitionName"] == "Key Vault Crypto Service Encryption User"
    assert assignment["principalId"] == identity["principalId"]
    assert assignment["principalName"] == identity["clientId"]


def test_a_missing_identity_is_told_as_by_azure(az):
    with pytest.raises(cli.AzError, match="ResourceNotFound"):
        az.run("identity", "show", "--resource-group", RBAC_AUTOMATIC.names("az").group, "--name", "nobody")


def test_an_elliptic_curve_key_is_refused_by_the_registry(az):
    names = RBAC_MANUAL.names("az")
    key = az.run("keyvault", "key", "create", "--vault-name", names.vault, "--name", "curve", "--kty", "EC")

    with pytest.raises(cli.AzError, match="Only RSA and RSA-HSM keys are supported"):
        use_key(az, names, key["key"]["kid"])
    assert "curve" not in key_properties(az, names)["keyIdentifier"]


def test_a_deleted_vault_is_found_and_recovered_with_its_key(az):
    names = RBAC_MANUAL.names("az")
    az.run("keyvault", "delete", "--name", names.vault, "--resource-group", names.group)
    assert [vault["name"] for vault in az.run("keyvault", "list-deleted")] == [names.vault]

    az.run("keyvault", "recover", "--name", names.vault)
    assert az.run("keyvault", "list-deleted") == []
    assert az.run("keyvault", "key", "show", "--vault-name", names.vault, "--name", names.key)["attributes"]["enabled"]


def test_no_login_is_needed_and_the_users_own_is_not_touched(az, children):
    account = az.run("account", "show")

    assert account["user"]["type"] == "servicePrincipal"
    assert not (children.home / ".azure").exists()
