"""Azure answers in several ways, and some answers have no source: the operator must hold in all of them.

Three generations of create responses are on record (azure-behaviour.md 1.1); codes of CMK failures are not public, nor
whether a failure comes at once or with the operation (azure-behaviour.md 7). Role assignments take a minute to
count, so every create here meets the failure before it succeeds.
"""

import pytest

pytestmark = pytest.mark.integration

COVERING = [
    {"registry_mode": "GEN_A", "cmk_failure": "sync", "role_assignment_repeat": "409"},
    {"registry_mode": "GEN_B", "cmk_failure": "async", "acr_failed_registry": "failed"},
    {"registry_mode": "GEN_B", "cmk_failure": "sync", "acr_unsourced_code": "KeyVaultOperationFailed"},
    {"registry_mode": "GEN_C", "cmk_failure": "async", "acr_failed_registry": "absent"},
    {"registry_mode": "GEN_C", "cmk_failure": "sync", "acr_operation_retry_after": "1", "acr_busy": "queue"},
]


@pytest.fixture(params=COVERING, ids=lambda switches: "-".join(switches.values()))
def mode(request, azure):
    with azure.switched(**request.param):
        yield request.param


def test_ready_is_reached_and_never_claimed_before_azure_has_finished(mode, space):
    handle = space.apply()
    with handle.history() as history:
        handle.wait_ready(timeout=60)
    for status in history:
        ready = {one["type"]: one["status"] for one in status.get("conditions", [])}
        if "True" in {ready.get("Ready"), ready.get("EncryptionReady"), ready.get("VaultAccessReady")}:
            assert status["registry"]["provisioningState"] == "Succeeded"
            assert status["encryption"]["status"] == "enabled"


def test_a_key_changed_later_is_reported_only_once_azure_uses_it(mode, space):
    handle = space.ready()
    handle.patch({"key": {"name": "second"}})
    with handle.history() as history:
        handle.wait_ready(timeout=60)
    generation = handle.get()["metadata"]["generation"]
    claims = [
        status["encryption"]["keyVaultProperties"]["keyIdentifier"]
        for status in history
        if status["observedGeneration"] == generation
        and {"type": "Ready", "status": "True"}.items()
        <= next(one.items() for one in status["conditions"] if one["type"] == "Ready")
    ]
    assert claims
    assert all(identifier.endswith("/keys/second") for identifier in claims)
