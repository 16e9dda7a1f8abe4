"""Bad input is refused at `kubectl apply`, in words a person understands; what slips in is Stalled(InvalidSpec)."""

import copy
import json

import pytest

from acrcmk_lab import kubectl, launch
from tests.support import project, waiting
from tests.unit.api import refusals

pytestmark = pytest.mark.integration

CREATED = [case for case in refusals.REFUSALS if case.before is None]
UPDATED = [case for case in refusals.REFUSALS if case.before is not None]


def by_name(case: refusals.Refusal) -> str:
    return case.case.replace(" ", "-")


@pytest.fixture(scope="module")
def server(new_space, running_operator):
    """A namespace that no operator looks at."""
    running_operator.stop()
    space = new_space()
    yield space.kubectl
    running_operator.as_usual()


@pytest.mark.parametrize("case", CREATED, ids=by_name)
def test_a_bad_object_is_refused(server, case):
    with pytest.raises(kubectl.KubectlError) as refused:
        server.run("apply", "--dry-run=server", "-f", "-", stdin=json.dumps(case.refused))
    assert case.field in str(refused.value)
    assert case.expected in str(refused.value)


@pytest.mark.parametrize("case", UPDATED, ids=by_name)
def test_a_bad_change_is_refused(server, case):
    server.run("apply", "-f", "-", stdin=json.dumps(case.accepted))
    observed = ("--subresource=status", "--type=merge", "-p", json.dumps({"status": case.accepted["status"]}))
    server.run("patch", "-f", "-", *observed, stdin=json.dumps(case.accepted))
    try:
        with pytest.raises(kubectl.KubectlError) as refused:
            server.run("apply", "--dry-run=server", "-f", "-", stdin=json.dumps(case.refused))
    finally:
        server.run("delete", "-f", "-", stdin=json.dumps(case.accepted))
    assert case.field in str(refused.value)
    assert case.expected in str(refused.value)


@pytest.mark.parametrize(
    ("before", "change"),
    [row[1:] for row in refusals.ALLOWED_CHANGES],
    ids=[row[0] for row in refusals.ALLOWED_CHANGES],
)
def test_a_good_change_is_accepted(server, before, change):
    accepted = refusals.merged(refusals.MINIMAL, {"spec": before})
    server.run("apply", "-f", "-", stdin=json.dumps(accepted))
    try:
        changed = refusals.merged(accepted, {"spec": change})
        assert "configured" in server.run("apply", "--dry-run=server", "-f", "-", stdin=json.dumps(changed))
    finally:
        server.run("delete", "-f", "-", stdin=json.dumps(accepted))


@pytest.fixture
def lenient(cluster):
    """A CRD that checks nothing, as an old one might; the real one is back when the test calls it."""
    (crd,) = project.documents(project.CRDS)
    loose = copy.deepcopy(crd)
    schema = loose["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    schema.pop("x-kubernetes-validations", None)
    schema["properties"]["spec"] = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    cluster.kubectl.apply(loose)
    yield lambda: launch.apply_crds(cluster.kubectl)
    launch.apply_crds(cluster.kubectl)


def test_an_invalid_object_from_before_the_rules_is_stalled_and_an_edit_helps(operator, space, lenient):
    operator.stop()
    bad = space.manifest(key={"name": "not_a_key_name"})
    waiting.eventually(lambda: space.kubectl.attempt("apply", "-f", "-", stdin=json.dumps(bad)).returncode == 0)
    lenient()
    operator.start()
    handle = space.object()
    told = handle.wait_reason("InvalidSpec")
    assert "spec.key.name" in told["message"]
    assert handle.condition("Stalled")["status"] == "True"
    assert [one for one in space.calls() if one.writes] == []
    handle.patch({"key": {"name": "a-key-name"}})
    handle.wait_ready()
