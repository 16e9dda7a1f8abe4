"""What is out of scope, by the data file's rules."""

import pytest

from acrcmk_lab.replay import recording, runner, scope
from tests.lab.tests.replay.recordings import (
    ARM,
    GROUP,
    IDENTITY,
    KEYS,
    REGISTRY,
    SUBSCRIPTION,
    VAULT,
    arm,
    exchange,
    tape,
)

CERTIFICATES = KEYS.replace("/keys", "/certificates")
SECRETS = KEYS.replace("/keys", "/secrets")
PROVIDERS = f"/subscriptions/{SUBSCRIPTION}/providers"


def reasons(*requests):
    """Return the reasons of requests, given as (method, URL) or (method, URL, status), in one recording."""
    entries = [exchange(method, url, *(status or [200]), {}) for method, url, *status in requests]
    judge = scope.Scope()
    return [judge.reason(found) for found in recording.parse(entries, name="x")]


def test_every_rule_has_a_reason():
    assert all(rule.reason for rule in scope.rules())


@pytest.mark.parametrize(
    "path",
    [
        VAULT,
        f"{VAULT}/keys/k",
        f"{VAULT}/accessPolicies/add",
        REGISTRY,
        f"{REGISTRY}/replications/x",
        f"{REGISTRY}/webhooks/x/ping",
        f"{REGISTRY}/listCredentials",
        f"{REGISTRY}/operationStatuses/x",
        f"{REGISTRY}/listUsages",
        IDENTITY,
        f"{IDENTITY}/federatedIdentityCredentials/x",
        GROUP,
        f"{GROUP}/resources",
        f"{PROVIDERS}/Microsoft.KeyVault",
        f"{PROVIDERS}/Microsoft.KeyVault/managedHSMs",
        f"{PROVIDERS}/Microsoft.KeyVault/locations/westus/deletedVaults/x",
        f"{VAULT}/providers/Microsoft.Authorization/roleAssignments/x",
        f"{VAULT}/providers/microsoft.insights/diagnosticSettings/x",
    ],
)
def test_the_lab_s_services_are_in_scope(path):
    assert reasons(("GET", arm(path)), ("GET", arm(path), 404)) == [None, None]


@pytest.mark.parametrize(
    ("url", "told"),
    [
        (f"{REGISTRY}/tasks/x", "builds"),
        (f"{REGISTRY}/scheduleRun", "builds"),
        (f"{REGISTRY}/tokens/x", "single repositories"),
        (f"{REGISTRY}/importImage", "images"),
        (f"{REGISTRY}/webhooks/x/listEvents", "images"),
        (f"{REGISTRY}/privateEndpointConnections/x", "networks"),
        (f"{VAULT}/privateLinkResources", "networks"),
        (f"{VAULT}/secrets/x", "templates"),
        (f"{GROUP}/providers/Microsoft.KeyVault/managedHSMs/x", "HSM"),
        (f"{GROUP}/providers/Microsoft.Network/virtualNetworks/x", "provider"),
        (f"{VAULT}/providers/Microsoft.Insights/metrics", "Monitor"),
        (f"{VAULT}/providers/Microsoft.Authorization/locks/x", "locks"),
        ("/providers/Microsoft.ContainerRegistry/operations", "catalogue"),
        (f"/subscriptions/{SUBSCRIPTION}/locations", "beyond"),
        (f"/subscriptions/{SUBSCRIPTION}", "account"),
        (f"/subscriptions/{SUBSCRIPTION}/providers", "all of Azure"),
    ],
)
def test_its_neighbours_are_not(url, told):
    assert told in reasons(("POST" if "." not in url.rpartition("/")[2] else "GET", arm(url)), ("GET", arm(url)))[-1]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_the_day_s_trouble_is_not_but_a_status_alone_is_no_trouble(status):
    refusal = exchange("PUT", arm(VAULT), status, {"error": {"code": "TooManyRequests", "message": "..."}})
    (troubled,) = recording.parse([refusal], name="x")
    assert "load" in scope.Scope().reason(troubled)
    assert reasons(("PUT", arm(VAULT), status)) == [None]


def test_what_an_exchange_out_of_scope_made_is_not_looked_for():
    told = reasons(
        ("GET", f"{CERTIFICATES}/c.1"),
        ("POST", f"{CERTIFICATES}/c.1/create"),
        ("GET", f"{CERTIFICATES}/c.1"),
        ("GET", f"{SECRETS}/c.1/0123"),
        ("GET", f"{KEYS}/cx1"),
        ("GET", f"{KEYS.replace('-one', '-two')}/c.1"),
    )
    assert [bool(reason) for reason in told] == [False, True, True, True, False, False]


def test_what_was_refused_made_nothing():
    refusal = exchange("POST", f"{CERTIFICATES}/c/create", 403, {"error": {"code": "Forbidden"}})
    judge = scope.Scope()
    first, second = recording.parse([refusal, exchange("GET", f"{CERTIFICATES}/c", 404, {})], name="x")
    assert (bool(judge.reason(first)), judge.reason(second)) == (True, None)


async def test_a_player_keeps_in_mind_what_is_out_of_scope():
    entries = [
        exchange("GET", f"{ARM}/providers/Microsoft.KeyVault/operations", 200, {"value": []}, at=0),
        exchange("POST", f"{CERTIFICATES}/c/create", 202, {}, at=1),
        exchange("GET", f"{CERTIFICATES}/c", 200, {"id": f"{CERTIFICATES}/c/1"}, at=2),
    ]
    result = await runner.play(tape(*entries))
    assert [outcome.verdict for outcome in result.outcomes] == ["out of scope"] * 3
