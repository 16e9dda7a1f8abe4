"""An object stays with its Azure resources: whatever the operator's defaults become, whatever happens to status."""

import json

import pytest

pytestmark = pytest.mark.integration

ELSEWHERE = "11111111-2222-4333-8444-555555555555"
"""Another subscription, which exists too."""
PINNED = ("registry", "vault", "identity")


@pytest.fixture(autouse=True)
def other_subscription(azure):
    azure.control("add_subscription", subscription=ELSEWHERE)


def ids(status) -> list[str]:
    return [status[part]["id"] for part in PINNED]


def wipe_status(handle) -> None:
    """Lose the status, as a restore from a backup does."""
    nothing = json.dumps([{"op": "remove", "path": "/status"}])
    handle.run("patch", "encreg", handle.name, "--subresource=status", "--type=json", "-p", nothing)
    assert "conditions" not in handle.status


def test_an_operator_with_another_default_subscription_goes_on_with_the_pinned_one(operator, space):
    handle = space.ready()
    before = ids(handle.status)
    operator.restart(subscription_id=ELSEWHERE)
    handle.patch({"tags": {"team": "x"}})
    assert ids(handle.wait_ready()) == before
    assert space.azure.get(space.registry_id())["tags"]["team"] == "x"
    assert space.azure.calls(f"/subscriptions/{ELSEWHERE}/") == []


def test_a_lost_status_is_found_again_in_the_owner_tags(operator, space):
    handle = space.ready(identity={"name": "special"}, key={"name": "special", "rotation": {"mode": "Manual"}})
    before = handle.status
    operator.stop()
    calls = len(space.calls())
    wipe_status(handle)
    operator.start()
    after = handle.wait_ready()
    assert ids(after) == ids(before)
    assert after["encryption"] == before["encryption"]
    assert [one for one in space.calls()[calls:] if one.writes] == []


def test_a_lost_status_and_another_default_subscription_build_no_second_set(operator, space):
    handle = space.ready()
    operator.stop()
    wipe_status(handle)
    calls = len(space.azure.calls())
    operator.start(subscription_id=ELSEWHERE)
    told = handle.wait_reason("NameTaken")
    assert "spec.subscriptionId" in told["message"]
    assert [one for one in space.azure.calls()[calls:] if one.writes] == []
    handle.delete()
