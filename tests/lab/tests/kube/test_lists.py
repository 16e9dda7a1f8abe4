"""Lists: pages, selectors, tables, partial objects."""

import pytest

from tests.lab.tests.kube import servers
from tests.lab.tests.kube.conftest import thing

PARTIAL = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"


@pytest.fixture
def five(api, things):
    for number, name in enumerate("abcde"):
        labels = {"odd": str(bool(number % 2)).lower(), "n": str(number)}
        api.do("POST", things, thing(name, metadata={"labels": labels}, spec={"num": 2}))
    return things


def names(answer):
    return "".join(item["metadata"]["name"] for item in answer.body["items"])


def test_a_list_comes_in_pages(api, five):
    first = api.do("GET", five, limit="2")
    assert (names(first), first.meta["remainingItemCount"]) == ("ab", 3)
    second = api.do("GET", five, limit="2", **{"continue": first.meta["continue"]})
    last = api.do("GET", five, limit="2", **{"continue": second.meta["continue"]})
    assert names(second) + names(last) == "cde"
    assert last.meta["continue"] == ""
    assert first.meta["resourceVersion"] == last.meta["resourceVersion"]


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("odd=true", "bd"),
        ("odd==true", "bd"),
        ("odd!=true", "ace"),
        ("odd", "abcde"),
        ("!odd", ""),
        ("n in (1, 3)", "bd"),
        ("n notin (1,3)", "ace"),
        ("odd=true,n=3", "d"),
        ("missing!=x", "abcde"),
        ("n>2", "de"),
        ("n<2", "ab"),
        ("missing>2", ""),
    ],
)
def test_labels_select(api, five, selector, expected):
    assert names(api.do("GET", five, labelSelector=selector)) == expected


def test_fields_select(api, five):
    assert names(api.do("GET", five, fieldSelector="metadata.name=c")) == "c"
    assert names(api.do("GET", five, fieldSelector="metadata.name!=c")) == "abde"


def test_events_are_found_by_the_object_they_are_about(api, things):
    path = things.replace("/apis/parity.dev/v1", "/api/v1").replace("/things", "/events")
    namespace = path.split("/")[-2]
    for name in ("a", "b"):
        about = {"kind": "Thing", "name": name, "namespace": namespace}
        api.do("POST", path, {"metadata": {"name": name}, "involvedObject": about, "reason": "R", "message": "m"})
    answer = api.do("GET", path, fieldSelector="involvedObject.name=b,reason=R")
    assert names(answer) == "b"
    assert "kind" not in answer.body["items"][0]


def test_events_are_one_store_with_two_faces(api, things):
    core = things.replace("/apis/parity.dev/v1", "/api/v1").replace("/things", "/events")
    named = core.replace("/api/v1", "/apis/events.k8s.io/v1")
    about = {"kind": "Thing", "name": "a", "namespace": core.split("/")[-2]}
    api.do("POST", core, {"metadata": {"name": "e"}, "involvedObject": about, "message": "hello", "count": 2})
    seen = api.do("GET", f"{named}/e").body
    assert (seen["apiVersion"], seen["regarding"]["name"], seen["note"]) == ("events.k8s.io/v1", "a", "hello")
    assert seen["deprecatedCount"] == 2


def test_a_collection_is_deleted_by_selector(api, five):
    api.do("DELETE", five, labelSelector="odd=true")
    assert names(api.do("GET", five)) == "ace"


def test_a_table_has_the_columns_of_the_definition(api, five):
    table = api.do("GET", five, accept=servers.TABLE).body
    assert table["kind"] == "Table"
    assert [column["name"] for column in table["columnDefinitions"]] == ["Name", "Age"]
    assert [row["cells"][0] for row in table["rows"]] == list("abcde")
    assert table["rows"][0]["object"]["kind"] == "PartialObjectMetadata"


def test_metadata_alone(api, five):
    listed = api.do("GET", five, accept=PARTIAL).body
    assert listed["kind"] == "PartialObjectMetadataList"
    assert {tuple(sorted(item)) for item in listed["items"]} == {("apiVersion", "kind", "metadata")}


def test_yaml_for_those_who_ask(api, five):
    assert api.do("GET", f"{five}/a", accept="application/yaml").body.startswith("apiVersion: parity.dev/v1\n")


def test_lists_span_namespaces(api, five):
    everywhere = "/apis/parity.dev/v1/things"
    namespace = five.split("/")[-2]
    answer = api.do("GET", everywhere, fieldSelector=f"metadata.namespace={namespace}")
    assert names(answer) == "abcde"
