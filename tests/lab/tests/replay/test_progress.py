"""Delays read from recordings: between the last response in progress and the first that is finished."""

import itertools

import pytest

from acrcmk_lab.replay import principals, progress, schedule
from tests.lab.tests.replay import synthetic
from tests.lab.tests.replay.synthetic import (
    GROUP,
    IDENTITY,
    KEYS,
    REGISTRY,
    SUBSCRIPTION,
    VAULT,
    arm,
    exchange,
    recording,
)

STATUS = f"{REGISTRY}/operationStatuses/registries-1"
RESULT = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.KeyVault/locations/westus/operationResults/abc"
DELETED = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.KeyVault/locations/westus/deletedVaults/vault-one"
ASSIGNMENT = f"{GROUP}/providers/Microsoft.Authorization/roleAssignments/{synthetic.CLIENT}"
PRINCIPAL = "121b7114-0556-44a0-ac9e-d70f9b0178b8"


def settings(*entries):
    actual = recording(*entries)
    return progress.settings(actual, timestamps=schedule.timestamps(actual))


def state(name):
    return {"properties": {"provisioningState": name}}


def vault(method, word, at):
    return exchange(method, arm(VAULT), 200, state(word), at=at)


def poll(word, at):
    return exchange("GET", arm(STATUS), 200, {"status": word}, at=at)


def assigned(status, at, **properties):
    response_body = {"error": {"code": "PrincipalNotFound", "message": ""}} if status == 400 else {"properties": {}}
    return exchange(
        "PUT",
        arm(ASSIGNMENT),
        status,
        response_body,
        request_body={"properties": {"principalId": PRINCIPAL, **properties}},
        at=at,
    )


STARTED = exchange("PUT", arm(REGISTRY), 201, state("Creating"), at=0, azure_asyncoperation=synthetic.ARM + STATUS)
CASES = {
    "vault read twice": (
        [vault("PUT", "RegisteringDns", 0), vault("GET", "RegisteringDns", 10), vault("GET", "Succeeded", 20)],
        {"dns_delay": 15},
    ),
    "vault used by its data plane": (
        [vault("PUT", "RegisteringDns", 0), exchange("GET", f"{KEYS}?api-version=7.4", 401, at=8)],
        {"dns_delay": 4},
    ),
    "vault never finished": (
        [vault("PUT", "RegisteringDns", 0), vault("GET", "RegisteringDns", 10)],
        {"dns_delay": 86400},
    ),
    "vault not read": ([vault("PUT", "RegisteringDns", 0)], {}),
    "vault updated": ([vault("PUT", "Succeeded", 0), vault("GET", "Succeeded", 10)], {}),
    "operation": ([STARTED, poll("Creating", 0), poll("Creating", 10), poll("Succeeded", 20)], {"acr_operation": 15}),
    "operation by the resource": (
        [STARTED, exchange("GET", arm(REGISTRY), 200, state("Succeeded"), at=6)],
        {"acr_operation": 3},
    ),
    "operation failed": ([STARTED, poll("Creating", 4), poll("Failed", 8)], {"acr_operation": 6}),
    "purge": (
        [
            exchange("POST", arm(f"{DELETED}/purge"), 202, at=0, location=synthetic.ARM + RESULT),
            exchange("GET", arm(RESULT), 202, {"status": "NotStarted"}, at=5),
            exchange("GET", arm(RESULT), 200, {"status": "Succeeded"}, at=11),
        ],
        {"vault_purge": 8},
    ),
    "group deleted for its resources": (
        [
            exchange("DELETE", arm(GROUP), 202, at=0, location="https://management.azure.com/op/1"),
            exchange("DELETE", arm(IDENTITY), 404, {"error": {"code": "ResourceGroupNotFound"}}, at=10),
        ],
        {"group_delete": 5},
    ),
    "group deleted by a HEAD request": (
        [
            exchange("DELETE", arm(GROUP), 202, at=0, location="https://management.azure.com/op/1"),
            exchange("HEAD", arm(GROUP), 204, at=4),
            exchange("HEAD", arm(GROUP), 404, at=10),
        ],
        {"group_delete": 7},
    ),
    "registration": (
        [
            exchange(
                "POST",
                arm(f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.KeyVault/register"),
                200,
                {},
                at=0,
            ),
            *(
                exchange(
                    "GET",
                    arm(f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.KeyVault"),
                    200,
                    {"registrationState": word},
                    at=at,
                )
                for word, at in (("Registering", 10), ("Registered", 20))
            ),
        ],
        {"provider_registration": 15},
    ),
    "identity visible to authorization": (
        [
            exchange("PUT", arm(IDENTITY), 201, {"properties": {"principalId": PRINCIPAL}}, at=0),
            assigned(400, 5),
            assigned(400, 10),
            assigned(201, 16),
        ],
        {"principal_replication": 13},
    ),
    "identity not checked": (
        [
            exchange("PUT", arm(IDENTITY), 201, {"properties": {"principalId": PRINCIPAL}}, at=0),
            assigned(201, 5, principalType="ServicePrincipal"),
        ],
        {},
    ),
    "key deleted": (
        [
            exchange("DELETE", f"{KEYS}/key1?api-version=7.4", 200, {}, at=0),
            exchange("GET", "https://vault-one.vault.azure.net/deletedkeys/key1?api-version=7.4", 404, {}, at=2),
            exchange("GET", "https://vault-one.vault.azure.net/deletedkeys/key1?api-version=7.4", 200, {}, at=4),
        ],
        {"key_delete": 3},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_delay_lies_between_two_observations(case):
    entries, expected = CASES[case]
    actual = settings(*entries).get(0, {})
    assert {name: round(float(actual[name])) for name in actual if name != "acr_plain_create"} == expected


@pytest.mark.parametrize(("status", "form"), [(200, "sync"), (201, "async")])
def test_the_status_of_a_create_shows_whether_it_is_asynchronous(status, form):
    entry = exchange("PUT", arm(REGISTRY), status, state("Succeeded"), at=0)
    assert settings(entry)[0]["acr_plain_create"] == form


def test_a_replica_is_in_sync_some_time_after_its_operation():
    replica = f"{REGISTRY}/replications/eastus"
    status = f"{replica}/operationStatuses/replications-1"

    def shown(word, at):
        return exchange(
            "GET",
            arm(replica),
            200,
            {"properties": {"provisioningState": "Succeeded", "status": {"displayStatus": word}}},
            at=at,
        )

    started = exchange("PUT", arm(replica), 201, state("Creating"), at=0, azure_asyncoperation=synthetic.ARM + status)
    done = exchange("GET", arm(status), 200, {"status": "Succeeded"}, at=10)
    assert float(settings(started, done, shown("Ready", 12))[0]["acr_replica_sync"]) < 2
    assert float(
        settings(started, done, shown("Syncing", 12), shown("Ready", 30))[0]["acr_replica_sync"]
    ) == pytest.approx(16)
    assert float(settings(started, done, shown("Syncing", 12))[0]["acr_replica_sync"]) > 3600


def test_times_increase_even_within_one_second():
    actual = schedule.timestamps(recording(*(exchange("GET", arm(GROUP), 200, {}, at=at) for at in (5, 5, 3, 6, None))))
    assert all(earlier < later for earlier, later in itertools.pairwise(actual))
    assert (actual[3] - actual[0]).total_seconds() == pytest.approx(1, abs=0.1)


def test_a_recording_without_dates_is_newer_than_its_api_versions():
    actual = schedule.timestamps(recording(*(exchange("GET", arm(GROUP, "2023-02-01"), 200, {}) for _ in range(3))))
    assert [str(timestamp.date()) for timestamp in actual] == ["2023-02-02"] * 3
    assert actual[1] - actual[0] == schedule.PACE


def test_another_principal_becomes_visible_between_failure_and_success():
    actual = recording(assigned(400, 0), assigned(400, 10), assigned(201, 20))
    timestamps = schedule.timestamps(actual)
    (known,) = principals.derive(actual, timestamps=timestamps, new_guid=lambda: synthetic.CLIENT).known
    assert known.principal.object_id == PRINCIPAL
    assert (known.visible_from - timestamps[0]).total_seconds() == pytest.approx(15)


def test_a_principal_without_failures_is_always_visible():
    actual = recording(assigned(201, 0))
    (known,) = principals.derive(
        actual, timestamps=schedule.timestamps(actual), new_guid=lambda: synthetic.CLIENT
    ).known
    assert known.visible_from is None
