"""Watches: where they start, what they tell, how they end."""

import itertools

import pytest

from tests.lab.tests.kube import servers
from tests.lab.tests.kube.conftest import thing


def types_and_names(events):
    return [(event["type"], event["object"]["metadata"].get("name")) for event in events]


def list_version(api, path):
    return api.do("GET", path).meta["resourceVersion"]


def test_a_watch_from_a_version_tells_exactly_what_came_after(api, things):
    api.do("POST", things, thing("a", spec={}))
    since = list_version(api, things)
    api.do("PATCH", f"{things}/a", {"spec": {"num": 2}}, content=servers.MERGE)
    api.do("POST", things, thing("b", spec={}))
    api.do("DELETE", f"{things}/a")
    with api.watch(things, resourceVersion=since, timeoutSeconds="1") as events:
        assert types_and_names(events) == [("MODIFIED", "a"), ("ADDED", "b"), ("DELETED", "a")]


def test_a_watch_without_a_version_begins_with_what_is_there(api, things):
    api.do("POST", things, thing("a", spec={}))
    with api.watch(things) as events:
        assert types_and_names(itertools.islice(events, 1)) == [("ADDED", "a")]
        api.do("POST", things, thing("b", spec={}))
        assert types_and_names(itertools.islice(events, 1)) == [("ADDED", "b")]


def test_the_versions_of_events_grow_and_can_be_resumed_from(api, things):
    since = list_version(api, things)
    for name in "abc":
        api.do("POST", things, thing(name, spec={}))
    with api.watch(things, resourceVersion=since) as events:
        first, second, third = itertools.islice(events, 3)
    versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in (first, second, third)]
    assert versions == sorted(versions)
    with api.watch(things, resourceVersion=str(versions[1])) as events:
        assert next(events) == third


def test_a_label_selector_sees_objects_come_and_go(api, things):
    api.do("POST", things, thing("a", spec={}))
    since = list_version(api, things)
    for label in ("x", "y", "x"):
        api.do("PATCH", f"{things}/a", {"metadata": {"labels": {"l": label}}}, content=servers.MERGE)
    with api.watch(things, resourceVersion=since, labelSelector="l=x", timeoutSeconds="1") as events:
        assert types_and_names(events) == [("ADDED", "a"), ("DELETED", "a"), ("ADDED", "a")]


def test_a_field_selector_picks_one_object(api, things):
    since = list_version(api, things)
    for name in "ab":
        api.do("POST", things, thing(name, spec={}))
    with api.watch(things, resourceVersion=since, fieldSelector="metadata.name=b", timeoutSeconds="1") as events:
        assert types_and_names(events) == [("ADDED", "b")]


def test_streaming_a_list_ends_with_a_bookmark(api, things):
    api.do("POST", things, thing("a", spec={}))
    query = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"}
    with api.watch(things, **query) as events:
        added, bookmark = itertools.islice(events, 2)
    assert types_and_names([added, bookmark]) == [("ADDED", "a"), ("BOOKMARK", None)]
    assert bookmark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert bookmark["object"]["kind"] == "Thing"


def test_a_version_that_is_forgotten_is_told_as_expired_within_the_stream(api, things):
    with api.watch(things, resourceVersion="1") as events:
        (event,) = events
    assert (event["type"], event["object"]["code"], event["object"]["reason"]) == ("ERROR", 410, "Expired")


def test_the_object_of_a_deletion_has_the_version_of_the_deletion(api, things):
    api.do("POST", things, thing("a", spec={}))
    since = list_version(api, things)
    api.do("DELETE", f"{things}/a")
    with api.watch(things, resourceVersion=since) as events:
        event = next(events)
    assert event["type"] == "DELETED"
    assert int(event["object"]["metadata"]["resourceVersion"]) > int(since)


def test_a_dry_run_is_seen_by_nobody(api, things):
    since = list_version(api, things)
    api.do("POST", things, thing("a", spec={}), dryRun="All")
    api.do("POST", things, thing("b", spec={}))
    with api.watch(things, resourceVersion=since) as events:
        assert types_and_names(itertools.islice(events, 1)) == [("ADDED", "b")]


def test_tables_are_watched_with_the_columns_told_once(api, things):
    api.do("POST", things, thing("a", spec={}))
    api.do("POST", things, thing("b", spec={}))
    query = {"watch": "true", "timeoutSeconds": "1"}
    answer = api._send("GET", things, None, content=servers.JSON, accept=servers.TABLE, query=query, stream=True)
    with answer:
        tables = [servers.json.loads(line)["object"] for line in answer.iter_lines() if line]
    assert [len(table["columnDefinitions"] or []) > 0 for table in tables] == [True, False]


def test_bookmarks_come_while_nothing_happens(tmp_path):
    with servers.embedded(tmp_path, servers.server.Settings(bookmark_seconds=0.2)) as api:
        path = "/api/v1/namespaces/default/configmaps"
        since = list_version(api, path)
        with api.watch(path, resourceVersion=since, allowWatchBookmarks="true") as events:
            first, second = itertools.islice(events, 2)
    assert [event["type"] for event in (first, second)] == ["BOOKMARK", "BOOKMARK"]
    assert first["object"]["metadata"]["resourceVersion"] == since


def test_a_watch_that_falls_behind_the_window_is_expired(tmp_path):
    with servers.embedded(tmp_path, servers.server.Settings(window=5)) as api:
        path = "/api/v1/namespaces/default/configmaps"
        since = list_version(api, path)
        for number in range(20):
            api.do("POST", path, {"metadata": {"name": f"c{number}"}})
        with api.watch(path, resourceVersion=since) as events:
            assert [event["type"] for event in events] == ["ERROR"]


@pytest.mark.parametrize("when", ["idle", "busy"])
def test_a_watch_ends_when_its_time_is_up(api, things, when):
    if when == "busy":
        api.do("POST", things, thing("a", spec={}))
    with api.watch(things, timeoutSeconds="1") as events:
        assert len(list(events)) == (when == "busy")
