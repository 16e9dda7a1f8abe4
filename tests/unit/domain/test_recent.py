import datetime
from typing import Any

import pytest

from acrcmk.domain import queries
from acrcmk.domain.recent import Answers, Recent
from acrcmk.domain.writes import TagIdentity
from tests.unit.domain import builders

IDENTITY = queries.GetIdentity(id=builders.IDENTITY_ID)
VAULT = queries.GetVault(id=builders.VAULT_ID)
REGISTRY = queries.GetRegistry(id=builders.REGISTRY_ID)


class CountingAzure:
    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.reads = 0

    async def read(self, _: Any) -> Any:
        self.reads += 1
        return self.answer

    async def apply(self, _: Any) -> None:
        return None


async def reads(query: Any, answer: Any, *seconds: float) -> int:
    """Return how often Azure is read when an object is reconciled at these times."""
    azure, answers = CountingAzure(answer), Answers()
    for second in seconds:
        now = builders.NOW + datetime.timedelta(seconds=second)
        assert await Recent(azure, answers, now=now).read(query) == answer
    return azure.reads


@pytest.mark.parametrize(
    ("query", "answer", "expected"),
    [
        (IDENTITY, builders.identity(), 1),
        (IDENTITY, None, 3),
        (VAULT, builders.vault(), 1),
        (VAULT, builders.vault(provisioning_state="RegisteringDns"), 3),
        (REGISTRY, None, 1),
        (REGISTRY, builders.registry(), 3),
        (queries.GetRegistry(id=builders.REGISTRY_ID, fresh=True), None, 3),
    ],
)
async def test_what_is_settled_is_read_once_and_the_rest_each_time(query: Any, answer: Any, expected: int) -> None:
    assert await reads(query, answer, 0, 5, 10) == expected


async def test_after_a_minute_it_is_read_again() -> None:
    assert await reads(IDENTITY, builders.identity(), 0, 59, 61) == 2


async def test_a_write_outdates_what_it_changes() -> None:
    azure, answers = CountingAzure(builders.identity()), Answers()
    recent = Recent(azure, answers, now=builders.NOW)
    await recent.read(IDENTITY)
    await recent.apply(TagIdentity(id=builders.IDENTITY_ID, tags={}))
    await recent.read(IDENTITY)
    assert azure.reads == 2
