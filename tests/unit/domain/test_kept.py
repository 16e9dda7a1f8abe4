import datetime
from typing import Any

import pytest

from acrcmk.domain import kept, queries
from acrcmk.domain.failures import AzureFailure, Kind
from acrcmk.domain.resources import RegistrySettings
from acrcmk.domain.writes import CreateIdentity, UpdateRegistry
from tests.unit.domain import builders

RESYNC = datetime.timedelta(minutes=10)
UPDATE = UpdateRegistry(id=builders.REGISTRY_ID, settings=RegistrySettings(public_network_access="Enabled"))
REGISTRY = queries.GetRegistry(id=builders.REGISTRY_ID)


class RevertingAzure:
    """Accepts every write and shows the same registry afterwards."""

    def __init__(self, **changes: Any) -> None:
        settings = RegistrySettings(public_network_access="Disabled")
        self.registry = builders.registry(settings=settings, **changes)
        self.applied: list[Any] = []

    async def read(self, _: Any) -> Any:
        return self.registry

    async def apply(self, write: Any) -> None:
        self.applied.append(write)


async def attempt(
    azure: RevertingAzure, history: kept.History, *, minutes: float = 0, write: Any = UPDATE
) -> AzureFailure | None:
    now = builders.NOW + datetime.timedelta(minutes=minutes)
    port = kept.Kept(azure, history, now=now, resync=RESYNC)
    await port.read(REGISTRY)
    try:
        await port.apply(write)
    except AzureFailure as failure:
        return failure
    return None


async def test_a_change_that_is_reverted_three_times_is_not_made_a_fourth_time_and_says_what_differs() -> None:
    azure, history = RevertingAzure(), {}
    assert [await attempt(azure, history, minutes=minutes) for minutes in (0, 1, 2)] == [None, None, None]
    failure = await attempt(azure, history, minutes=3)
    assert failure is not None
    assert failure.kind is Kind.CHANGE_NOT_KEPT
    assert failure.text == "public network access is Disabled, the spec asks for Enabled"
    assert failure.retry_after == RESYNC.total_seconds()
    assert len(azure.applied) == 3


async def test_after_an_hour_it_is_tried_once_more() -> None:
    azure, history = RevertingAzure(), {}
    for minutes in (0, 1, 2, 63):
        assert await attempt(azure, history, minutes=minutes) is None
    assert await attempt(azure, history, minutes=64) is not None


async def test_another_change_is_counted_by_itself() -> None:
    azure, history = RevertingAzure(), {}
    for minutes in (0, 1, 2):
        await attempt(azure, history, minutes=minutes)
    tags = UpdateRegistry(id=builders.REGISTRY_ID, tags={"team": "a"})
    assert await attempt(azure, history, minutes=3, write=tags) is None


async def test_a_failed_operation_kept_nothing_so_it_is_not_counted() -> None:
    azure, history = RevertingAzure(provisioning_state="Failed"), {}
    assert [await attempt(azure, history, minutes=minutes) for minutes in range(6)] == [None] * 6


async def test_a_create_is_never_held_back() -> None:
    azure, history = RevertingAzure(), {}
    create = CreateIdentity(id=builders.IDENTITY_ID, location="westeurope", tags={})
    assert [await attempt(azure, history, write=create) for _ in range(6)] == [None] * 6


@pytest.mark.parametrize(
    ("write", "text"),
    [
        (UpdateRegistry(id=builders.REGISTRY_ID, tags={"Team": "a"}), "tag Team is not set, the spec asks for a"),
        (
            UpdateRegistry(id=builders.REGISTRY_ID, settings=RegistrySettings(ip_rules=frozenset({"1.2.3.4"}))),
            "ip rules is empty, the spec asks for 1.2.3.4",
        ),
    ],
)
def test_the_differences_name_field_and_both_values(write: UpdateRegistry, text: str) -> None:
    assert kept.differences(write, builders.registry(tags={})) == text
