import datetime
import uuid

import pytest

from acrcmk_lab.replay import binding, comparison, masks

A, B, C = (str(uuid.UUID(int=n, version=4)) for n in range(1, 4))
STARTED_AT = datetime.datetime(2024, 6, 26, 12, tzinfo=datetime.UTC)
KEY = "POST https://v.vault.azure.net/keys/k/create"
UNIX = int(STARTED_AT.timestamp())


def compared(recorded, lab, *, request=KEY, started_at=STARTED_AT):
    rules = comparison.Comparison(bindings=binding.Binding(), masks=masks.Masks(request), started_at=started_at)
    return rules.body(recorded, lab)


SAME = {
    "equal": ({"a": [1, {"b": None}]}, {"a": [1, {"b": None}]}),
    "order of members": ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    "other guid": ({"id": A}, {"id": B}),
    "same guid twice": ({"id": A, "of": f"x/{A}"}, {"id": B, "of": f"x/{B}"}),
    "key version": ("keys/k/" + "a" * 32, "keys/k/" + "b" * 32),
    "time": ("2024-06-26T12:00:01.1234567Z", "2024-06-26T12:00:09.1Z"),
    "history": ("2020-01-01T00:00:00Z", "2024-06-26T12:00:00Z"),
    "placeholder of the recorder": ("2001-02-03T04:05:06Z", "2024-06-26T12:00:00.1234567Z"),
    "american time": ("until '3/19/2023 8:55:46 AM'", "until '6/26/2024 8:55:57 AM'"),
    "unix time": ({"attributes": {"created": UNIX + 5}}, {"attributes": {"created": UNIX + 90}}),
    "key material": ({"key": {"n": "abc", "e": "AQAB"}}, {"key": {"n": "xyz", "e": "AQAB"}}),
    "rows in any order": ({"value": [{"id": "a"}, {"id": "b"}]}, {"value": [{"id": "b"}, {"id": "a"}]}),
    "rows named by bound ids": (
        {"by": A, "value": [{"id": A, "n": 1}, {"id": B, "n": 2}]},
        {"by": C, "value": [{"id": A, "n": 2}, {"id": C, "n": 1}]},
    ),
    "member named by an id": ({"id": A, "map": {f"x/{A}": {}}}, {"id": B, "map": {f"x/{B}": {}}}),
}
OTHER = {
    "value": ({"a": 1}, {"a": 2}, "body.a"),
    "type": ({"a": 1}, {"a": True}, "body.a"),
    "null": ({"a": None}, {"a": ""}, "body.a"),
    "missing": ({"a": {"b": 1}}, {"a": {}}, "body.a.b"),
    "extra": ({}, {"a": 1}, "body.a"),
    "no body": ({"a": 1}, None, "body"),
    "case": ({"a": "userAssigned"}, {"a": "UserAssigned"}, "body.a"),
    "one guid for two": ({"a": A, "b": A}, {"a": B, "b": C}, "body.b"),
    "two guids for one": ({"a": A, "b": B}, {"a": C, "b": C}, "body.b"),
    "text around": (f"x/{A}", f"y/{A}", "body"),
    "no guid": ({"a": A}, {"a": "none"}, "body.a"),
    "time zone": ("2024-06-26T12:00:01Z", "2024-06-26T12:00:01+00:00", "body"),
    "fraction": ("2024-06-26T12:00:01Z", "2024-06-26T12:00:01.5Z", "body"),
    "date separator": ("2024-06-26 12:00:01Z", "2024-06-26T12:00:01Z", "body"),
    "retention": (
        {"scheduledPurgeDate": UNIX + 7 * 86400},
        {"scheduledPurgeDate": UNIX + 90 * 86400},
        "body.scheduledPurgeDate",
    ),
    "expiry": ("2024-07-03T12:00:00Z", "2024-09-26T12:00:00Z", "body"),
    "missing material": ({"key": {"n": "abc"}}, {"key": {}}, "body.key.n"),
    "public exponent": ({"key": {"e": "AQAB"}}, {"key": {"e": "Aw"}}, "body.key.e"),
    "list order": ({"a": [1, 2]}, {"a": [2, 1]}, "body.a.0"),
    "row missing": ({"value": [{"id": "a"}]}, {"value": []}, "body.value.0"),
    "row extra": ({"value": []}, {"value": [{"id": "a"}]}, "body.value"),
    "row changed": ({"value": [{"id": "a", "n": 1}]}, {"value": [{"id": "a", "n": 2}]}, "body.value.0.n"),
    "rows swapped": (
        {"by": A, "value": [{"id": A, "n": 1}, {"id": B, "n": 2}]},
        {"by": C, "value": [{"id": A, "n": 1}, {"id": C, "n": 2}]},
        "body.value.0.n",
    ),
}


@pytest.mark.parametrize("case", SAME)
def test_values_that_differ_between_any_two_runs_are_no_difference(case):
    recorded, lab = SAME[case]
    assert compared(recorded, lab) == []


@pytest.mark.parametrize("case", OTHER)
def test_a_difference_names_the_member(case):
    recorded, lab, where = OTHER[case]
    assert [difference.where for difference in compared(recorded, lab)][:1] == [where]


def test_times_of_a_recording_without_dates_are_not_compared():
    assert compared("2024-07-03T12:00:00Z", "2024-09-26T12:00:00Z", started_at=None) == []


def test_ciphertexts_are_masked_only_in_operations_that_compute_them():
    sign = "POST https://v.vault.azure.net/keys/k/1/sign"
    decrypt = "POST https://v.vault.azure.net/keys/k/1/decrypt"
    assert compared({"value": "a"}, {"value": "b"}, request=sign) == []
    assert compared({"value": "a"}, {"value": "b"}, request=decrypt)
    assert compared({"value": "a"}, {"value": None}, request=sign)


def test_published_catalogs_are_not_compared():
    provider = "GET https://management.azure.com/subscriptions/s/providers/Microsoft.KeyVault"
    recorded = {"namespace": "n", "resourceTypes": [{"resourceType": "vaults"}], "authorizations": [{}]}
    assert compared(recorded, {"namespace": "n", "resourceTypes": []}, request=provider) == []
    assert compared(recorded, {"namespace": "m", "resourceTypes": []}, request=provider)


def test_the_text_of_a_difference_is_short():
    text = str(comparison.Difference(where="body.a", recorded="x" * 500, lab=comparison.MISSING))
    assert text.startswith("body.a: recorded 'xxx")
    assert len(text) < 220


@pytest.mark.parametrize("kind", masks.KINDS)
def test_every_mask_has_a_reason_or_is_a_time(kind):
    assert all(rule.get("reason") or kind == "times" for rule in masks._document()[kind])
