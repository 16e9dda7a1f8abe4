"""Signs that a recording was edited."""

import pytest

from acrcmk_lab.replay import edits
from tests.lab.tests.replay.synthetic import ARM, GROUP, IDENTITY, arm, exchange, recording

SIGNED = f"{ARM}/subscriptions/x/operationresults/y?api-version=2020-06-01&t=638344664172227678&c=MII"
"""Signed on 2023-11-01."""
PLACEHOLDER = "2001-02-03T04:05:06Z"


def shown(location, at, *, method="GET", status=200):
    return exchange(method, arm(IDENTITY), status, {"location": location, "tags": {"CreatedAt": PLACEHOLDER}}, at=at)


@pytest.mark.parametrize(
    ("entries", "edited"),
    [
        ([exchange("GET", arm(GROUP, "2024-06-26"), 200, {}, at=0)], []),
        ([exchange("GET", arm(GROUP, "2024-06-27"), 200, {}, at=0), shown("westus", 1)], [0, 1]),
        ([exchange("GET", arm(GROUP, "2024-06-27-preview"), 200, {}, at=0)], [0]),
        ([exchange("GET", arm(GROUP, "7.6"), 200, {}, at=0)], []),
        ([exchange("GET", arm(GROUP, "2024-06-27"), 200, {})], []),
        ([exchange("DELETE", arm(GROUP, "2024-11-01"), 202, location=SIGNED)], [0]),
        ([exchange("DELETE", arm(GROUP, "2023-07-01"), 202, location=SIGNED)], []),
    ],
)
def test_a_recording_with_a_newer_api_version_is_edited(entries, edited):
    assert list(edits.edited_exchanges(recording(*entries))) == edited


@pytest.mark.parametrize(
    ("entries", "edited"),
    [
        ([shown("westus", 0, method="PUT", status=201), shown("West US", 1)], []),
        ([shown("westus", 0, method="PUT", status=201), shown("westus2", 1)], [1]),
        ([shown("westus", 0), exchange("DELETE", arm(IDENTITY), 200, at=1), shown("westus2", 2)], []),
        ([shown("westus", 0), exchange("DELETE", arm(GROUP), 202, at=1), shown("westus2", 2)], []),
    ],
)
def test_a_resource_in_two_regions_is_edited(entries, edited):
    assert list(edits.edited_exchanges(recording(*entries))) == edited


def test_two_regions_without_placeholders_of_a_recorder_are_a_difference():
    entries = [exchange("GET", arm(IDENTITY), 200, {"location": location}, at=0) for location in ("westus", "westus2")]
    assert edits.edited_exchanges(recording(*entries)) == {}
