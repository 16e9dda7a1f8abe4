"""The benchmark of many objects created at once: flips, write floor and ratio, and a small run from end to end."""

import dataclasses
import json
import subprocess
import sys

import pytest

from acrcmk_lab.bench import fleet, fleet_figures
from acrcmk_lab.bench.flips import Flips


def condition(status, reason, condition_type="Ready"):
    return {"type": condition_type, "status": status, "reason": reason}


def request(**changes):
    entry = {"record": "request", "service": "arm", "method": "PUT", "kind": "write", "status": 201, "code": None}
    return entry | {"path": "/subscriptions/s/providers/Microsoft.KeyVault/vaults/kv-fleet0001"} | changes


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([("Unknown", "Pending"), ("False", "Creating"), ("True", "Succeeded")], 0),
        ([("True", "Succeeded"), ("True", "Succeeded")], 0),
        ([("True", "Succeeded"), ("False", "Throttled")], 1),
        ([("True", "Succeeded"), ("Unknown", "Throttled")], 1),
        ([("False", "Creating"), ("False", "Propagating"), ("False", "Creating")], 1),
        ([("True", "Succeeded"), ("Unknown", "Throttled"), ("True", "Succeeded"), ("Unknown", "Throttled")], 3),
    ],
    ids=["forward", "unchanged", "true to false", "true to unknown", "reason back", "alternating"],
)
def test_a_flip_is_a_condition_that_goes_back(states, expected):
    flips = Flips()
    for status, reason in states:
        flips.observe("a", [condition(status, reason)])

    assert flips.total == expected


def test_conditions_of_other_types_and_other_objects_are_no_flips():
    flips = Flips()
    flips.observe("a", [condition("True", "Succeeded"), condition("False", "Creating", "VaultReady")])
    flips.observe("b", [condition("False", "Creating")])

    assert flips.total == 0


@pytest.mark.parametrize(("writes", "seconds"), [(0, 0), (200, 0), (250, 5), (2000, 180)])
def test_the_write_floor_is_the_time_for_the_writes_beyond_the_burst(writes, seconds):
    assert fleet_figures.floor_seconds(writes) == seconds


def test_only_the_first_successful_write_of_a_resource_is_needed():
    other = request(path="/subscriptions/s/providers/Microsoft.KeyVault/vaults/kv-fleet0002")
    requests = [
        request(),
        request(status=200),
        request(method="GET", kind="read", status=200),
        request(path="/refused", status=400),
        request(path="/checkNameAvailability", method="POST", kind="read", status=200),
        other,
    ]

    assert fleet_figures.needed_writes(requests) == 2


def test_the_ratio_is_of_the_floor_and_the_critical_path_together():
    assert fleet_figures.ratio(seconds=300, floor=50, path=100) == 2
    assert fleet_figures.ratio(seconds=300, floor=0, path=0) == 0


def test_the_critical_path_is_that_of_the_slowest_object():
    log = [
        request(path=f"/subscriptions/s/providers/Microsoft.KeyVault/vaults/kv-fleet000{number}", seconds=seconds)
        for number, seconds in ((1, 10.0), (2, 30.0), (3, 20.0))
    ]

    assert fleet_figures.critical_path_seconds(log) == 30
    assert fleet_figures.critical_path_seconds([]) == 0


def test_writes_of_kubernetes_are_counted_by_kind():
    log = [
        {"method": method, "path": f"/apis/acrcmk.dev/v1alpha1/namespaces/d/{path}", "status": status}
        for method, path, status in (
            ("GET", "encryptedregistries", 200),
            ("PATCH", "encryptedregistries/a/status", 200),
            ("PATCH", "encryptedregistries/b/status", 409),
            ("PATCH", "encryptedregistries/a", 200),
            ("POST", "events", 201),
        )
    ]

    assert fleet_figures.kube_writes(log) == {
        "PATCH  status": 1,
        "PATCH  status 409": 1,
        "PATCH  encryptedregistries": 1,
        "POST   events": 1,
    }


@pytest.mark.parametrize(("ready", "throttled", "succeeded"), [(3, 0, True), (2, 0, False), (3, 1, False)])
def test_a_run_succeeds_when_all_are_ready_and_azure_throttled_nothing(ready, throttled, succeeded):
    zeros = dict.fromkeys((field.name for field in dataclasses.fields(fleet_figures.Figures)), 0)
    figures = fleet_figures.Figures(**zeros | {"objects": 3, "ready": ready, "throttled": throttled})

    assert figures.succeeded is succeeded


def test_a_run_is_given_up_after_twice_the_limit():
    assert fleet.give_up_seconds(10) == 4 * 100
    assert fleet.give_up_seconds(400) == 4 * (180 + 100)


def test_a_small_run_makes_every_object_ready_and_ends_with_one_json_object():
    command = (sys.executable, "-m", "acrcmk_lab.cli", "bench-fleet", "--objects=3", "--speed=30")
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    *table, last = result.stdout.splitlines()
    figures = json.loads(last)

    assert result.returncode == 0, result.stdout + result.stderr
    assert set(figures) == {field.name for field in dataclasses.fields(fleet_figures.Figures)}
    assert figures["objects"] == figures["ready"] == 3
    assert figures["throttled"] == 0
    assert figures["floor_seconds"] == 0 < figures["critical_path_seconds"] < figures["seconds"]
    assert figures["reads_per_object"] > 0 < figures["kube_writes_per_object"]
    assert figures["writes_per_object"] >= 5
    assert figures["connections"] > 0 < figures["peak_mib"]
    assert any("answers of 429" in line for line in table)
