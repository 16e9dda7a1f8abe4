"""The status is what people and programs go by: kubectl's columns, kubectl wait, kstatus, events."""

import collections
import json

import pytest

from acrcmk_lab import kubectl
from tests.support import readers, waiting

pytestmark = pytest.mark.integration


def test_no_status_on_the_way_to_ready_misleads_flux_helm_or_kubectl(space):
    handle = space.apply()
    with handle.history() as history:
        handle.wait_ready()
        final = handle.get()
    verdicts = [readers.kstatus({**final, "status": status}) for status in history]
    assert set(verdicts[:-1]) == {readers.IN_PROGRESS}
    assert verdicts[-1] == readers.CURRENT
    for status in history:
        kinds = collections.Counter(one["type"] for one in status.get("conditions", []))
        assert not {"Reconciling", "Stalled"} <= set(kinds)
        assert set(kinds.values()) <= {1}
        abnormal = [one for one in status.get("conditions", []) if one["type"] in {"Reconciling", "Stalled"}]
        assert all(one["status"] == "True" for one in abnormal)


def test_an_object_that_nobody_looked_at_is_in_progress_not_current(operator, space):
    operator.stop()
    handle = space.apply()
    assert handle.status == {"observedGeneration": -1}
    assert readers.kstatus(handle.get()) == readers.IN_PROGRESS
    with pytest.raises(kubectl.KubectlError, match="timed out"):
        handle.run("wait", "--for=condition=Ready", f"encreg/{handle.name}", "--timeout=1s")


def test_what_only_an_edit_can_help_is_failed_at_once_for_kstatus(space):
    space.put_vault(rbac=False)
    handle = space.apply(vault={"resourceId": space.vault_id()})
    told = handle.wait_reason("VaultAccessModeMismatch")
    assert "spec.vault.access: AccessPolicy" in told["message"]
    assert readers.kstatus(handle.get()) == readers.FAILED
    handle.patch({"vault": {"access": "AccessPolicy"}})
    handle.wait_ready()


def test_kubectl_get_shows_the_columns_people_need(space):
    handle = space.ready()
    status = handle.status
    head, row = handle.run("get", "encreg", "-o", "wide").splitlines()
    assert head.split() == [
        *("NAME", "READY", "ENCRYPTION", "ROTATION", "KEY", "VERSION", "LOGIN", "SERVER", "AGE", "REASON", "MESSAGE")
    ]
    columns = row.split(maxsplit=8)
    assert columns[:6] == [
        *("one", "True", "enabled", "Automatic", status["key"]["version"][:8], status["registry"]["loginServer"])
    ]
    assert columns[7:] == ["Succeeded", handle.condition("Ready")["message"]]


def test_events_tell_transitions_and_only_those(operator, space):
    operator.restart(resync_seconds="0.5")
    handle = space.ready()
    path = space.registry_id().casefold()
    events = handle.events()
    reasons = [reason for _, reason in events]
    looks = len([one for one in space.calls() if one.path == path])
    waiting.eventually(lambda: [one for one in space.calls() if one.path == path][looks + 4 :])
    assert handle.events() == events
    assert {kind for kind, _ in events} == {"Normal"}
    known = {one["reason"] for one in handle.status["conditions"]} | {"Creating", "Propagating"}
    assert set(reasons) <= known
    assert "Succeeded" in reasons


def test_kubectl_describe_and_explain_read_well(space):
    handle = space.ready()
    described = handle.run("describe", "encreg", handle.name)
    assert "Ready" in described
    assert "Events:" in described
    explained = handle.run("explain", "encreg.spec.key.rotation.mode")
    assert "Automatic" in explained


def test_status_encryption_is_what_az_prints(space):
    handle = space.ready()
    printed = json.loads(handle.run("get", "encreg", handle.name, "-o", "jsonpath={.status.encryption}"))
    assert printed["status"] == "enabled"
    assert set(printed["keyVaultProperties"]) >= {
        *("identity", "keyIdentifier", "versionedKeyIdentifier", "keyRotationEnabled"),
    }
