"""Recordings of a lab with another seed, replayed against a new lab: all must match, and every change be reported."""

import asyncio
import copy
import datetime
import json

import pytest

from acrcmk_lab.replay import command, report, runner
from tests.lab.tests.replay import synthetic
from tests.lab.tests.replay.synthetic import GROUP, KEYS, REGISTRY, SUBSCRIPTION, VAULT, arm, exchange, recording


async def replayed(entries):
    return await runner.replay(recording(*entries))


def differing(result):
    return {
        outcome.exchange.number: [difference.where for difference in outcome.differences]
        for outcome in result.outcomes
        if outcome.differences
    }


@pytest.fixture(scope="module")
def encryption():
    return asyncio.run(synthetic.recorded_encryption())


async def test_a_recording_of_another_lab_replays(encryption):
    result = await replayed(encryption)
    assert differing(result) == {}
    assert result.count("matched") == len(encryption) > 12
    assert result.refused == []


@pytest.mark.parametrize(("form", "year"), [("GEN_A", 2020), ("GEN_B", 2022), ("GEN_C", 2024)])
async def test_the_generation_of_responses_depends_on_the_date(form, year):
    day = datetime.datetime(year, 2, 26, 12, tzinfo=datetime.UTC)
    assert differing(await replayed(await synthetic.recorded_encryption(registry_mode=form, day=day))) == {}


@pytest.mark.parametrize("entry", ["dns_delay", "acr_operation", "principal_replication"])
async def test_operations_take_as_long_as_in_the_recording(entry):
    assert differing(await replayed(await synthetic.recorded_encryption(**{entry: "29"}))) == {}


async def test_ids_must_be_used_consistently(encryption):
    def other_client(response):
        text = json.dumps(response["body"]).replace(client_id, "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee")
        response["body"] = json.loads(text)

    client_id = encryption[1]["response"]["body"]["properties"]["clientId"]
    last = len(encryption) - 1
    actual = differing(await replayed(synthetic.mutated(encryption, last, other_client)))
    assert list(actual) == [last]
    assert any("identity" in where for where in actual[last])


def leaves(value, path=()):
    """Yield the path of every leaf of a JSON document."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield from leaves(member, (*path, name))
    elif isinstance(value, list):
        for number, member in enumerate(value):
            yield from leaves(member, (*path, number))
    else:
        yield path


def put(value, path, new):
    for part in path[:-1]:
        value = value[part]
    value[path[-1]] = new


def changed(value):
    """Return another value of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 10**6
    return f"{value}-not" if isinstance(value, str) else "something"


async def test_every_changed_value_is_reported(encryption):
    unreported = set()
    for number in (1, 3, len(encryption) - 1):
        body = encryption[number]["response"]["body"]
        for path in leaves(body):
            entries = copy.deepcopy(encryption)
            target = entries[number]["response"]["body"]
            value = body
            for part in path:
                value = value[part]
            put(target, path, changed(value))
            if not differing(await replayed(entries)):
                unreported.add(path)
    assert unreported == set()


@pytest.mark.parametrize("status", [202, 400, 404, 500])
async def test_another_status_is_reported(encryption, status):
    number = next(n for n, entry in enumerate(encryption) if entry["response"]["status"] == 201)
    actual = differing(await replayed(synthetic.mutated(encryption, number, lambda r: r.update(status=status))))
    assert actual[number] == ["status"]


async def test_a_missing_operation_header_is_reported(encryption):
    number = next(n for n, e in enumerate(encryption) if "azure-asyncoperation" in e["response"]["headers"])
    entries = synthetic.mutated(encryption, number, lambda r: r["headers"].pop("azure-asyncoperation"))
    assert "azure-asyncoperation" in differing(await replayed(entries))[number]


async def test_a_recording_that_begins_in_the_middle_replays_with_its_preconditions(encryption):
    vault_read = next(
        n for n, e in enumerate(encryption) if e["request"]["method"] == "GET" and "/vaults/" in e["request"]["uri"]
    )
    result = await replayed(encryption[vault_read:])
    identity_only = {number for number in differing(result) if number > 2}
    assert differing(await replayed(encryption[vault_read : vault_read + 3])) == {}
    assert result.refused == []
    assert identity_only, (
        "the recording shows the ids of the identity nowhere, so exchanges that contain them cannot match"
    )


async def test_a_challenge_is_requested_without_a_token(encryption):
    number = next(n for n, e in enumerate(encryption) if e["response"]["status"] == 401)
    outcome = (await replayed(encryption)).outcomes[number]
    assert outcome.verdict == "matched"
    assert "www-authenticate" in outcome.exchange.headers


async def test_ciphertexts_of_the_client_are_computed_with_the_key_of_the_lab():
    recorder = synthetic.Recorder()
    await recorder.call("PUT", arm(GROUP, "2021-04-01"), {"location": "westus"})
    policy = synthetic._policy(recorder, synthetic.CLIENT, "all")
    properties = {
        "tenantId": policy["tenantId"],
        "sku": {"family": "A", "name": "standard"},
        "accessPolicies": [policy],
    }
    await recorder.call("PUT", arm(VAULT, "2023-02-01"), {"location": "westus", "properties": properties})
    await recorder.wait(30)
    key = await recorder.call("POST", f"{KEYS}/key1/create?api-version=7.4", {"kty": "RSA"})
    url = key.body["key"]["kid"]
    ciphertext = await recorder.call("POST", f"{url}/encrypt?api-version=7.4", {"alg": "RSA-OAEP", "value": "YWJj"})
    by_client = {"alg": "RSA-OAEP", "value": ciphertext.body["value"]}
    await recorder.call("POST", f"{url}/decrypt?api-version=7.4", by_client)
    without_the_encryption = [e for e in recorder.entries if "/encrypt" not in e["request"]["uri"]]
    assert differing(await replayed(without_the_encryption)) == {}
    changed_plaintext = synthetic.mutated(recorder.entries, -1, lambda r: r["body"].update(value="ZGVm"))
    assert differing(await replayed(changed_plaintext))


def foreign_row(name):
    return {
        "id": REGISTRY.replace("registry1", name).replace("/rg/", "/foreign/"),
        "name": name,
        "type": "Microsoft.ContainerRegistry/registries",
        "location": "westus",
        "sku": {"name": "Basic"},
        "tags": {},
    }


def listed(*names, at, more=None, url=None):
    query = "$filter=resourceType eq 'Microsoft.ContainerRegistry/registries'"
    first = f"{synthetic.ARM}/subscriptions/{SUBSCRIPTION}/resources?api-version=2022-09-01&{query}"
    body = {"value": [foreign_row(name) for name in names], **({"nextLink": more} if more else {})}
    return exchange("GET", url or first, 200, body, at=at)


async def test_foreign_resources_appear_and_disappear_in_lists():
    assert differing(await replayed([listed("a", "b", at=0), listed("a", "b", "c", at=1), listed("c", at=2)])) == {}


async def test_pages_may_have_any_size():
    more = f"{synthetic.ARM}/subscriptions/{SUBSCRIPTION}/resources?api-version=2022-09-01&$skiptoken=abc"
    entries = [listed("a", "b", at=0, more=more), listed("c", at=1, url=more)]
    assert differing(await replayed(entries)) == {}


async def test_an_extra_row_is_reported_at_the_last_page(encryption):
    index = exchange(
        "GET", arm(f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities"), 200, {"value": []}
    )
    actual = differing(await replayed([*encryption, index]))
    assert actual == {len(encryption): ["body.value"]}


@pytest.mark.parametrize("extra", [{"nextLink": None}, {"totalCount": 1}])
async def test_other_members_of_a_page_are_compared(encryption, extra):
    url = arm(f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities")
    page = exchange("GET", url, 200, {"value": [encryption[1]["response"]["body"]], **extra})
    actual = differing(await replayed([*encryption, page]))
    assert actual == {len(encryption): [f"body.{name}" for name in extra]}


async def test_exchanges_out_of_scope_are_counted_with_reasons():
    entries = [
        exchange("GET", "https://graph.microsoft.com/v1.0/me", 200, {}, at=0),
        exchange("PUT", arm(f"{GROUP}/providers/Microsoft.Storage/storageAccounts/x"), 200, {}, at=1),
        exchange(
            "GET",
            arm(GROUP.replace("/rg", "/none"), "2021-04-01"),
            404,
            {"error": {"code": "ResourceGroupNotFound", "message": "Resource group 'none' could not be found."}},
            at=2,
        ),
    ]
    result = await replayed(entries)
    assert [outcome.verdict for outcome in result.outcomes] == ["out of scope", "out of scope", "matched"]
    assert all(outcome.reason for outcome in result.outcomes[:2])
    assert report.counts([result]) == {"exchanges": 3, "matched": 1, "differing": 0, "out_of_scope": 2}
    assert "Graph" in report.reasons([result])


async def test_a_defect_of_the_lab_is_a_difference(monkeypatch, encryption):
    async def broken(*_arguments, **_options):
        raise KeyError("defect")

    monkeypatch.setattr("acrcmk_lab.azure.services.managed_identity.identities.ManagedIdentity.put", broken)
    result = await replayed(encryption[:3])
    assert differing(result)[1] == ["status"]
    assert "defect" in report.details(result)


class Arguments:
    def __init__(self, path, *, verbose=False):
        self.recordings, self.verbose = path, verbose


async def test_the_command_prints_a_table_and_ends_with_json(tmp_path, capsys, encryption):
    (tmp_path / "one.json").write_text(json.dumps(encryption))
    (tmp_path / "two.json").write_text(json.dumps({"interactions": encryption[:3]}))
    assert await command.run(Arguments([tmp_path])) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:4]] == ["file", "one", "two", "total"]
    total = len(encryption) + 3
    assert json.loads(lines[-1]) == {"exchanges": total, "matched": total, "differing": 0, "out_of_scope": 0}


async def test_the_command_fails_on_a_difference_and_prints_it(tmp_path, capsys, encryption):
    file = tmp_path / "one.json"
    file.write_text(json.dumps(synthetic.mutated(encryption, 1, lambda r: r["body"].update(location="eastus"))))
    assert await command.run(Arguments([file], verbose=True)) == 1
    out = capsys.readouterr().out
    assert "body.location: recorded 'eastus', lab 'westus'" in out
    assert json.loads(out.splitlines()[-1])["differing"] == 1


async def test_the_command_replays_the_rest_if_a_file_is_not_a_recording(tmp_path, capsys, encryption):
    (tmp_path / "a.json").write_text("{}")
    (tmp_path / "b.json").write_text(json.dumps(encryption[:2]))
    assert await command.run(Arguments([tmp_path])) == 2
    captured = capsys.readouterr()
    assert "a.json" in captured.err
    assert json.loads(captured.out.splitlines()[-1])["matched"] == 2


async def test_no_recordings_are_a_failure(tmp_path):
    assert await command.run(Arguments([tmp_path / "nowhere"])) == 2


async def test_rows_of_another_subscription_are_ignored():
    row = {**foreign_row("b"), "id": REGISTRY.replace(SUBSCRIPTION, synthetic.CLIENT)}
    page = listed("a", at=0)
    page["response"]["body"]["value"].append(row)
    assert differing(await replayed([page])) == {}


async def test_tags_that_an_azure_policy_adds_are_no_difference(encryption):
    entries = copy.deepcopy(encryption[:2])
    entries[0]["response"]["body"]["tags"] = {"creationdate": "2024-01-01T00:00:00Z"}
    entries.append(exchange("GET", arm(GROUP, "2021-04-01"), 200, entries[0]["response"]["body"]))
    assert differing(await replayed(entries)) == {}
    entries[2]["response"]["body"] = {**entries[2]["response"]["body"], "tags": {}}
    assert list(differing(await replayed(entries))) == [2]


async def test_a_difference_in_an_edited_recording_is_out_of_scope(encryption):
    def change(response):
        response["body"]["location"] = "eastus"

    edited = synthetic.mutated(encryption[:2], 1, change)
    assert list(differing(await replayed(edited))) == [1]
    newer = exchange("GET", arm(GROUP, "2999-01-01"), 404, {"error": {"code": "x"}})
    result = await replayed([*edited, newer])
    assert [outcome.verdict for outcome in result.outcomes] == ["matched", "out of scope", "differing"]
