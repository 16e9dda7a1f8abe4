"""Delays read from recordings: from the last answer that shows a thing under way to the first that shows it done."""

import itertools

import pytest

from acrcmk_lab.replay import principals, progress, schedule
from tests.lab.tests.replay import recordings
from tests.lab.tests.replay.recordings import GROUP, IDENTITY, KEYS, REGISTRY, SUBSCRIPTION, VAULT, arm, exchange, tape

STATUS = f"{REGISTRY}/operationStatuses/registries-1"
RESULT = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.KeyVault/locations/westus/operationResults/abc"
DELETED = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.KeyVault/locations/westus/deletedVaults/vault-one"
ASSIGNMENT = f"{GROUP}/providers/Microsoft.Authorization/roleAssignments/{recordings.CLIENT}"
PRINCIPAL = "121b7114-0556-44a0-ac9e-d70f9b0178b8"


def switches(*entries):
    found = tape(*entries)
    return progress.switches(found, moments=schedule.moments(found))


def state(word):
    return {"properties": {"provisioningState": word}}


def vault(method, word, at):
    return exchange(method, arm(VAULT), 200, state(word), at=at)


def poll(word, at):
    return exchange("GET", arm(STATUS), 200, {"status": word}, at=at)


def assigned(status, at, **wanted):
    got = {"error": {"code": "PrincipalNotFound", "message": ""}} if status == 400 else {"properties": {}}
    return exchange(
        "PUT", arm(ASSIGNMENT), status, got, sent={"properties": {"principalId": PRINCIPAL, **wanted}}, at=at
    )


BEGUN = exchange("PUT", arm(REGISTRY), 201, state("Creating"), at=0, azure_asyncoperation=recordings.ARM + STATUS)
CASES = {
    "vault seen twice": (
        [vault("PUT", "RegisteringDns", 0), vault("GET", "RegisteringDns", 10), vault("GET", "Succeeded", 20)],
        {"dns_delay": 15},
    ),
    "vault seen by its data plane": (
        [vault("PUT", "RegisteringDns", 0), exchange("GET", f"{KEYS}?api-version=7.4", 401, at=8)],
        {"dns_delay": 4},
    ),
    "vault never done": ([vault("PUT", "RegisteringDns", 0), vault("GET", "RegisteringDns", 10)], {"dns_delay": 86400}),
    "vault not looked at": ([vault("PUT", "RegisteringDns", 0)], {}),
    "vault updated": ([vault("PUT", "Succeeded", 0), vault("GET", "Succeeded", 10)], {}),
    "operation": ([BEGUN, poll("Creating", 0), poll("Creating", 10), poll("Succeeded", 20)], {"acr_operation": 15}),
    "operation by the resource": (
        [BEGUN, exchange("GET", arm(REGISTRY), 200, state("Succeeded"), at=6)],
        {"acr_operation": 3},
    ),
    "operation failed": ([BEGUN, poll("Creating", 4), poll("Failed", 8)], {"acr_operation": 6}),
    "purge": (
        [
            exchange("POST", arm(f"{DELETED}/purge"), 202, at=0, location=recordings.ARM + RESULT),
            exchange("GET", arm(RESULT), 202, {"status": "NotStarted"}, at=5),
            exchange("GET", arm(RESULT), 200, {"status": "Succeeded"}, at=11),
        ],
        {"vault_purge": 8},
    ),
    "group gone for who is in it": (
        [
            exchange("DELETE", arm(GROUP), 202, at=0, location="https://management.azure.com/op/1"),
            exchange("DELETE", arm(IDENTITY), 404, {"error": {"code": "ResourceGroupNotFound"}}, at=10),
        ],
        {"group_delete": 5},
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
    "identity seen by authorization": (
        [
            exchange("PUT", arm(IDENTITY), 201, {"properties": {"principalId": PRINCIPAL}}, at=0),
            assigned(400, 5),
            assigned(400, 10),
            assigned(201, 16),
        ],
        {"principal_replication": 13},
    ),
    "identity not looked for": (
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
def test_a_delay_lies_between_what_was_seen(case):
    entries, expected = CASES[case]
    found = switches(*entries).get(0, {})
    assert {name: round(float(found[name])) for name in found if name != "acr_plain_create"} == expected


@pytest.mark.parametrize(("status", "form"), [(200, "sync"), (201, "async")])
def test_whether_a_create_was_done_at_once_is_read_from_its_status(status, form):
    entry = exchange("PUT", arm(REGISTRY), status, state("Succeeded"), at=0)
    assert switches(entry)[0]["acr_plain_create"] == form


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

    begun = exchange("PUT", arm(replica), 201, state("Creating"), at=0, azure_asyncoperation=recordings.ARM + status)
    done = exchange("GET", arm(status), 200, {"status": "Succeeded"}, at=10)
    assert float(switches(begun, done, shown("Ready", 12))[0]["acr_replica_sync"]) < 2
    assert float(
        switches(begun, done, shown("Syncing", 12), shown("Ready", 30))[0]["acr_replica_sync"]
    ) == pytest.approx(16)
    assert float(switches(begun, done, shown("Syncing", 12))[0]["acr_replica_sync"]) > 3600


def test_moments_rise_even_within_one_second():
    found = schedule.moments(tape(*(exchange("GET", arm(GROUP), 200, {}, at=at) for at in (5, 5, 3, 6, None))))
    assert all(earlier < later for earlier, later in itertools.pairwise(found))
    assert (found[3] - found[0]).total_seconds() == pytest.approx(1, abs=0.1)


def test_without_dates_a_recording_is_younger_than_its_versions():
    found = schedule.moments(tape(*(exchange("GET", arm(GROUP, "2023-02-01"), 200, {}) for _ in range(3))))
    assert [str(moment.date()) for moment in found] == ["2023-02-02"] * 3
    assert found[1] - found[0] == schedule.PACE


def test_a_principal_from_elsewhere_appears_between_refusal_and_success():
    found = tape(assigned(400, 0), assigned(400, 10), assigned(201, 20))
    moments = schedule.moments(found)
    (known,) = principals.derive(found, moments=moments, fresh=lambda: recordings.CLIENT).known
    assert known.principal.object_id == PRINCIPAL
    assert (known.visible - moments[0]).total_seconds() == pytest.approx(15)


def test_a_principal_never_refused_was_there_all_along():
    found = tape(assigned(201, 0))
    (known,) = principals.derive(found, moments=schedule.moments(found), fresh=lambda: recordings.CLIENT).known
    assert known.visible is None
