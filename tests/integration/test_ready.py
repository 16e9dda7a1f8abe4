"""Every way through the five resources ends Ready: access, rotation, and what is created or referenced.

All sixteen objects are applied at once to one operator; each test then looks at one of them.
"""

import dataclasses
import itertools

import pytest

from tests.support import encreg, spaces

pytestmark = pytest.mark.integration

FOREIGN = {
    "tenantId": "00000000-0000-0000-0000-00000000000a",
    "objectId": "00000000-0000-0000-0000-00000000000b",
    "permissions": {"keys": ["get", "list"], "secrets": ["get"]},
}
"""Somebody else's entry in a referenced vault."""


@dataclasses.dataclass(frozen=True)
class Way:
    """One combination; the words are those of the spec."""

    access: str
    rotation: str
    identity: str
    vault: str

    @property
    def name(self) -> str:
        return "".join(word[0] for word in dataclasses.astuple(self)).lower()

    def spec(self, space: spaces.Space) -> dict:
        created = self.vault == "created"
        vault = {"name": space.vault(self.name)} if created else {"resourceId": space.vault_id(self.name)}
        identity = {} if self.identity == "created" else {"resourceId": space.identity_id(f"id-{self.name}")}
        return {
            "vault": vault | {"access": self.access},
            "identity": identity,
            "key": {"rotation": {"mode": self.rotation}},
            "tags": {"team": "platform"},
        }


WAYS = [
    Way(*words)
    for words in itertools.product(
        ("RBAC", "AccessPolicy"), ("Automatic", "Manual"), ("created", "referenced"), ("created", "referenced")
    )
]


@pytest.fixture(scope="module")
def world(new_space):
    """All sixteen, Ready."""
    space = new_space()
    for way in WAYS:
        if way.identity == "referenced":
            space.put_identity(f"id-{way.name}")
        if way.vault == "referenced":
            space.put_vault(way.name, rbac=way.access == "RBAC", accessPolicies=[FOREIGN])
    space.kubectl.apply(*(space.manifest(way.name, **way.spec(space)) for way in WAYS))
    for way in WAYS:
        space.object(way.name).wait_ready(timeout=90)
    yield space
    space.close()


@pytest.fixture(params=WAYS, ids=lambda way: "-".join(dataclasses.astuple(way)))
def way(request) -> Way:
    return request.param


@pytest.fixture
def handle(world, way) -> encreg.EncReg:
    return world.object(way.name)


@pytest.fixture
def registry(world, way) -> dict:
    return world.azure.get(world.registry_id(way.name))


def test_the_registry_is_encrypted_with_the_key_in_the_wanted_rotation(registry, way):
    key = registry["properties"]["encryption"]["keyVaultProperties"]
    assert registry["sku"]["name"] == "Premium"
    assert registry["properties"]["encryption"]["status"] == "enabled"
    assert key["keyRotationEnabled"] is (way.rotation == "Automatic")
    assert (key["keyIdentifier"] == key["versionedKeyIdentifier"]) is (way.rotation == "Manual")


def test_the_registry_reaches_the_key_through_the_identity(world, way, handle, registry):
    identity = handle.status["identity"]
    assert registry["properties"]["encryption"]["keyVaultProperties"]["identity"] == identity["clientId"]
    name = f"{way.name}-acr" if way.identity == "created" else f"id-{way.name}"
    assert identity["id"].casefold() == world.identity_id(name).casefold()


def test_the_identity_may_use_the_keys_of_the_vault_and_holds_one_grant(world, way, handle):
    principal = handle.status["identity"]["principalId"]
    vault = world.azure.get(world.vault_id(way.name))
    policies = [one for one in vault["properties"]["accessPolicies"] if one["objectId"] == principal]
    assignments = world.azure.role_assignments(vault["id"], principal)
    if way.access == "RBAC":
        assert [len(policies), len(assignments)] == [0, 1]
        assert assignments[0]["properties"]["principalType"] == "ServicePrincipal"
    else:
        assert [len(policies), len(assignments)] == [1, 0]
        assert {one.casefold() for one in policies[0]["permissions"]["keys"]} == {"get", "wrapkey", "unwrapkey"}


def test_what_is_created_is_protected_and_carries_the_owner_tag(world, way, handle, registry):
    vault = world.azure.get(world.vault_id(way.name))
    identity = world.azure.get(handle.status["identity"]["id"])
    tags = {"acrcmk-owner": world.owner(way.name), "team": "platform"}
    created = [registry]
    created += [vault] if way.vault == "created" else []
    created += [identity] if way.identity == "created" else []
    assert [one["tags"] for one in created] == [tags] * len(created)
    assert vault["properties"]["enablePurgeProtection"] is True
    assert vault["properties"]["enableRbacAuthorization"] is (way.access == "RBAC")


def test_what_is_referenced_is_left_as_it_was(world, way, handle):
    vault = world.azure.get(world.vault_id(way.name))
    identity = world.azure.get(handle.status["identity"]["id"])
    if way.vault == "referenced":
        assert "acrcmk-owner" not in vault.get("tags", {})
        assert FOREIGN["objectId"] in [one["objectId"] for one in vault["properties"]["accessPolicies"]]
    if way.identity == "referenced":
        assert "acrcmk-owner" not in identity.get("tags", {})
    assert handle.condition("Ready")["status"] == "True"


def test_the_status_shows_encryption_as_azure_does(handle, registry):
    assert handle.status["encryption"] == registry["properties"]["encryption"]


def test_the_status_names_vault_key_and_registry(world, way, handle, registry):
    status = handle.status
    key = registry["properties"]["encryption"]["keyVaultProperties"]
    assert status["vault"]["id"].casefold() == world.vault_id(way.name).casefold()
    assert status["key"]["identifier"] == key["keyIdentifier"]
    assert key["versionedKeyIdentifier"].endswith(status["key"]["version"])
    assert status["registry"]["id"] == registry["id"]
    assert status["registry"]["loginServer"] == registry["properties"]["loginServer"]
    assert status["registry"]["provisioningState"] == "Succeeded"
    assert status["registry"]["firstObserved"] <= status["registry"]["firstReady"]


def test_every_condition_is_true_of_this_generation_and_none_is_abnormal(handle):
    seen = handle.get()
    conditions = {one["type"]: (one["status"], one["observedGeneration"]) for one in seen["status"]["conditions"]}
    assert conditions == dict.fromkeys(
        (
            *("Ready", "IdentityReady", "VaultReady", "VaultAccessReady", "KeyReady", "RegistryReady"),
            *("EncryptionReady", "KeyCurrent"),
        ),
        ("True", seen["metadata"]["generation"]),
    )


def test_one_put_made_the_registry(world, way):
    calls = world.azure.calls(world.registry_id(way.name))
    assert len([one for one in calls if one.method == "PUT" and one.accepted]) == 1
