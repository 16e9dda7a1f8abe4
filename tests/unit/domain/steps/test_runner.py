"""The runner, over a table and an Azure of its own."""

import asyncio
import dataclasses
from collections.abc import Callable
from typing import Any

from acrcmk.api.conditions import ConditionType, Reason
from acrcmk.domain import steps
from acrcmk.domain.decision import Act, Decision
from acrcmk.domain.failures import AzureFailure, Kind
from acrcmk.domain.outcome import Blocked, Progressing, Ready, Waiting
from acrcmk.domain.subject import Subject
from acrcmk.domain.view import View
from acrcmk.domain.writes import CreateGroup, Write
from tests.unit.domain import builders

READY = Ready(message="there")
WRITE = CreateGroup(subscription="s", name="rg", location="l", tags={})
ACT = Act(writes=(WRITE,), meanwhile=Progressing(reason=Reason.CREATING, message="creating"))


@dataclasses.dataclass
class FakeAzure:
    """Only `apply` and `group_exists` are asked for here."""

    exists: bool = False
    applied: list[Write] = dataclasses.field(default_factory=list)
    reads: int = 0
    refuse: AzureFailure | None = None
    on_apply: Callable[[], None] = lambda: None

    async def group_exists(self, subscription: str, name: str) -> bool:
        self.reads += 1
        return self.exists

    async def apply(self, write: Write) -> None:
        self.applied.append(write)
        if self.refuse:
            raise self.refuse
        self.on_apply()


def step(name: str, *needs: str, decide: Callable[[Subject, Any], Decision] = lambda *_: READY, **more: Any) -> Any:
    async def observe(subject: Subject, azure: Any) -> Any:
        return await azure.group_exists("s", "rg")

    return steps.Step(
        name=name, conditions=(ConditionType.READY,), needs=needs, decide=decide, **{"observe": observe, **more}
    )


async def nobody(_: steps.Results) -> None:
    return


async def run(*table: steps.Step, azure: Any = None, changed: Any = nobody) -> Any:
    return await steps.run(builders.subject(), azure or FakeAzure(), changed=changed, table=table)


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
    results = await run(step("a", decide=lambda _, exists: READY if exists else ACT), azure=View(azure))
    assert results["a"].outcome == READY
    assert azure.applied == [WRITE]
    assert azure.reads == 2


async def test_a_write_that_does_not_show_yet_is_not_repeated_in_the_same_pass() -> None:
    azure = FakeAzure()
    results = await run(step("a", decide=lambda *_: ACT), azure=azure)
    assert results["a"].outcome == ACT.meanwhile
    assert azure.applied == [WRITE]


async def test_a_refused_write_is_told_with_what_was_done_and_azures_words() -> None:
    azure = FakeAzure(refuse=AzureFailure(kind=Kind.REJECTED, text="BadRequest: no", correlation_id="c-1"))
    results = await run(step("a", decide=lambda *_: ACT), azure=azure)
    outcome = results["a"].outcome
    assert isinstance(outcome, Blocked)
    assert outcome.reason is Reason.AZURE_REJECTED
    assert "create resource group rg" in outcome.message
    assert "BadRequest: no (correlation id c-1)" in outcome.message


async def test_steps_that_need_nothing_of_each_other_run_side_by_side_and_slow_ones_hide_nothing() -> None:
    release, told = asyncio.Event(), []

    async def slow(subject: Subject, azure: Any) -> bool:
        await release.wait()
        return True

    async def changed(results: steps.Results) -> None:
        told.append({name: type(result.outcome).__name__ for name, result in results.items()})
        release.set()

    results = await run(step("slow", observe=slow), step("quick"), changed=changed)
    assert told == [{"quick": "Ready"}]
    assert results["slow"].outcome == READY


async def test_a_view_reads_once_for_all_steps_until_a_write() -> None:
    azure = FakeAzure(exists=True)
    await run(step("a"), step("b"), step("c", "a"), azure=View(azure))
    assert azure.reads == 1


def test_the_table_is_a_graph_whose_every_condition_exists() -> None:
    seen: set[str] = set()
    for row in steps.TABLE:
        assert set(row.needs) <= seen
        assert row.conditions
        seen.add(row.name)
