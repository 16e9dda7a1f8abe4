"""The Azure roles: they allow what the operator calls, and nothing that could hurt."""

import json
import re

import pytest

from acrcmk.domain import ids
from tests.support import project

FOLDER = project.DEPLOY / "azure"
ROLES = ("role-definition", "role-definition-grant")
UNSEEN = {
    # Linked permission: Azure checks it inside of the registry's PUT and PATCH.
    "microsoft.managedidentity/userassignedidentities/assign/action",
    # Only after a failure.
    "microsoft.containerregistry/registries/operationstatuses/read",
    "microsoft.keyvault/locations/deletedvaults/read",
    # Only when another version than the current one is in use.
    "microsoft.keyvault/vaults/keys/versions/read",
}


def role(name: str) -> dict:
    return json.loads((FOLDER / f"{name}.json").read_text())


def allowed() -> set[str]:
    return {action.casefold() for name in ROLES for action in role(name)["Actions"]}


def action(method: str, path: str) -> str:
    """Return the permission that Azure asks for a call, by its general rule: resource type and class of verb."""
    before, _, after = path.rpartition("/providers/")
    if not before:
        kind = "microsoft.resources/subscriptions/resourcegroups"
    else:
        namespace, *rest = after.split("/")
        kind = "/".join((namespace, *rest[::2]))
    reads = method == "GET" or kind.endswith("/checknameavailability")
    return f"{kind}/{'read' if reads else 'write'}"


@pytest.mark.parametrize("name", ROLES)
def test_roles_name_each_action_and_none_that_deletes_or_uses_keys(name):
    assert not [one for one in role(name)["Actions"] if "*" in one or one.casefold().endswith("/delete")]
    assert role(name)["DataActions"] == []
    assert role(name)["AssignableScopes"] == ["/subscriptions/REPLACE-WITH-SUBSCRIPTION-ID"]


def test_granting_is_a_role_of_its_own_since_it_needs_the_condition():
    assert not [one for one in role("role-definition")["Actions"] if one.startswith("Microsoft.Authorization/")]
    assert {one.partition("/")[0] for one in role("role-definition-grant")["Actions"]} == {"Microsoft.Authorization"}


def test_the_condition_allows_one_role_only():
    condition = (FOLDER / "grant-condition.txt").read_text()
    roles = re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", condition)
    assert roles == [ids.CRYPTO_SERVICE_ENCRYPTION_USER]
    assert condition.count("(") == condition.count(")")


def test_the_readme_explains_every_action():
    explained, prefix = set(), ""
    for line in re.findall(r"^\| (`Microsoft\..*?) \|", (FOLDER / "README.md").read_text(), re.MULTILINE):
        for one in re.findall(r"`([^`]+)`", line):
            full = one.replace("...", prefix)
            prefix = prefix or full.rpartition("/")[0]
            explained.add(full.casefold())
        prefix = ""
    assert explained == allowed()


@pytest.mark.integration
def test_every_call_of_the_operator_is_allowed_and_every_right_is_used(azure, space):
    space.ready("rbac", createResourceGroup=True, resourceGroup=f"{space.group}-created")
    space.ready("policy", vault={"name": space.vault("policy"), "access": "AccessPolicy"})
    asked = {action(call.method, call.path) for call in azure.calls()}
    assert asked <= allowed()
    assert allowed() - asked <= UNSEEN
