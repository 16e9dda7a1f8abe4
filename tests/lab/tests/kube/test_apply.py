"""Server-side apply: who owns what, and what becomes of it. On both servers, and over random histories of both."""

import copy
import json
import random

import pytest

from tests.lab.tests.kube import servers
from tests.lab.tests.kube.conftest import thing

SEEDS = range(25)
STEPS = 12


def apply(api, path, obj, *, manager, **query):
    return api("PATCH", path, obj, content=servers.APPLY, fieldManager=manager, **query)


def owners(answer):
    return {(line["manager"], line["operation"]): line["fieldsV1"] for line in answer.meta["managedFields"]}


def test_applying_creates_and_owns_what_was_said_but_not_the_defaults(api, things):
    answer = apply(api, f"{things}/a", thing("a", spec={"text": "abc"}), manager="m1")
    assert answer.code == 201
    assert answer.body["spec"]["nuld"] == "d"
    assert owners(answer) == {("m1", "Apply"): {"f:spec": {"f:text": {}}}}


def test_creating_owns_the_defaults_too(api, things):
    answer = api.do("POST", things, thing("a", spec={"text": "abc"}), fieldManager="m1")
    assert owners(answer)["m1", "Update"]["f:spec"].keys() == {".", "f:text", "f:nuld", "f:odef"}


def test_a_field_that_another_manager_owns_is_a_conflict_and_force_takes_it(api, things):
    apply(api, f"{things}/a", thing("a", spec={"text": "abc"}), manager="m1")
    refused = apply(api, f"{things}/a", thing("a", spec={"text": "abd"}), manager="m2")
    assert (refused.code, refused.body["reason"]) == (409, "Conflict")
    assert refused.body["message"] == 'Apply failed with 1 conflict: conflict with "m1": .spec.text'
    assert refused.body["details"]["causes"] == [
        {"reason": "FieldManagerConflict", "message": 'conflict with "m1"', "field": ".spec.text"}
    ]
    taken = apply(api, f"{things}/a", thing("a", spec={"text": "abd"}), manager="m2", force="true")
    assert owners(taken) == {("m2", "Apply"): {"f:spec": {"f:text": {}}}}


def test_several_conflicts_are_told_by_manager(api, things):
    apply(api, f"{things}/a", thing("a", spec={"text": "abc", "num": 2}), manager="m1")
    api.do("PATCH", f"{things}/a", {"spec": {"flag": True}}, content=servers.MERGE, fieldManager="m2")
    refused = apply(api, f"{things}/a", thing("a", spec={"text": "x", "num": 4, "flag": False}), manager="m3")
    assert refused.body["message"] == (
        'Apply failed with 3 conflicts: conflicts with "m1":\n- .spec.num\n- .spec.text\n'
        'conflicts with "m2" using parity.dev/v1:\n- .spec.flag'
    )


def test_the_same_value_may_be_owned_by_both(api, things):
    apply(api, f"{things}/a", thing("a", spec={"text": "abc"}), manager="m1")
    shared = apply(api, f"{things}/a", thing("a", spec={"text": "abc"}), manager="m2")
    assert owners(shared).keys() == {("m1", "Apply"), ("m2", "Apply")}
    left = apply(api, f"{things}/a", thing("a", spec={}), manager="m1")
    assert left.body["spec"]["text"] == "abc"


def test_what_is_no_longer_applied_goes_unless_another_owns_it(api, things):
    apply(api, f"{things}/a", thing("a", spec={"text": "abc", "num": 2}), manager="m1")
    answer = apply(api, f"{things}/a", thing("a", spec={"num": 2}), manager="m1")
    assert "text" not in answer.body["spec"]


def test_conditions_of_others_survive(api, things):
    api.do("POST", things, thing("a", spec={}))
    foreign = {"status": {"conditions": [{"type": "Foreign", "status": "True"}]}}
    api.do("PATCH", f"{things}/a/status", foreign, content=servers.MERGE, fieldManager="other")
    for ready in ("False", "True"):
        own = thing("a", status={"conditions": [{"type": "Ready", "status": ready}]})
        answer = apply(api, f"{things}/a/status", own, manager="m1", force="true")
    conditions = {one["type"]: one["status"] for one in answer.body["status"]["conditions"]}
    assert conditions == {"Foreign": "True", "Ready": "True"}


def test_status_cannot_be_applied_through_the_object_nor_the_object_through_status(api, things):
    both = thing("a", spec={"text": "abc"}, status={"phase": "On"})
    created = apply(api, f"{things}/a", both, manager="m1")
    assert created.body["status"] == {"observedGeneration": -1}
    changed = thing("a", spec={"text": "zzz"}, status={"phase": "Off"})
    answer = apply(api, f"{things}/a/status", changed, manager="m1")
    assert (answer.body["spec"]["text"], answer.body["status"]["phase"]) == ("abc", "Off")
    lines = {line.get("subresource", ""): line["fieldsV1"] for line in answer.meta["managedFields"]}
    assert lines == {"": {"f:spec": {"f:text": {}}}, "status": {"f:status": {"f:phase": {}}}}


def test_applying_the_same_again_changes_nothing(api, things):
    answers = [apply(api, f"{things}/a", thing("a", spec={"text": "abc"}), manager="m1") for _ in range(3)]
    # The second one writes the status that defaults gave the first.
    versions = [int(answer.meta.pop("resourceVersion")) for answer in answers]
    assert versions[0] < versions[1] == versions[2]
    assert answers[0].body == answers[1].body == answers[2].body


def test_a_dry_run_leaves_no_trace(api, things):
    answer = apply(api, f"{things}/a", thing("a", spec={"text": "abc"}), manager="m1", dryRun="All")
    assert answer.code == 201
    assert api("GET", f"{things}/a").code == 404


def test_an_apply_may_insist_on_a_version(api, things):
    created = apply(api, f"{things}/a", thing("a", spec={"num": 2}), manager="m1")
    api.do("PATCH", f"{things}/a", {"spec": {"flag": True}}, content=servers.MERGE)
    stale = {"resourceVersion": created.meta["resourceVersion"]}
    answer = apply(api, f"{things}/a", thing("a", metadata=stale, spec={"num": 4}), manager="m1")
    assert (answer.code, answer.body["reason"]) == (409, "Conflict")


def test_kubectl_moves_from_client_side_to_server_side_apply_without_conflicts(api, things):
    last = json.dumps(thing("a", spec={"text": "abc"}))
    metadata = {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": last}}
    created = thing("a", metadata=metadata, spec={"text": "abc"})
    api.do("POST", things, created, fieldManager="kubectl-client-side-apply")
    answer = apply(api, f"{things}/a", thing("a", spec={"text": "new"}), manager="kubectl")
    assert answer.code == 200
    annotation = answer.meta["annotations"]["kubectl.kubernetes.io/last-applied-configuration"]
    assert json.loads(annotation)["spec"] == {"text": "new"}


def test_builtin_objects_can_be_applied(api, things):
    path = things.replace("/apis/parity.dev/v1", "/api/v1").replace("/things", "/configmaps/c")
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "1", "b": "2"}}
    apply(api, path, config, manager="m1")
    answer = apply(api, path, {**config, "data": {"a": "1"}}, manager="m1")
    assert answer.body["data"] == {"a": "1"}
    assert owners(answer) == {("m1", "Apply"): {"f:data": {"f:a": {}}}}


def history(seed):
    """Yield random writes by three managers: method, suffix of the path, query and body."""
    dice = random.Random(seed)
    for _ in range(STEPS):
        kind = dice.choice(["apply", "apply", "apply", "status", "status", "merge", "merge status"])
        query = {"fieldManager": dice.choice(["m1", "m2", "m3"])}
        if kind in {"apply", "status"} and dice.random() < 0.4:
            query["force"] = "true"
        if kind == "apply":
            yield "", servers.APPLY, query, thing("a", metadata=some_metadata(dice), spec=some_spec(dice))
        elif kind == "status":
            yield "/status", servers.APPLY, query, thing("a", status=some_status(dice))
        elif kind == "merge":
            yield "", servers.MERGE, query, {"spec": some_spec(dice)}
        else:
            yield "/status", servers.MERGE, query, {"status": some_status(dice)}


def some(dice, choices):
    return {name: make() for name, make in choices.items() if dice.random() < 0.4}


def some_spec(dice):
    def items():
        names = dice.sample("abc", dice.randint(0, 3))
        return [{"name": name, **some(dice, {"port": lambda: dice.randint(1, 2)})} for name in names]

    return some(
        dice,
        {
            "text": lambda: dice.choice(["aa", "bb"]),
            "nuld": lambda: dice.choice(["d", "e"]),
            "set": lambda: dice.sample("abc", dice.randint(0, 3)),
            "list": lambda: [dice.choice("xy")],
            "map": lambda: {name: dice.randint(1, 2) for name in dice.sample("ab", dice.randint(1, 2))},
            "items": items,
            "obj": lambda: {"a": dice.choice("mn")},
            "odef": lambda: dice.choice([{}, {"x": "z"}, {"n": {"q": 5}}, {"n": {}}]),
            "atom": lambda: dict.fromkeys(dice.sample("ab", dice.randint(0, 2)), "v"),
            "free": lambda: dice.choice([{}, {"q": {"w": 1}}, {"q": [1, 2]}, {"known": {"k": "v"}}]),
            "nulm": lambda: dice.choice([None, {"a": "b"}]),
        },
    )


def some_status(dice):
    def conditions():
        types = dice.sample(["Ready", "Stalled", "X"], dice.randint(0, 3))
        return [{"type": one, "status": dice.choice(["True", "False"])} for one in types]

    return some(
        dice,
        {
            "phase": lambda: dice.choice(["On", "Off"]),
            "observedGeneration": lambda: dice.randint(1, 3),
            "conditions": conditions,
        },
    )


def some_metadata(dice):
    return some(
        dice,
        {
            "labels": lambda: {name: dice.choice("12") for name in dice.sample("ab", dice.randint(0, 2))},
            "annotations": lambda: {name: dice.choice("12") for name in dice.sample("ab", dice.randint(1, 2))},
            "finalizers": lambda: dice.sample(["x/a", "x/b"], dice.randint(0, 2)),
        },
    )


def comparable(answer):
    """Return an answer without what must differ between two servers; the order of owners depends on the clock."""
    body = copy.deepcopy(answer.body)
    meta = body.get("metadata") or {}
    for name in ("uid", "resourceVersion", "creationTimestamp"):
        meta.pop(name, None)
    for line in meta.get("managedFields", []):
        line["time"] = bool(line.get("time"))
    meta.get("managedFields", []).sort(key=lambda line: json.dumps(line, sort_keys=True))
    if body.get("kind") == "Status":
        body["message"] = servers.unordered(body["message"])
        body["details"].get("causes", []).sort(key=json.dumps)
    return answer.code, body, answer.warnings


@pytest.mark.parametrize("seed", SEEDS)
def test_both_servers_go_through_the_same_history(seed, embedded_api, real_api):
    namespace = f"/api/v1/namespaces/history-{seed}"
    path = f"/apis/parity.dev/v1/namespaces/history-{seed}/things/a"
    for one in (embedded_api, real_api):
        one.do("POST", "/api/v1/namespaces", {"metadata": {"name": namespace.rpartition("/")[2]}})
    for suffix, kind, query, body in history(seed):
        answers = [one("PATCH", path + suffix, body, content=kind, **query) for one in (embedded_api, real_api)]
        assert comparable(answers[0]) == comparable(answers[1]), (suffix, kind, query, body)
