"""From creation to deletion: generations, versions, subresources, finalizers, namespaces, definitions."""

import pytest
import yaml

from tests.lab.tests.kube import servers
from tests.lab.tests.kube.conftest import HERE, thing
from tests.support import waiting

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def test_an_object_is_born_with_an_identity_and_the_status_that_defaults_give(api, things):
    body = thing("a", metadata={"uid": "mine", "generation": 7}, spec={}, status={"phase": "On"})
    created = api.do("POST", things, body)
    assert created.meta["generation"] == 1
    assert created.meta["uid"] != "mine"
    assert created.body["status"] == {"observedGeneration": -1}


def test_only_the_spec_counts_generations(api, things):
    api.do("POST", things, thing("a", spec={"num": 2}))
    changes = (
        ("", {"spec": {"num": 4}}, 2),
        ("", {"spec": {"num": 4}}, 2),
        ("", {"metadata": {"labels": {"a": "b"}}}, 2),
        ("/status", {"status": {"phase": "On"}, "spec": {"num": 8}}, 2),
        ("", {"status": {"phase": "Off"}, "spec": {"num": 6}}, 3),
    )
    for suffix, patch, generation in changes:
        answer = api.do("PATCH", f"{things}/a{suffix}", patch, content=servers.MERGE)
        assert answer.meta["generation"] == generation, patch
    assert (answer.body["spec"]["num"], answer.body["status"]["phase"]) == (6, "On")


def test_a_write_that_changes_nothing_is_no_write(api, things):
    api.do("POST", things, thing("a", spec={"num": 2}))
    answers = [api.do("PATCH", f"{things}/a", {"spec": {"num": 4}}, content=servers.MERGE) for _ in range(2)]
    assert answers[0].meta["resourceVersion"] == answers[1].meta["resourceVersion"]


def test_an_update_of_a_stale_object_is_a_conflict(api, things):
    old = api.do("POST", things, thing("a", spec={"num": 2})).body
    api.do("PATCH", f"{things}/a", {"spec": {"num": 4}}, content=servers.MERGE)
    answer = api("PUT", f"{things}/a", old)
    assert (answer.code, answer.body["reason"]) == (409, "Conflict")
    assert "the object has been modified" in answer.body["message"]


def test_a_json_patch_may_test_the_version(api, things):
    created = api.do("POST", things, thing("a", spec={"num": 2}))
    test = {"op": "test", "path": "/metadata/resourceVersion", "value": created.meta["resourceVersion"]}
    add = {"op": "add", "path": "/metadata/finalizers", "value": ["a/b"]}
    assert api("PATCH", f"{things}/a", [test, add], content=servers.JSON_PATCH).code == 200
    assert api("PATCH", f"{things}/a", [test, add], content=servers.JSON_PATCH).code == 422


def test_a_finalizer_holds_a_deleted_object_and_counts_a_generation(api, things):
    api.do("POST", things, thing("a", metadata={"finalizers": ["x/y", "x/z"]}, spec={}))
    deleted = api.do("DELETE", f"{things}/a")
    assert (deleted.meta["generation"], deleted.meta["deletionGracePeriodSeconds"]) == (2, 0)
    again = api.do("DELETE", f"{things}/a")
    assert again.meta["deletionTimestamp"] == deleted.meta["deletionTimestamp"]
    api.do("PATCH", f"{things}/a", {"metadata": {"finalizers": ["x/z"]}}, content=servers.MERGE)
    assert api("GET", f"{things}/a").code == 200
    api.do("PATCH", f"{things}/a", {"metadata": {"finalizers": None}}, content=servers.MERGE)
    assert api("GET", f"{things}/a").code == 404


def test_foreground_deletion_waits_for_its_own_finalizer(api, things):
    api.do("POST", things, thing("a", spec={}))
    answer = api.do("DELETE", f"{things}/a", propagationPolicy="Foreground")
    assert answer.meta["finalizers"] == ["foregroundDeletion"]


def test_a_deletion_answers_with_the_object_or_with_its_end(api, things):
    uid = api.do("POST", things, thing("a", spec={})).meta["uid"]
    answer = api.do("DELETE", f"{things}/a", {"preconditions": {"uid": uid}})
    assert answer.body["status"] == "Success"
    assert answer.body["details"] == {"name": "a", "group": "parity.dev", "kind": "things", "uid": uid}


def test_secrets_fold_plain_text(api, things):
    path = things.replace("/apis/parity.dev/v1", "/api/v1").replace("/things", "/secrets")
    api.do("POST", path, {"metadata": {"name": "s"}, "stringData": {"a": "b"}})
    patched = api.do("PATCH", f"{path}/s", {"stringData": {"c": "d"}}, content=servers.STRATEGIC).body
    assert (patched["data"], patched["type"]) == ({"a": "Yg==", "c": "ZA=="}, "Opaque")
    assert "stringData" not in patched


def test_a_strategic_patch_merges_lists_by_their_key(api, things):
    path = things.replace("/apis/parity.dev/v1", "/api/v1").replace("/things", "/serviceaccounts")
    api.do("POST", path, {"metadata": {"name": "s"}, "secrets": [{"name": "a"}, {"name": "b"}]})
    change = {"secrets": [{"name": "c"}, {"name": "a", "$patch": "delete"}]}
    patched = api.do("PATCH", f"{path}/s", change, content=servers.STRATEGIC).body
    assert sorted(one["name"] for one in patched["secrets"]) == ["b", "c"]


def test_a_lease_keeps_microseconds(api, things):
    path = things.replace("/apis/parity.dev/v1", "/apis/coordination.k8s.io/v1").replace("/things", "/leases")
    spec = {"holderIdentity": "me", "renewTime": "2026-01-02T03:04:05.123456+01:00"}
    created = api.do("POST", path, {"metadata": {"name": "l"}, "spec": spec})
    assert created.body["spec"]["renewTime"] == "2026-01-02T02:04:05.123456Z"


def gone(api, path):
    return waiting.eventually(lambda: api("GET", path).code == 404)


def test_a_definition_goes_with_its_objects_when_their_finalizers_allow(api):
    definition = yaml.safe_load((HERE / "things.yaml").read_text())
    definition["metadata"]["name"] = "gadgets.parity.dev"
    definition["spec"]["names"] = {"plural": "gadgets", "kind": "Gadget"}
    servers.define(api, definition)
    path, gadgets = f"{DEFINITIONS}/gadgets.parity.dev", "/apis/parity.dev/v1/namespaces/default/gadgets"

    def statuses():
        conditions = api.do("GET", path).body["status"]["conditions"]
        return {one["type"]: one["status"] for one in conditions}

    # The real server serves a definition a moment before it says so.
    waiting.eventually(statuses, lambda told: told == {"NamesAccepted": "True", "Established": "True"})
    body = {**thing("a", metadata={"finalizers": ["x/y"]}, spec={}), "kind": "Gadget"}
    api.do("POST", gadgets, body)
    api.do("DELETE", path)
    held = api.do("GET", path)
    assert held.meta["finalizers"] == ["customresourcecleanup.apiextensions.k8s.io"]
    waiting.eventually(lambda: "deletionTimestamp" in api("GET", f"{gadgets}/a").meta)
    api.do("PATCH", f"{gadgets}/a", {"metadata": {"finalizers": None}}, content=servers.MERGE)
    assert gone(api, path)
    assert gone(api, gadgets)


def test_a_changed_schema_shows_stored_objects_anew(api):
    definition = yaml.safe_load((HERE / "things.yaml").read_text())
    definition["metadata"]["name"] = "widgets.parity.dev"
    definition["spec"]["names"] = {"plural": "widgets", "kind": "Widget"}
    servers.define(api, definition)
    path, widgets = f"{DEFINITIONS}/widgets.parity.dev", "/apis/parity.dev/v1/namespaces/default/widgets"
    created = api.do("POST", widgets, {**thing("a", spec={"text": "abc"}), "kind": "Widget"})
    place = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties"
    change = [
        {"op": "add", "path": f"{place}/fresh", "value": {"type": "string", "default": "new"}},
        {"op": "remove", "path": f"{place}/text"},
    ]
    api.do("PATCH", path, change, content=servers.JSON_PATCH)
    shown = waiting.eventually(lambda: api.do("GET", f"{widgets}/a"), lambda one: "fresh" in one.body["spec"])
    assert shown.body["spec"]["fresh"] == "new"
    assert "text" not in shown.body["spec"]
    assert shown.meta["resourceVersion"] == created.meta["resourceVersion"]
    api.do("DELETE", path)


# What follows needs controllers, which the real API server alone does not have.


@pytest.fixture
def lab(embedded_api):
    return embedded_api


def test_a_namespace_goes_with_its_contents_and_waits_for_their_finalizers(lab):
    lab.do("POST", "/api/v1/namespaces", {"metadata": {"name": "doomed"}})
    path = "/apis/parity.dev/v1/namespaces/doomed/things"
    lab.do("POST", path, thing("free", spec={}))
    lab.do("POST", path, thing("held", metadata={"finalizers": ["x/y"]}, spec={}))
    assert lab.do("DELETE", "/api/v1/namespaces/doomed").body["status"]["phase"] == "Terminating"
    assert lab("GET", f"{path}/free").code == 404
    assert lab("GET", f"{path}/held").meta["deletionTimestamp"]
    refused = lab("POST", path, thing("late", spec={}))
    assert (refused.code, refused.body["details"]["causes"][0]["reason"]) == (403, "NamespaceTerminating")
    lab.do("PATCH", f"{path}/held", {"metadata": {"finalizers": None}}, content=servers.MERGE)
    assert lab("GET", "/api/v1/namespaces/doomed").code == 404


def test_dependents_go_with_their_last_owner(lab):
    path = "/api/v1/namespaces/default/configmaps"
    owners = []
    for name in ("owner-1", "owner-2"):
        uid = lab.do("POST", path, {"metadata": {"name": name}}).meta["uid"]
        owners.append({"apiVersion": "v1", "kind": "ConfigMap", "name": name, "uid": uid})
    lab.do("POST", path, {"metadata": {"name": "dependent", "ownerReferences": owners}})
    lab.do("DELETE", f"{path}/owner-1")
    assert lab("GET", f"{path}/dependent").code == 200
    lab.do("DELETE", f"{path}/owner-2")
    assert lab("GET", f"{path}/dependent").code == 404
