"""What is there already is never touched: it is said whose it is, and what a person can do."""

import pytest

from tests.support import spaces

pytestmark = pytest.mark.integration


def ready(handle) -> dict:
    return handle.condition("Ready")


def writes(space) -> list:
    return [one for one in space.calls() if one.writes]


def test_a_registry_that_somebody_made_is_left_alone_and_nothing_is_built_beside_it(space):
    space.put_registry()
    before = space.azure.get(space.registry_id())
    told = space.apply().wait_reason("AlreadyExists")
    assert told["status"] == "False"
    assert f"acrcmk-owner={space.owner()}" in told["message"]
    assert space.object().condition("Stalled") is None
    assert writes(space) == []
    assert space.azure.get(space.registry_id()) == before


def test_a_vault_that_somebody_made_is_used_once_it_is_handed_over_by_its_tag(space):
    space.put_vault()
    handle = space.apply()
    told = handle.wait_reason("AlreadyExists", kind="VaultReady")
    assert "spec.vault.resourceId" in told["message"]
    space.azure.patch(space.vault_id(), {"tags": {"acrcmk-owner": space.owner()}})
    handle.wait_ready()


def test_an_identity_that_somebody_made_is_used_once_the_spec_refers_to_it(space):
    space.put_identity("one-acr")
    handle = space.apply()
    handle.wait_reason("AlreadyExists", kind="IdentityReady")
    handle.patch({"identity": {"resourceId": space.identity_id("one-acr")}})
    handle.wait_ready()
    assert "acrcmk-owner" not in space.azure.get(space.identity_id("one-acr")).get("tags", {})


def test_the_second_of_two_objects_with_one_registry_is_stalled_and_the_first_stays_ready(space):
    first = space.ready("one")
    calls = len(writes(space))
    second = space.apply("two", registry={"name": space.registry("one")})
    told = second.wait_reason("OwnershipConflict")
    assert space.owner("one") in told["message"]
    assert second.condition("Stalled")["reason"] == "OwnershipConflict"
    assert writes(space)[calls:] == []
    assert ready(first)["status"] == "True"


def test_a_name_taken_elsewhere_is_told_before_anything_is_built(space, new_space):
    elsewhere: spaces.Space = new_space()
    elsewhere.put_registry()
    told = space.apply(registry={"name": elsewhere.registry()}).wait_reason("NameTaken")
    assert elsewhere.registry() in told["message"]
    assert writes(space) == []


def test_a_missing_resource_group_is_told_and_the_object_goes_on_once_it_is_there(space):
    path = f"/subscriptions/{space.azure.subscription}/resourceGroups/{space.group}-later"
    handle = space.apply(resourceGroup=f"{space.group}-later")
    handle.wait_reason("ResourceGroupNotFound")
    space.azure.put(path, {"location": "westeurope"})
    handle.wait_ready()


def test_a_resource_group_is_made_on_request(space):
    handle = space.ready(resourceGroup=f"{space.group}-made", createResourceGroup=True, location="West Europe")
    made = space.azure.get(f"/subscriptions/{space.azure.subscription}/resourceGroups/{space.group}-made")
    assert made["tags"] == {"acrcmk-owner": space.owner()}
    assert f"/{space.group}-made/" in handle.status["registry"]["id"]
