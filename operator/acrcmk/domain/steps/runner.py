"""Run the table of steps: each step once the steps that it needs allow it, at the same time as all others that may run.

The modes of the runner are ports: the real Azure applies writes (live), `dry.DryRun` collects them, and
`forecast.Forecast` applies them to predicted resources.
"""

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable

from acrcmk.api.status import Entries
from acrcmk.domain import failures, remedies
from acrcmk.domain.desired import Desired
from acrcmk.domain.observed import Observed, merged
from acrcmk.domain.outcome import Act, Decision, Outcome, Progressing, Waiting, unlocks
from acrcmk.domain.port import Azure
from acrcmk.domain.steps.step import Result, Results, Step
from acrcmk.domain.steps.table import STEPS
from acrcmk.domain.writes import Write

BeforeWrite = Callable[[Write], Awaitable[Entries]]
"""Records a write that is about to be applied; returns the ledger, and prevents the write by raising."""

ReportProgress = Callable[[Results], Awaitable[None]]


async def run(
    desired: Desired,
    azure: Azure,
    *,
    before_write: BeforeWrite,
    progress: ReportProgress,
    steps: tuple[Step, ...] = STEPS,
) -> Results:
    """Run every step that may run; the others are `Waiting`.

    `progress` is awaited each time that a step has ended while others are still running, so that a slow call (Azure
    holds the PUT of a registry up to 22 s, azure-behaviour.md 1.1) does not delay the report of the others. An
    exception that a step raises is raised again once the running steps have ended: a write in flight is never
    interrupted.
    """
    return await _Run(desired, azure, before_write=before_write, progress=progress, steps=steps).to_the_end()


class _Run:
    """One run; `desired` gets the ledger as it grows."""

    def __init__(
        self,
        desired: Desired,
        azure: Azure,
        *,
        before_write: BeforeWrite,
        progress: ReportProgress,
        steps: tuple[Step, ...],
    ) -> None:
        self._desired = desired
        self._azure = azure
        self._before_write = before_write
        self._progress = progress
        self._steps = steps
        self._results: dict[str, Result] = {}
        self._running: dict[asyncio.Task[Result], Step] = {}
        self._errors: list[BaseException] = []

    async def to_the_end(self) -> Results:
        while True:
            self._start_steps()
            if not self._running:
                break
            await self._wait()
            if self._running and not self._errors:
                await self._progress(self._results)
        if self._errors:
            raise self._errors[0]
        return {step.name: self._results.get(step.name) or self._not_run(step) for step in self._steps}

    def _start_steps(self) -> None:
        """Start the steps that may run, unless one has raised."""
        for step in self._steps:
            started = step.name in self._results or step in self._running.values()
            if not self._errors and not started and self._may_run(step):
                self._running[asyncio.create_task(self._run_step(step), name=step.name)] = step

    async def _wait(self) -> None:
        """Wait for the next steps to end; cancellation of the reconcile cancels them."""
        try:
            done, _ = await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            for task in self._running:
                task.cancel()
            raise
        for task in done:
            step = self._running.pop(task)
            if (error := task.exception()) is not None:
                self._errors.append(error)
            else:
                self._results[step.name] = task.result()

    def _may_run(self, step: Step) -> bool:
        return all(need in self._results and unlocks(self._results[need].outcome) for need in step.needs)

    def _not_run(self, step: Step) -> Result:
        missing = [need for need in step.needs if need not in self._results or not unlocks(self._results[need].outcome)]
        transient = all(isinstance(outcome, Progressing) for outcome in self._holding(step))
        return Result(outcome=Waiting(message=f"Waiting for: {', '.join(missing)}.", transient=transient))

    def _holding(self, step: Step) -> list[Outcome]:
        """Return the outcomes, of steps that were run, for which a step was not run."""
        by_name = {step.name: step for step in self._steps}
        outcomes: list[Outcome] = []
        for need in step.needs:
            if need not in self._results:
                outcomes += self._holding(by_name[need])
            elif not unlocks(self._results[need].outcome):
                outcomes.append(self._results[need].outcome)
        return outcomes

    async def _run_step(self, step: Step) -> Result:
        """Observe, decide, write, and observe once more whether the writes had effect."""
        upstream = merged(observed for need in step.needs if (observed := self._results[need].observed) is not None)
        first, observed = await self._observe_and_decide(step, upstream)
        if not isinstance(first, Act):
            return Result(outcome=first, observed=observed)
        for write in first.writes:
            ledger = await self._before_write(write)
            self._desired = dataclasses.replace(self._desired, ledger=ledger)
            try:
                await self._azure.apply(write)
            except failures.AzureFailure as failure:
                outcome = step.explain(self._desired, upstream, failure, doing=str(write))
                return Result(outcome=outcome, observed=observed if unlocks(outcome) else None)
        second, observed = await self._observe_and_decide(step, upstream)
        return Result(outcome=second.meanwhile if isinstance(second, Act) else second, observed=observed)

    async def _observe_and_decide(self, step: Step, upstream: Observed) -> tuple[Decision, Observed | None]:
        try:
            observed = await step.observe(self._desired, upstream, self._azure)
        except failures.AzureFailure as failure:
            doing = f"read {step.resource(self._desired)}"
            return remedies.of_read(failure, doing=doing, was_ready=self._desired.was_ready), None
        return step.decide(self._desired, observed), observed
