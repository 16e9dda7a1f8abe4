"""The benchmark of the lab, small: it makes what it says, measures it, and tells it in its last line."""

import json
import pathlib
import subprocess
import sys

import pytest

from acrcmk_lab.azure import server
from acrcmk_lab.bench import load


@pytest.fixture
async def lab():
    async with server.AzureLab(groups=("rg:westeurope",)) as running:
        yield running


@pytest.fixture
def target(lab):
    token = lab.cloud.tokens.issue(lab.cloud.operator, audience="https://management.azure.com")
    return load.Target(lab.url, str(lab.ca_file), {"Authorization": f"Bearer {token}"})


def group(lab, name="rg"):
    return f"/subscriptions/{lab.subscription_id}/resourcegroups/{name}?api-version=2025-04-01"


def test_a_small_run_measures_and_ends_with_one_json_object():
    command = (
        sys.executable,
        "-m",
        "acrcmk_lab.cli",
        "bench-lab",
        "--registries=20",
        "--seconds=0.5",
        "--connections=3",
    )
    output = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    *table, last = output.splitlines()
    figures = json.loads(last)

    assert set(figures) == {"reads_per_second", "writes_per_second", "rss_mib_per_1000_registries"}
    assert figures["reads_per_second"] > 0 < figures["writes_per_second"]
    assert any("reads per second" in line and f"{figures['reads_per_second']:,}" in line for line in table)


async def test_every_request_of_every_script_is_answered(lab, target):
    get = target.request("GET", group(lab))
    outcome = await target.run([[get] * 5, [get] * 7], seconds=30)

    assert outcome.requests == 12
    assert len(lab.log.requests(path="/resourcegroups/rg")) == 12


async def test_a_script_without_end_ends_in_time(lab, target):
    lab.settings.set("read_tokens", value="1000000")
    outcome = await target.run([iter(lambda: target.request("GET", group(lab)), None)], seconds=0.2)

    assert outcome.requests > 1
    assert 0.2 <= outcome.seconds < 5


async def test_an_error_is_never_counted_as_a_response(lab, target):
    with pytest.raises(load.ResponseError, match=r"nobody.*404.*ResourceGroupNotFound"):
        await target.run([[target.request("GET", group(lab, "nobody"))]], seconds=30)


async def test_bodies_go_as_json_and_forms_as_forms(lab, target):
    put = target.request("PUT", group(lab, "made"), {"location": "westeurope", "tags": {"a": "b"}})
    made = (await target.send(put)).json()
    form = {
        "grant_type": "client_credentials",
        "client_id": lab.cloud.operator.client_id,
        "client_assertion": pathlib.Path(lab.folder / "token").read_text(),  # noqa: ASYNC240 - a small local file
        "scope": "https://management.azure.com/.default",
    }
    token = await target.send(target.request("POST", f"/{lab.cloud.state.tenant_id}/oauth2/v2.0/token", form=form))

    assert made["tags"] == {"a": "b"}
    assert token.json()["token_type"] == "Bearer"
