"""The runner, over a table and an Azure of its own."""

import asyncio
import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from acrcmk.api import status as statuses
from acrcmk.api.conditions import ConditionType, Reason
from acrcmk.domain.desired import Desired
from acrcmk.domain.failures import AzureFailure, Kind
from acrcmk.domain.memo import Memo
from acrcmk.domain.observed import Observed
from acrcmk.domain.outcome import Act, Blocked, Decision, Progressing, Ready, Waiting
from acrcmk.domain.queries import GroupExists, Query
from acrcmk.domain.steps import runner, table
from acrcmk.domain.steps.step import Results, Step
from acrcmk.domain.writes import CreateGroup, Write
from tests.unit.domain import builders

READY = Ready(message="there")
WRITE = CreateGroup(subscription="s", name="rg", location="l", tags={})
ACT = Act(writes=(WRITE,), meanwhile=Progressing(reason=Reason.CREATING, message="creating"))


@dataclasses.dataclass
class FakeAzure:
    """Azure with one resource group."""

    exists: bool = False
    applied: list[Write] = dataclasses.field(default_factory=list)
    reads: int = 0
    refuse: AzureFailure | None = None
    on_apply: Callable[[], None] = lambda: None

    async def read(self, query: Query[Any]) -> Any:
        self.reads += 1
        return self.exists

    async def apply(self, write: Write) -> None:
        self.applied.append(write)
        if self.refuse:
            raise self.refuse
        self.on_apply()


def step(name: str, *needs: str, decide: Callable[[Desired, Any], Decision] = lambda *_: READY, **more: Any) -> Any:
    async def observe(desired: Desired, observed: Observed, azure: Any) -> Observed:
        exists = await azure.read(GroupExists(subscription="s", name="rg"))
        return dataclasses.replace(observed, group_exists=exists)

    return Step(
        name=name,
        resource=lambda _: name,
        conditions=(ConditionType.READY,),
        needs=needs,
        decide=decide,
        **{"observe": observe, **more},
    )


async def ignore(_: Any) -> tuple[()]:
    return ()


async def run(*steps: Step, azure: Any = None, progress: Any = ignore, before_write: Any = ignore) -> Any:
    return await runner.run(
        builders.desired(), azure or FakeAzure(), before_write=before_write, progress=progress, steps=steps
    )


async def test_a_step_whose_needs_are_not_ready_waits_and_says_for_what() -> None:
    blocked = Blocked(reason=Reason.KEY_DISABLED, message="no")
    results = await run(step("a", decide=lambda *_: blocked), step("b", "a"), step("c", "b"))
    assert results["a"].outcome == blocked
    assert results["b"].outcome == Waiting(message="Waiting for: a.")
    assert results["c"].outcome == Waiting(message="Waiting for: b.")


async def test_a_progressing_step_may_unlock_the_next_one() -> None:
    propagating = Progressing(reason=Reason.PROPAGATING, message="soon", unlocks=True)
    results = await run(step("a", decide=lambda *_: propagating), step("b", "a"))
    assert results["b"].outcome == READY


async def test_a_write_is_followed_by_one_more_look() -> None:
    azure = FakeAzure()
    azure.on_apply = lambda: setattr(azure, "exists", True)
    results = await run(
        step("a", decide=lambda _, observed: READY if observed.group_exists else ACT), azure=Memo(azure)
    )
    assert results["a"].outcome == READY
    assert azure.applied == [WRITE]
    assert azure.reads == 2


async def test_a_write_that_does_not_show_yet_is_not_repeated_in_the_same_reconcile() -> None:
    azure = FakeAzure()
    results = await run(step("a", decide=lambda *_: ACT), azure=azure)
    assert results["a"].outcome == ACT.meanwhile
    assert azure.applied == [WRITE]


async def test_a_refused_write_is_reported_with_what_was_done_and_azures_words() -> None:
    azure = FakeAzure(refuse=AzureFailure(kind=Kind.REJECTED, text="BadRequest: no", correlation_id="c-1"))
    results = await run(step("a", decide=lambda *_: ACT), azure=azure)
    outcome = results["a"].outcome
    assert isinstance(outcome, Blocked)
    assert outcome.reason is Reason.AZURE_REJECTED
    assert "create resource group rg" in outcome.message
    assert "BadRequest: no (correlation id c-1)" in outcome.message


async def test_steps_that_need_nothing_of_each_other_run_side_by_side_and_slow_ones_hide_nothing() -> None:
    release, reported = asyncio.Event(), []

    async def slow(desired: Desired, observed: Observed, azure: Any) -> Observed:
        await release.wait()
        return observed

    async def progress(results: Results) -> None:
        reported.append({name: type(result.outcome).__name__ for name, result in results.items()})
        release.set()

    results = await run(step("slow", observe=slow), step("quick"), progress=progress)
    assert reported == [{"quick": "Ready"}]
    assert results["slow"].outcome == READY


async def test_a_memo_reads_once_for_all_steps_until_a_write() -> None:
    azure = FakeAzure(exists=True)
    await run(step("a"), step("b"), step("c", "a"), azure=Memo(azure))
    assert azure.reads == 1


def test_the_table_is_a_graph_whose_every_condition_exists() -> None:
    seen: set[str] = set()
    for row in table.STEPS:
        assert set(row.needs) <= seen
        assert row.conditions
        seen.add(row.name)


async def test_what_waits_for_something_in_progress_is_transient_and_for_something_blocked_is_not() -> None:
    progressing = Progressing(reason=Reason.CREATING, message="in progress")
    results = await run(step("a", decide=lambda *_: progressing), step("b", "a"), step("c", "b"))
    assert results["b"].outcome.transient
    assert results["c"].outcome.transient


async def test_a_write_that_may_not_be_recorded_is_not_applied_and_others_in_flight_are_not_cancelled() -> None:
    azure, finished = FakeAzure(), asyncio.Event()

    async def slow(desired: Desired, observed: Observed, azure: Any) -> Observed:
        await asyncio.sleep(0.01)
        finished.set()
        return observed

    async def refuse(_: Any) -> tuple[()]:
        raise RuntimeError("the ledger cannot be written")

    with pytest.raises(RuntimeError, match="ledger"):
        await run(step("slow", observe=slow), step("a", decide=lambda *_: ACT), azure=azure, before_write=refuse)
    assert azure.applied == []
    assert finished.is_set()


async def test_a_failed_read_changes_nothing_of_a_ready_object_and_is_reported_of_another() -> None:
    forbidden = AzureFailure(kind=Kind.AUTHORIZATION, text="AuthorizationFailed: no")

    async def observe(desired: Desired, observed: Observed, azure: Any) -> Observed:
        raise forbidden

    ready = statuses.EncryptedRegistryStatus(conditions=(builders.condition("Ready", "True"),))
    for status, holds in ((ready, True), (statuses.EncryptedRegistryStatus(), False)):
        results = await runner.run(
            builders.desired(status=status),
            FakeAzure(),
            before_write=ignore,
            progress=ignore,
            steps=(step("a", observe=observe),),
        )
        outcome = results["a"].outcome
        assert isinstance(outcome, Blocked)
        assert outcome.holds is holds
        assert outcome.message.startswith("Could not read a.")
