"""Recordings of a lab of another seed, played against a fresh lab: all must match, and no change go unnoticed."""

import asyncio
import copy
import datetime
import json

import pytest

from acrcmk_lab.replay import command, report, runner
from tests.lab.tests.replay import recordings
from tests.lab.tests.replay.recordings import GROUP, KEYS, REGISTRY, SUBSCRIPTION, VAULT, arm, exchange, tape


async def played(entries):
    return await runner.play(tape(*entries))


def differing(result):
    return {
        outcome.exchange.number: [difference.where for difference in outcome.differences]
        for outcome in result.outcomes
        if outcome.differences
    }


@pytest.fixture(scope="module")
def encryption():
    return asyncio.run(recordings.recorded_encryption())


async def test_a_recording_of_another_lab_replays(encryption):
    result = await played(encryption)
    assert differing(result) == {}
    assert result.count("matched") == len(encryption) > 12
    assert result.refused == []


@pytest.mark.parametrize(("form", "year"), [("GEN_A", 2020), ("GEN_B", 2022), ("GEN_C", 2024)])
async def test_the_generation_of_answers_follows_the_date(form, year):
    day = datetime.datetime(year, 2, 26, 12, tzinfo=datetime.UTC)
    assert differing(await played(await recordings.recorded_encryption(registry_mode=form, day=day))) == {}


@pytest.mark.parametrize("entry", ["dns_delay", "acr_operation", "principal_replication"])
async def test_what_took_long_in_the_recording_takes_as_long_in_the_lab(entry):
    assert differing(await played(await recordings.recorded_encryption(**{entry: "29"}))) == {}


async def test_ids_must_be_used_consistently(encryption):
    def other_client(response):
        text = json.dumps(response["body"]).replace(client_id, "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee")
        response["body"] = json.loads(text)

    client_id = encryption[1]["response"]["body"]["properties"]["clientId"]
    last = len(encryption) - 1
    found = differing(await played(recordings.mutated(encryption, last, other_client)))
    assert list(found) == [last]
    assert any("identity" in where for where in found[last])


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


def spoilt(value):
    """Return another value of the same form: what a text, a number, a flag might also have been."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 10**6
    return f"{value}-not" if isinstance(value, str) else "something"


async def test_no_changed_value_goes_unnoticed_but_key_material(encryption):
    unnoticed = set()
    for number in (1, 3, len(encryption) - 1):
        body = encryption[number]["response"]["body"]
        for path in leaves(body):
            entries = copy.deepcopy(encryption)
            target = entries[number]["response"]["body"]
            value = body
            for part in path:
                value = value[part]
            put(target, path, spoilt(value))
            if not differing(await played(entries)):
                unnoticed.add(path)
    assert unnoticed == set()


@pytest.mark.parametrize("status", [202, 400, 404, 500])
async def test_another_status_is_noticed(encryption, status):
    number = next(n for n, entry in enumerate(encryption) if entry["response"]["status"] == 201)
    found = differing(await played(recordings.mutated(encryption, number, lambda r: r.update(status=status))))
    assert found[number] == ["status"]


async def test_a_vanished_operation_header_is_noticed(encryption):
    number = next(n for n, e in enumerate(encryption) if "azure-asyncoperation" in e["response"]["headers"])
    entries = recordings.mutated(encryption, number, lambda r: r["headers"].pop("azure-asyncoperation"))
    assert "azure-asyncoperation" in differing(await played(entries))[number]


async def test_a_recording_that_begins_in_the_middle_replays_on_what_it_presumes(encryption):
    vault_read = next(
        n for n, e in enumerate(encryption) if e["request"]["method"] == "GET" and "/vaults/" in e["request"]["uri"]
    )
    result = await played(encryption[vault_read:])
    identity_only = {number for number in differing(result) if number > 2}
    assert differing(await played(encryption[vault_read : vault_read + 3])) == {}
    assert result.refused == []
    assert identity_only, "the identity is nowhere shown, so what needs its ids cannot match"


async def test_a_challenge_is_provoked_by_sending_no_token(encryption):
    number = next(n for n, e in enumerate(encryption) if e["response"]["status"] == 401)
    outcome = (await played(encryption)).outcomes[number]
    assert outcome.verdict == "matched"
    assert "www-authenticate" in outcome.exchange.headers


async def test_ciphertexts_of_the_client_are_made_again_with_the_labs_key():
    recorder = recordings.Recorder()
    await recorder.call("PUT", arm(GROUP, "2021-04-01"), {"location": "westus"})
    policy = recordings._policy(recorder, recordings.CLIENT, "all")
    properties = {
        "tenantId": policy["tenantId"],
        "sku": {"family": "A", "name": "standard"},
        "accessPolicies": [policy],
    }
    await recorder.call("PUT", arm(VAULT, "2023-02-01"), {"location": "westus", "properties": properties})
    await recorder.wait(30)
    made = await recorder.call("POST", f"{KEYS}/key1/create?api-version=7.4", {"kty": "RSA"})
    url = made.body["key"]["kid"]
    sealed = await recorder.call("POST", f"{url}/encrypt?api-version=7.4", {"alg": "RSA-OAEP", "value": "YWJj"})
    by_client = {"alg": "RSA-OAEP", "value": sealed.body["value"]}
    await recorder.call("POST", f"{url}/decrypt?api-version=7.4", by_client)
    without_the_encryption = [e for e in recorder.entries if "/encrypt" not in e["request"]["uri"]]
    assert differing(await played(without_the_encryption)) == {}
    spoilt_plaintext = recordings.mutated(recorder.entries, -1, lambda r: r["body"].update(value="ZGVm"))
    assert differing(await played(spoilt_plaintext))


def stranger(name):
    return {
        "id": REGISTRY.replace("registry1", name).replace("/rg/", "/theirs/"),
        "name": name,
        "type": "Microsoft.ContainerRegistry/registries",
        "location": "westus",
        "sku": {"name": "Basic"},
        "tags": {},
    }


def listed(*names, at, more=None, url=None):
    query = "$filter=resourceType eq 'Microsoft.ContainerRegistry/registries'"
    first = f"{recordings.ARM}/subscriptions/{SUBSCRIPTION}/resources?api-version=2022-09-01&{query}"
    body = {"value": [stranger(name) for name in names], **({"nextLink": more} if more else {})}
    return exchange("GET", url or first, 200, body, at=at)


async def test_other_peoples_resources_come_and_go_in_lists():
    assert differing(await played([listed("a", "b", at=0), listed("a", "b", "c", at=1), listed("c", at=2)])) == {}


async def test_pages_may_be_cut_anywhere():
    more = f"{recordings.ARM}/subscriptions/{SUBSCRIPTION}/resources?api-version=2022-09-01&$skiptoken=abc"
    entries = [listed("a", "b", at=0, more=more), listed("c", at=1, url=more)]
    assert differing(await played(entries)) == {}


async def test_a_row_too_many_is_noticed_at_the_last_page(encryption):
    index = exchange(
        "GET", arm(f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities"), 200, {"value": []}
    )
    found = differing(await played([*encryption, index]))
    assert found == {len(encryption): ["body.value"]}


@pytest.mark.parametrize("besides", [{"nextLink": None}, {"totalCount": 1}])
async def test_what_a_page_tells_besides_its_rows_is_noticed(encryption, besides):
    url = arm(f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities")
    page = exchange("GET", url, 200, {"value": [encryption[1]["response"]["body"]], **besides})
    found = differing(await played([*encryption, page]))
    assert found == {len(encryption): [f"body.{name}" for name in besides]}


async def test_out_of_scope_is_counted_and_told():
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
    result = await played(entries)
    assert [outcome.verdict for outcome in result.outcomes] == ["out of scope", "out of scope", "matched"]
    assert all(outcome.reason for outcome in result.outcomes[:2])
    assert report.counts([result]) == {"exchanges": 3, "matched": 1, "differing": 0, "out_of_scope": 2}
    assert "Graph" in report.reasons([result])


async def test_a_defect_of_the_lab_is_a_difference_not_an_end(monkeypatch, encryption):
    async def broken(*_arguments, **_options):
        raise KeyError("defect")

    monkeypatch.setattr("acrcmk_lab.azure.providers.identity.ManagedIdentity.put", broken)
    result = await played(encryption[:3])
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


async def test_the_command_fails_on_a_difference_and_tells_it(tmp_path, capsys, encryption):
    file = tmp_path / "one.json"
    file.write_text(json.dumps(recordings.mutated(encryption, 1, lambda r: r["body"].update(location="eastus"))))
    assert await command.run(Arguments([file], verbose=True)) == 1
    out = capsys.readouterr().out
    assert "body.location: recorded 'eastus', lab 'westus'" in out
    assert json.loads(out.splitlines()[-1])["differing"] == 1


async def test_the_command_plays_the_rest_if_a_file_is_no_recording(tmp_path, capsys, encryption):
    (tmp_path / "a.json").write_text("{}")
    (tmp_path / "b.json").write_text(json.dumps(encryption[:2]))
    assert await command.run(Arguments([tmp_path])) == 2
    captured = capsys.readouterr()
    assert "a.json" in captured.err
    assert json.loads(captured.out.splitlines()[-1])["matched"] == 2


async def test_no_recordings_are_no_success(tmp_path):
    assert await command.run(Arguments([tmp_path / "nowhere"])) == 2
