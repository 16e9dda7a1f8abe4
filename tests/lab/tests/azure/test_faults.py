"""Faults, as the real SDK client sees them."""

import asyncio

import pytest
from azure.core.exceptions import (
    HttpResponseError,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceResponseError,
)

from acrcmk_lab.azure.control import recipes
from tests.lab.tests.azure.conftest import GROUP, LOCATION, encrypted

PLAIN = {"location": LOCATION, "sku": {"name": "Premium"}}


async def refused(awaitable):
    with pytest.raises(HttpResponseError) as caught:
        await awaitable
    return caught.value


@pytest.mark.parametrize("seconds", [1, 30, 3600])
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
async def test_throttled_with_any_wait_on_any_verb(azure, method, seconds):
    await azure.identity()
    client = azure.identities.user_assigned_identities
    calls = {
        "GET": lambda: client.get(GROUP, "identity"),
        "PUT": azure.identity,
        "PATCH": lambda: client.update(GROUP, "identity", {"tags": {}}),
        "DELETE": lambda: client.delete(GROUP, "identity"),
    }
    await azure.lab.control.recipe("throttled", method=method, retry_after=seconds)
    error = await refused(calls[method]())
    assert (error.status_code, error.response.headers["Retry-After"]) == (429, str(seconds))
    await calls[method]()


async def test_unavailable_twice_then_all_is_well(azure):
    await azure.lab.control.recipe("unavailable", method="PUT")
    assert [(await refused(azure.identity())).status_code for _ in range(2)] == [503, 503]
    await azure.identity()


async def test_a_response_is_lost_but_the_write_is_done(azure):
    await azure.lab.control.recipe("lost_response", times=2)
    with pytest.raises((ServiceRequestError, ServiceResponseError)):
        await azure.create_registry(PLAIN)
    assert (await azure.registry()).properties.provisioning_state == "Creating"


async def test_a_connection_is_reset_before_anything_is_done(azure):
    await azure.lab.control.fault(match={"method": "PUT", "path": "userAssigned"}, action="reset", times=2)
    with pytest.raises((ServiceRequestError, ServiceResponseError)):
        await azure.identity()
    with pytest.raises(ResourceNotFoundError):
        await azure.identities.user_assigned_identities.get(GROUP, "identity")
    assert azure.lab.log.requests(method="PUT")[0].status == 0


async def test_a_dropped_request_is_never_answered(azure):
    await azure.lab.control.fault(match={"method": "PUT"}, action="drop")
    with pytest.raises((ServiceRequestError, ServiceResponseError)):
        await azure.identities.user_assigned_identities.create_or_update(
            GROUP, "identity", {"location": LOCATION}, read_timeout=0.1
        )


async def test_a_delayed_request_takes_simulated_time(lab, azure):
    await lab.control.fault(match={"method": "PUT"}, action="delay", seconds=30)
    write = asyncio.create_task(azure.identity())
    assert not (await asyncio.wait({write}, timeout=0.1))[0]
    await lab.clock.advance(30)
    await write


async def test_the_poll_of_an_operation_is_not_found(azure):
    poller = await azure.create_registry(PLAIN)
    await azure.lab.control.recipe("poll_missing", times=1)
    await azure.lab.clock.advance(10)
    assert (await refused(poller.result())).status_code == 404
    assert (await azure.registry()).properties.provisioning_state == "Succeeded"


async def test_an_operation_fails(azure):
    await azure.lab.control.recipe("operation_failed", code="Broken", message="It broke.")
    poller = await azure.create_registry(PLAIN)
    await azure.lab.clock.advance(10)
    assert (await refused(poller.result())).error.code == "Broken"
    assert (await azure.registry()).properties.provisioning_state == "Failed"


async def test_a_read_lags_behind_a_write(azure):
    await azure.lab.control.recipe("read_after_write_lag", seconds=5)
    with pytest.raises(ResourceNotFoundError):
        await azure.registry()
    await azure.create_registry(PLAIN)
    with pytest.raises(ResourceNotFoundError):
        await azure.registry()
    await azure.lab.clock.advance(5)
    assert (await azure.registry()).name == "registry1"


async def test_the_token_expires_in_the_middle_of_an_operation(azure):
    poller = await azure.create_registry(PLAIN)
    await azure.lab.control.recipe("token_expiry")
    await azure.lab.clock.advance(10)
    assert (await refused(poller.result())).error.code == "ExpiredAuthenticationToken"


async def test_the_principal_is_not_found_four_times(azure):
    identity, vault = await azure.identity(), await azure.vault()
    await azure.lab.control.recipe("principal_not_found")
    for _ in range(4):
        assert (await refused(azure.assign(vault.id, identity.principal_id))).error.code == "PrincipalNotFound"
    await azure.assign(vault.id, identity.principal_id)


async def test_rights_take_ten_minutes(azure):
    await azure.lab.control.recipe("rbac_lag")
    identity, vault = await azure.identity(), await azure.vault()
    await azure.assign(vault.id, identity.principal_id)
    body = encrypted(identity, (await azure.key()).properties.key_uri)
    await azure.lab.clock.advance(599)
    await refused(azure.create_registry(body))
    await azure.lab.clock.advance(1)
    await azure.create_registry(body)


async def test_a_vault_s_name_takes_seven_minutes(azure):
    await azure.lab.control.recipe("stuck_dns")
    await azure.vault(ready=False)
    await azure.lab.clock.advance(427)
    assert (await azure.vaults.vaults.get(GROUP, "vault-one")).properties.provisioning_state == "RegisteringDns"
    await azure.lab.clock.advance(1)
    assert (await azure.vaults.vaults.get(GROUP, "vault-one")).properties.provisioning_state == "Succeeded"


async def test_a_name_is_taken_between_check_and_create(azure):
    question = {"name": "registry1", "type": "Microsoft.ContainerRegistry/registries"}
    assert (await azure.registries.registries.check_name_availability(question)).name_available
    await azure.lab.control.recipe("name_taken", reserved_name="registry1")
    assert (await refused(azure.create_registry(PLAIN))).error.code == "AlreadyInUse"


async def test_rules_skip_then_strike_in_the_order_they_were_added(azure):
    control = azure.lab.control
    await control.fault(match={"path": "userAssigned"}, status=500, skip=1, times=1)
    await control.fault(match={"path": "userAssigned"}, status=502, times=2, skip=1)
    await azure.identity()
    assert [(await refused(azure.identity())).status_code for _ in range(3)] == [500, 502, 502]
    await azure.identity()
    await control.fault(match={"path": "userAssigned"}, status=500, times=0)
    await refused(azure.identity())
    await control.clear_faults()
    await azure.identity()


async def test_an_unknown_recipe_names_the_known_ones(lab):
    with pytest.raises(ValueError, match="throttled"):
        await lab.control.recipe("nothing")
    assert len(recipes.RECIPES) == 12


async def test_two_write_the_same_vault_s_policies(azure):
    await azure.vault(enableRbacAuthorization=False, accessPolicies=[])
    await azure.lab.control.recipe("concurrent_vault_write")
    body = {"properties": {"accessPolicies": []}}
    error = await refused(azure.vaults.vaults.update_access_policy(GROUP, "vault-one", "add", body))
    assert (error.status_code, error.error.code) == (409, "ConflictError")
    await azure.vaults.vaults.update_access_policy(GROUP, "vault-one", "add", body)
