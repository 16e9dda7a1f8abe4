"""What patches make of an object, on each server."""

import pytest

from tests.lab.tests.kube import servers
from tests.lab.tests.kube.conftest import thing

FAILED = "the server rejected our request due to an error in our request"
SPEC = {"text": "abc", "num": 2, "map": {"a": 1}, "list": ["x", "y"], "obj": {"a": "1", "b": 3}}


@pytest.fixture
def path(api, things):
    api.do("POST", things, thing("a", spec=SPEC))
    return f"{things}/a"


@pytest.mark.parametrize(
    ("operation", "changed"),
    [
        ({"op": "add", "path": "/spec/flag", "value": True}, {"flag": True}),
        ({"op": "add", "path": "/spec/list/0", "value": "z"}, None),
        ({"op": "add", "path": "/spec/list/-", "value": "z"}, None),
        ({"op": "replace", "path": "/spec/list/0", "value": "z"}, {"list": ["z", "y"]}),
        ({"op": "remove", "path": "/spec/list/0"}, {"list": ["y"]}),
        ({"op": "remove", "path": "/spec/text"}, {"text": None}),
        ({"op": "replace", "path": "/spec/text", "value": "abd"}, {"text": "abd"}),
        ({"op": "move", "from": "/spec/obj/a", "path": "/spec/text"}, None),
        ({"op": "copy", "from": "/spec/map", "path": "/spec/free"}, {"free": {"a": 1}}),
        ({"op": "test", "path": "/spec/num", "value": 2}, {}),
    ],
)
def test_json_patch(api, path, operation, changed):
    answer = api("PATCH", path, [operation], content=servers.JSON_PATCH)
    if changed is None:
        assert (answer.code, answer.body["reason"]) == (422, "Invalid")
        return
    expected = {key: value for key, value in {**SPEC, **changed}.items() if value is not None}
    assert {key: answer.body["spec"].get(key) for key in expected} == expected
    assert ("text" in answer.body["spec"]) == ("text" in expected)


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/spec/num", "value": 3},
        {"op": "remove", "path": "/spec/absent"},
        {"op": "add", "path": "/spec/absent/below", "value": 1},
        {"op": "move", "from": "/spec/absent", "path": "/spec/text"},
    ],
)
def test_a_json_patch_that_does_not_fit_is_refused_whole(api, path, operation):
    first = {"op": "replace", "path": "/spec/num", "value": 4}
    answer = api("PATCH", path, [first, operation], content=servers.JSON_PATCH)
    assert (answer.code, answer.body["reason"], answer.body["message"]) == (422, "Invalid", FAILED)
    assert api.do("GET", path).body["spec"]["num"] == 2


def test_merge_patch_removes_with_null_and_replaces_lists(api, path):
    change = {"spec": {"text": None, "map": {"b": 2}, "list": ["z"]}}
    spec = api.do("PATCH", path, change, content=servers.MERGE).body["spec"]
    assert ("text" in spec, spec["map"], spec["list"]) == (False, {"a": 1, "b": 2}, ["z"])


def test_custom_resources_take_no_strategic_patches(api, path):
    answer = api("PATCH", path, {"spec": {"num": 4}}, content=servers.STRATEGIC)
    assert (answer.code, answer.body["reason"]) == (415, "UnsupportedMediaType")


ACCOUNT = {"secrets": [{"name": "a"}, {"name": "b", "namespace": "x"}], "imagePullSecrets": [{"name": "p"}]}


@pytest.mark.parametrize(
    ("change", "secrets"),
    [
        ({"secrets": [{"name": "c"}]}, "cab"),
        ({"secrets": [{"name": "a", "$patch": "delete"}]}, "b"),
        ({"secrets": [{"$patch": "replace"}, {"name": "z"}]}, "z"),
        (
            {"secrets": [{"name": "c"}], "$setElementOrder/secrets": [{"name": "b"}, {"name": "c"}, {"name": "a"}]},
            "bca",
        ),
        (
            {"secrets": [{"name": "b"}, {"name": "d"}], "$setElementOrder/secrets": [{"name": "b"}, {"name": "d"}]},
            "abd",
        ),
        ({"secrets": None}, ""),
        ({"secrets": []}, "ab"),
    ],
)
def test_strategic_patches_merge_lists_by_their_key(api, things, change, secrets):
    place = things.replace("/apis/parity.dev/v1", "/api/v1").replace("/things", "/serviceaccounts")
    api.do("POST", place, {"metadata": {"name": "s"}, **ACCOUNT})
    answer = api.do("PATCH", f"{place}/s", change, content=servers.STRATEGIC)
    assert "".join(one["name"] for one in answer.body.get("secrets", [])) == secrets
    assert answer.body["imagePullSecrets"] == [{"name": "p"}]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"data": {"b": "2"}}, {"data": {"a": "1", "b": "2"}}),
        ({"data": {"a": None}}, {"data": None}),
        ({"data": {"$patch": "replace", "c": "3"}}, {"data": {"c": "3"}}),
        ({"data": {"$retainKeys": ["c"], "c": "3"}}, {"data": {"c": "3"}}),
        ({"metadata": {"finalizers": ["x/c"]}}, {"finalizers": ["x/c", "x/a", "x/b"]}),
        ({"metadata": {"$deleteFromPrimitiveList/finalizers": ["x/a"]}}, {"finalizers": ["x/b"]}),
        ({"metadata": {"labels": {"l": "2", "m": "3"}}}, {"labels": {"l": "2", "m": "3"}}),
    ],
)
def test_strategic_patches_of_maps_and_plain_lists(api, things, change, expected):
    place = things.replace("/apis/parity.dev/v1", "/api/v1").replace("/things", "/configmaps")
    metadata = {"name": "c", "finalizers": ["x/a", "x/b"], "labels": {"l": "1"}}
    api.do("POST", place, {"metadata": metadata, "data": {"a": "1"}})
    answer = api.do("PATCH", f"{place}/c", change, content=servers.STRATEGIC)
    shown = {**answer.meta, "data": answer.body.get("data")}
    assert {key: shown.get(key) for key in expected} == expected
