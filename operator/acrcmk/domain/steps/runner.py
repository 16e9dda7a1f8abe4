"""Run the table of steps: each step once the steps that it needs allow it, at the same time as all others that may run.

The modes of the runner are ports: the real Azure applies writes (live), `dry.DryRun` collects them, and
`forecast.Forecast` applies them to predicted resources.
"""

import asyncio
from collections.abc import Awaitable, Callable

from acrcmk.domain import failures
from acrcmk.domain.desired import Desired
from acrcmk.domain.observed import Observed, merged
from acrcmk.domain.outcome import Act, Outcome, Progressing, Waiting, unlocks
from acrcmk.domain.port import Azure
from acrcmk.domain.steps.step import Result, Results, Step
from acrcmk.domain.steps.table import STEPS
from acrcmk.domain.writes import Write


async def run(
    desired: Desired,
    azure: Azure,
    *,
    before_write: Callable[[Write], Awaitable[None]],
    progress: Callable[[Results], Awaitable[None]],
    steps: tuple[Step, ...] = STEPS,
) -> Results:
    """Run every step that may run; the others are `Waiting`.

    `before_write` is awaited before each write and prevents it by raising. `progress` is awaited each time that a
    step has ended while others are still running, so that a slow call (Azure holds the PUT of a registry up to 22 s,
    azure-behaviour.md 1.1) does not delay the report of the others. An exception that a step raises is raised again
    once the running steps have ended: a write in flight is never interrupted.
    """
    results: dict[str, Result] = {}
    running: dict[asyncio.Task[Result], Step] = {}
    errors: list[BaseException] = []
    while True:
        for step in steps:
            if not errors and step.name not in results and step not in running.values() and _may_run(step, results):
                task = asyncio.create_task(_run_step(step, desired, azure, results, before_write), name=step.name)
                running[task] = step
        if not running:
            break
        done, _ = await _wait(running)
        for task in done:
            step = running.pop(task)
            if (error := task.exception()) is not None:
                errors.append(error)
            else:
                results[step.name] = task.result()
        if running and not errors:
            await progress(results)
    if errors:
        raise errors[0]
    return {step.name: results.get(step.name) or _waiting(step, results, steps) for step in steps}


async def _wait(running: dict[asyncio.Task[Result], Step]) -> tuple[set[asyncio.Task[Result]], object]:
    """Wait for the next step to end; cancellation of the reconcile cancels its steps."""
    try:
        return await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        for task in running:
            task.cancel()
        raise


def _may_run(step: Step, results: Results) -> bool:
    return all(need in results and unlocks(results[need].outcome) for need in step.needs)


def _waiting(step: Step, results: Results, steps: tuple[Step, ...]) -> Result:
    missing = [need for need in step.needs if need not in results or not unlocks(results[need].outcome)]
    return Result(
        outcome=Waiting(
            message=f"Waiting for: {', '.join(missing)}.",
            transient=all(isinstance(outcome, Progressing) for outcome in _holding(step, results, steps)),
        )
    )


def _holding(step: Step, results: Results, steps: tuple[Step, ...]) -> list[Outcome]:
    """Return the outcomes, of steps that were run, for which a step was not run."""
    by_name = {step.name: step for step in steps}
    outcomes: list[Outcome] = []
    for need in step.needs:
        if need not in results:
            outcomes += _holding(by_name[need], results, steps)
        elif not unlocks(results[need].outcome):
            outcomes.append(results[need].outcome)
    return outcomes


async def _run_step(
    step: Step,
    desired: Desired,
    azure: Azure,
    results: Results,
    before_write: Callable[[Write], Awaitable[None]],
) -> Result:
    """Observe, decide, write, and observe once more whether the writes had effect."""
    upstream = merged(observed for need in step.needs if (observed := results[need].observed) is not None)
    first = await _observe_and_decide(step, desired, azure, upstream)
    if not isinstance(first, Act):
        return first
    for write in first.writes:
        await before_write(write)
        try:
            await azure.apply(write)
        except failures.AzureFailure as failure:
            return Result(outcome=step.explain(desired, failure, doing=str(write)))
    second = await _observe_and_decide(step, desired, azure, upstream)
    return Result(outcome=second.meanwhile) if isinstance(second, Act) else second


async def _observe_and_decide(step: Step, desired: Desired, azure: Azure, upstream: Observed) -> Result | Act:
    try:
        observed = await step.observe(desired, upstream, azure)
    except failures.AzureFailure as failure:
        return Result(outcome=step.explain(desired, failure, doing=f"read the {step.name}"))
    decision = step.decide(desired, observed)
    return decision if isinstance(decision, Act) else Result(outcome=decision, observed=observed)
