"""What is out of scope by the rules of the data file."""

import pytest

from acrcmk_lab.replay import recordings, runner, scope
from tests.lab.tests.replay.synthetic import (
    ARM,
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

CERTIFICATES = KEYS.replace("/keys", "/certificates")
SECRETS = KEYS.replace("/keys", "/secrets")
PROVIDERS = f"/subscriptions/{SUBSCRIPTION}/providers"


def reasons(*requests):
    """Return the reasons of requests, given as (method, URL) or (method, URL, status), in one recording."""
    entries = [exchange(method, url, *(status or [200]), {}) for method, url, *status in requests]
    rules = scope.Scope()
    return [rules.reason(entry) for entry in recordings.parse(entries, name="x")]


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
def test_the_services_of_the_lab_are_in_scope(path):
    assert reasons(("GET", arm(path)), ("GET", arm(path), 404)) == [None, None]


@pytest.mark.parametrize(
    ("url", "reason"),
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
def test_other_services_are_out_of_scope(url, reason):
    assert reason in reasons(("POST" if "." not in url.rpartition("/")[2] else "GET", arm(url)), ("GET", arm(url)))[-1]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_throttling_and_outages_are_out_of_scope_if_the_response_is_an_error(status):
    refusal = exchange("PUT", arm(VAULT), status, {"error": {"code": "TooManyRequests", "message": "..."}})
    (throttled,) = recordings.parse([refusal], name="x")
    assert "load" in scope.Scope().reason(throttled)
    assert reasons(("PUT", arm(VAULT), status)) == [None]


def test_resources_created_out_of_scope_are_out_of_scope():
    results = reasons(
        ("GET", f"{CERTIFICATES}/c.1"),
        ("POST", f"{CERTIFICATES}/c.1/create"),
        ("GET", f"{CERTIFICATES}/c.1"),
        ("GET", f"{SECRETS}/c.1/0123"),
        ("GET", f"{KEYS}/cx1"),
        ("GET", f"{KEYS.replace('-one', '-two')}/c.1"),
    )
    assert [bool(reason) for reason in results] == [False, True, True, True, False, False]


def test_a_failed_request_out_of_scope_creates_nothing():
    refusal = exchange("POST", f"{CERTIFICATES}/c/create", 403, {"error": {"code": "Forbidden"}})
    rules = scope.Scope()
    first, second = recordings.parse([refusal, exchange("GET", f"{CERTIFICATES}/c", 404, {})], name="x")
    assert (bool(rules.reason(first)), rules.reason(second)) == (True, None)


async def test_the_runner_applies_the_rules_in_order():
    entries = [
        exchange("GET", f"{ARM}/providers/Microsoft.KeyVault/operations", 200, {"value": []}, at=0),
        exchange("POST", f"{CERTIFICATES}/c/create", 202, {}, at=1),
        exchange("GET", f"{CERTIFICATES}/c", 200, {"id": f"{CERTIFICATES}/c/1"}, at=2),
    ]
    result = await runner.replay(recording(*entries))
    assert [outcome.verdict for outcome in result.outcomes] == ["out of scope"] * 3


def test_operations_started_out_of_scope_are_out_of_scope():
    operation = (
        f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.ContainerRegistry/locations/WESTUS/operationResults/x"
    )
    entries = [
        exchange("GET", arm(operation), 200),
        exchange("DELETE", arm(f"{REGISTRY}/cacheRules/x"), 202, location=f"{ARM}{operation}?api-version=1&t=2&c=3"),
        exchange("GET", arm(operation), 202, location=f"{ARM}{operation}2?api-version=1"),
        exchange("GET", arm(f"{operation}2"), 200),
        exchange("GET", arm(f"{operation}3"), 200),
    ]
    rules = scope.Scope()
    out_of_scope = [bool(rules.reason(entry)) for entry in recordings.parse(entries, name="x")]
    assert out_of_scope == [False, True, True, True, False]


@pytest.mark.parametrize(("version", "expected"), [("2016-10-01", True), ("7.0", False), ("7.6", False)])
def test_vault_versions_before_7_are_out_of_scope(version, expected):
    assert bool(reasons(("GET", f"{KEYS}?api-version={version}"))[0]) is expected
