"""The table of steps, and the runner: a step runs once those it needs let it, side by side with all others that may.

To add a step: write its module with `observe` and `decide`, and give it a row in `TABLE`.
"""

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from acrcmk.api.conditions import ConditionType
from acrcmk.domain import access, currency, encryption, failures, group, identity, key, registry, vault
from acrcmk.domain.decision import Act, Decision
from acrcmk.domain.outcome import Outcome, Waiting, unlocks
from acrcmk.domain.ports import Azure
from acrcmk.domain.subject import Subject


class Explain(Protocol):
    """Turns a failure into an outcome; `doing` says to which resource what was being done."""

    def __call__(self, subject: Subject, failure: failures.AzureFailure, *, doing: str) -> Outcome:
        """Explain the failure."""


def plainly(subject: Subject, failure: failures.AzureFailure, *, doing: str) -> Outcome:  # noqa: ARG001 - as `Explain`
    """Explain a failure without knowing more of the step."""
    return failures.outcome_of(failure, doing=doing)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Step:
    """One row: `observe` reads, `decide` is pure; its outcome goes onto `conditions`.

    An informational step is reported, but has no say in Ready.
    """

    name: str
    conditions: tuple[ConditionType, ...]
    needs: tuple[str, ...]
    observe: Callable[[Subject, Azure], Awaitable[Any]]
    decide: Callable[[Subject, Any], Decision]
    explain: Explain = plainly
    informational: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class Result:
    """What came of a step; `observed` is None when it could not be observed or was not run."""

    outcome: Outcome
    observed: Any = None


Results = Mapping[str, Result]

TABLE = (
    Step(
        name="group",
        conditions=(ConditionType.IDENTITY_READY, ConditionType.VAULT_READY),
        needs=(),
        observe=group.observe,
        decide=group.decide,
    ),
    Step(
        name="identity",
        conditions=(ConditionType.IDENTITY_READY,),
        needs=("group",),
        observe=identity.observe,
        decide=identity.decide,
    ),
    Step(
        name="vault",
        conditions=(ConditionType.VAULT_READY,),
        needs=("group",),
        observe=vault.observe,
        decide=vault.decide,
    ),
    Step(
        name="access",
        conditions=(ConditionType.VAULT_ACCESS_READY,),
        needs=("identity", "vault"),
        observe=access.observe,
        decide=access.decide,
    ),
    Step(
        name="key",
        conditions=(ConditionType.KEY_READY,),
        needs=("vault",),
        observe=key.observe,
        decide=key.decide,
    ),
    Step(
        name="registry",
        conditions=(ConditionType.REGISTRY_READY,),
        needs=("access", "key"),
        observe=registry.observe,
        decide=registry.decide,
        explain=registry.explain,
    ),
    Step(
        name="encryption",
        conditions=(ConditionType.ENCRYPTION_READY,),
        needs=("registry",),
        observe=encryption.observe,
        decide=encryption.decide,
    ),
    Step(
        name="currency",
        conditions=(ConditionType.KEY_CURRENT,),
        needs=("registry",),
        observe=currency.observe,
        decide=currency.decide,
        informational=True,
    ),
)


async def run(
    subject: Subject,
    azure: Azure,
    *,
    changed: Callable[[Results], Awaitable[None]],
    table: tuple[Step, ...] = TABLE,
) -> Results:
    """Run every step that may run; those that may not are `Waiting`.

    `changed` is told what has ended so far each time a step ends while others are still at work, so that a slow call
    (Azure holds a registry's PUT up to 22 s) does not hide what is already done.
    """
    results: dict[str, Result] = {}
    running: dict[asyncio.Task[Result], Step] = {}
    try:
        while True:
            for step in table:
                if step.name not in results and step not in running.values() and _may_run(step, results):
                    running[asyncio.create_task(_run_step(step, subject, azure), name=step.name)] = step
            if not running:
                break
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                results[running.pop(task).name] = task.result()
            if running:
                await changed(results)
    finally:
        for task in running:
            task.cancel()
    return {step.name: results.get(step.name) or _waiting(step, results) for step in table}


def _may_run(step: Step, results: Results) -> bool:
    return all(need in results and unlocks(results[need].outcome) for need in step.needs)


def _waiting(step: Step, results: Results) -> Result:
    missing = [need for need in step.needs if need not in results or not unlocks(results[need].outcome)]
    return Result(outcome=Waiting(message=f"Waiting for: {', '.join(missing)}."))


async def _run_step(step: Step, subject: Subject, azure: Azure) -> Result:
    """Look, decide, write, and look once more whether that did it; what did not waits for the next pass."""
    first = await _look(step, subject, azure)
    if not isinstance(first, Act):
        return first
    for write in first.writes:
        try:
            await azure.apply(write)
        except failures.AzureFailure as failure:
            return Result(outcome=step.explain(subject, failure, doing=str(write)))
    second = await _look(step, subject, azure)
    return Result(outcome=second.meanwhile) if isinstance(second, Act) else second


async def _look(step: Step, subject: Subject, azure: Azure) -> Result | Act:
    try:
        observed = await step.observe(subject, azure)
    except failures.AzureFailure as failure:
        return Result(outcome=step.explain(subject, failure, doing=f"look at the {step.name}"))
    decision = step.decide(subject, observed)
    return decision if isinstance(decision, Act) else Result(outcome=decision, observed=observed)
