"""The world moves while Azure is at work: the spec changes, the operator is killed, the object is deleted."""

import pytest

from tests.support import waiting

pytestmark = pytest.mark.integration

MOMENTS = {
    "vault": "/providers/microsoft.keyvault/vaults/",
    "grant": "/providers/microsoft.authorization/roleassignments/",
    "key": "/keys/",
    "registry": "/providers/microsoft.containerregistry/registries/",
}


def await_creation(space):
    """Wait until Azure is creating the registry."""
    seen = waiting.eventually(lambda: space.azure.get(space.registry_id()))
    assert seen["properties"]["provisioningState"] == "Creating"


def accepted_puts(space, path):
    return [one for one in space.calls() if path.casefold() in one.path and one.method == "PUT" and one.accepted]


def test_a_spec_changed_in_flight_is_what_becomes_ready(space):
    with space.azure.switched(acr_operation="120"):
        handle = space.apply()
        await_creation(space)
        handle.patch({"registry": {"adminUserEnabled": True}, "key": {"rotation": {"mode": "Manual"}}})
        status = handle.wait_ready()
    registry = space.azure.get(space.registry_id())
    assert status["observedGeneration"] == 2
    assert registry["properties"]["adminUserEnabled"] is True
    assert status["encryption"]["keyVaultProperties"]["keyRotationEnabled"] is False


@pytest.mark.parametrize("moment", MOMENTS)
def test_an_operator_killed_after_a_write_goes_on_and_doubles_nothing(operator, space, moment):
    azure = space.azure
    with azure.switched(acr_operation="120"):
        handle = space.apply()
        waiting.eventually(lambda: accepted_puts(space, MOMENTS[moment]))
        operator.kill()
        assert handle.condition("Ready")["status"] == "False"
        operator.start()
        status = handle.wait_ready()
    vault, principal = status["vault"]["id"], status["identity"]["principalId"]
    assert len(space.owned()) == 3
    assert len(azure.role_assignments(vault, principal)) == 1
    assert len(azure.get(f"{vault}/keys/acr-cmk/versions")["value"]) == 1
    assert len(accepted_puts(space, space.registry_id())) == 1


def test_the_ledger_names_a_resource_before_it_is_created(operator, space, cluster):
    operator.stop()
    space.apply()
    with space.azure.failing(method="PUT", status=503):
        operator.start()
        waiting.eventually(lambda: [call for call in space.calls() if call.method == "PUT"])
        seen = space.object().get()
    created = {entry["purpose"]: entry["createdByOperator"] for entry in seen["status"]["resources"]}
    assert created
    assert created.items() <= {"Identity": True, "Vault": True}.items()
    status = space.object().wait_ready()
    assert {entry["purpose"] for entry in status["resources"]} == {"Identity", "Vault", "Access", "Key", "Registry"}
    assert "finalizers" not in space.object().get()["metadata"]


def test_an_object_with_the_finalizer_of_an_earlier_version_loses_it(operator, space):
    handle = space.ready()
    handle.patch_metadata({"finalizers": ["acrcmk.dev/finalizer"]})
    waiting.eventually(lambda: handle.get()["metadata"].get("finalizers", []), lambda finalizers: not finalizers)


def test_deleting_the_object_leaves_azure_as_it_is(space):
    handle = space.ready()
    calls, owned = len(space.calls()), space.owned()
    handle.delete()
    assert [one for one in space.calls()[calls:] if one.writes] == []
    assert len(owned) == 3
    assert space.owned() == owned


def test_an_object_deleted_while_azure_is_at_work_is_gone_at_once(space):
    with space.azure.switched(acr_operation="600"):
        handle = space.apply()
        await_creation(space)
        handle.delete(timeout=5)
    assert space.azure.get(space.registry_id()) is not None


def test_an_object_made_again_after_its_deletion_finds_its_registry(space):
    first = space.ready().status
    space.object().delete()
    again = space.ready().status
    assert [again[part]["id"] for part in ("registry", "vault", "identity")] == [
        first[part]["id"] for part in ("registry", "vault", "identity")
    ]
