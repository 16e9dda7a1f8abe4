"""The control API, from Python and over HTTP, and the lab as a process."""

import asyncio
import json
import signal
import ssl
import sys

import aiohttp
import pytest
from azure.core.exceptions import HttpResponseError

from acrcmk_lab.azure import command
from acrcmk_lab.azure.server import AzureLab
from tests.lab.tests.azure.conftest import GROUP


@pytest.fixture
async def sim(lab):
    """Call the control API over HTTP: (status, body)."""
    trusted = ssl.create_default_context(cafile=lab.ca_file)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusted)) as session:

        async def ask(name, /, **arguments):
            method = "POST" if arguments or name.endswith("!") else "GET"
            url = f"{lab.url}/_sim/{name.removesuffix('!')}"
            async with session.request(method, url, json=arguments or None) as response:
                return response.status, await response.json()

        yield ask


async def test_time_and_settings_over_http(lab, sim):
    assert (await sim("clock"))[1] == {"now": 0, "utc": "2026-11-23T12:00:00+00:00", "speed": 0}
    await sim("advance", seconds=42)
    assert lab.clock.now() == 42
    await sim("set", rbac_propagation=600, registry_mode="GEN_A")
    reported = {name: value for name, value, _ in (await sim("settings"))[1]}
    assert (reported["rbac_propagation"], reported["registry_mode"]) == ("600", "GEN_A")


async def test_mistakes_are_errors(sim):
    assert (await sim("set", nonsense=1))[0] == 400
    assert "unexpected" in (await sim("advance", secnds=1))[1]["error"]
    status, body = await sim("nothing!")
    assert (status, "advance" in body["commands"]) == (404, True)
    assert (await sim("nowhere"))[0] == 404
    assert (await sim("key", vault="none", name="k", action="rotate"))[0] == 400


async def test_commands_views_and_recipes_are_listed(sim):
    _, body = await sim("")
    assert {"advance", "set", "fault", "drift", "grant", "revoke", "key", "firewall"} <= body["commands"].keys()
    assert {"state", "log", "settings", "clock", "faults"} <= set(body["views"])
    assert "lost_response" in body["recipes"]


async def test_faults_are_added_and_seen_over_http(azure, sim):
    await sim("fault", match={"method": "PUT"}, status=418)
    assert (await sim("faults"))[1][0]["response"]["status"] == 418
    with pytest.raises(HttpResponseError) as refused:
        await azure.identity()
    assert refused.value.status_code == 418
    await sim("recipe", name="stuck_dns")
    assert azure.lab.settings.dns_delay.low == 428


async def test_the_state_shows_all_there_is_as_json(azure, sim):
    await azure.encrypted_registry()
    _, state = await sim("state")
    assert {r["type"].rsplit("/")[-1] for r in state["resources"]} == {
        "userAssignedIdentities",
        "vaults",
        "roleAssignments",
        "registries",
    }
    assert [g["name"] for g in state["groups"]] == [GROUP]
    assert any(g["role"] == "Owner" for g in state["grants"])
    assert (await sim("log"))[1][-1]["record"] == "request"
    await sim("clear_log!")
    assert (await sim("log"))[1] == []


async def test_drift_is_a_change_by_another_user(azure, sim):
    registry, identity, vault, _ = await azure.encrypted_registry()
    status, response = await sim(
        "drift", resource=registry.id, patch=[{"op": "replace", "path": "/properties/adminUserEnabled", "value": True}]
    )
    assert (status, response["status"]) == (200, 200)
    assert (await azure.registry()).properties.admin_user_enabled
    await azure.lab.control.drift(identity.id, [{"op": "add", "path": "/tags/a", "value": "b"}])
    assert (await azure.identity()).tags == {"a": "b"}
    await azure.lab.control.drift(
        vault.id,
        [{"op": "add", "path": "/properties/networkAcls", "value": {"defaultAction": "Deny", "bypass": "None"}}],
    )
    changed = await azure.vaults.vaults.get(GROUP, "vault-one")
    assert changed.properties.network_acls.default_action == "Deny"
    assert azure.lab.log.requests(method="PATCH")[0].principal == "portal"


async def test_drift_can_remove_an_identity(azure):
    registry, identity, _, _ = await azure.encrypted_registry()
    other = await azure.identity("other")
    body = {"identity": {"type": "UserAssigned", "userAssignedIdentities": {other.id: {}}}}
    await azure.registries.registries.begin_update(GROUP, "registry1", body, polling=False)
    await azure.lab.clock.advance(10)
    path = "/identity/userAssignedIdentities/" + other.id.replace("/", "~1")
    await azure.lab.control.drift(registry.id, [{"op": "remove", "path": path}])
    await azure.lab.clock.advance(10)
    assert list((await azure.registry()).identity.user_assigned_identities) == [identity.id]


async def test_the_same_seed_gives_the_same_ids():
    async def ids(seed):
        async with AzureLab(seed=seed) as lab:
            return lab.cloud.state.tenant_id, lab.subscription_id, lab.cloud.operator.client_id

    assert await ids(7) == await ids(7)
    assert set(await ids(7)).isdisjoint(await ids(8))


async def start(*arguments):
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "acrcmk_lab.cli", "azure", *arguments, stdout=asyncio.subprocess.PIPE
    )


async def test_the_command_serves_until_a_signal_and_writes_a_log(tmp_path):
    env, log = tmp_path / "azure.env", tmp_path / "log"
    process = await start(
        "--env", str(env), "--dir", str(tmp_path / "lab"), "--log", str(log), "--set", "dns_delay=3..30", "--group", "g"
    )
    while not env.exists():
        assert process.returncode is None
        await asyncio.sleep(0.05)
    environment = dict(line.split("=", 1) for line in env.read_text().splitlines())
    trusted = ssl.create_default_context(cafile=environment["ACRCMK_CA_BUNDLE"])
    url = environment["ACRCMK_RESOURCE_MANAGER"]
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusted)) as session:
        async with session.get(f"{url}/_sim/state") as response:
            state = await response.json()
        async with session.get(f"{url}/subscriptions?api-version=2022-12-01") as response:
            assert response.status == 401
    assert (state["settings"]["dns_delay"], [g["name"] for g in state["groups"]]) == ("3..30", ["g"])
    assert state["clock"]["speed"] == 1
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 10) == 0
    (record,) = [json.loads(line) for line in log.read_text().splitlines()]
    assert (record["status"], record["code"], record["service"]) == (401, "InvalidAuthenticationToken", "arm")


async def test_an_invalid_setting_ends_the_command():
    process = await start("--set", "nonsense=1")
    assert await process.wait() == 2
    process = await start("--set", "help")
    text, _ = await process.communicate()
    assert process.returncode == 0
    assert b"rbac_propagation=60" in text


def test_the_command_explains_itself():
    assert command.HELP.splitlines()[0]
    assert "/_sim/state" in command.HELP
