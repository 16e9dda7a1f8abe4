"""A step of the table and its result."""

import dataclasses
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from acrcmk.api.conditions import ConditionType
from acrcmk.domain import failures, remedies
from acrcmk.domain.desired import Desired
from acrcmk.domain.observed import Observed
from acrcmk.domain.outcome import Decision, Outcome
from acrcmk.domain.port import Azure


class Explain(Protocol):
    """Turns the failure of a write into an outcome; `doing` names the resource and what was being done to it."""

    def __call__(self, desired: Desired, observed: Observed, failure: failures.AzureFailure, *, doing: str) -> Outcome:
        """Return the outcome of a failure; `observed` is what the steps before this one observed."""


async def observe_nothing(_desired: Desired, observed: Observed, _azure: Azure) -> Observed:
    """Read nothing: the step judges what the steps that it needs observed."""
    return observed


def explain_failure(
    desired: Desired,  # noqa: ARG001 - as `Explain`
    observed: Observed,  # noqa: ARG001
    failure: failures.AzureFailure,
    *,
    doing: str,
) -> Outcome:
    """Explain a failure by its kind alone."""
    return remedies.outcome_of(failure, doing=doing)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Step:
    """One row of the table; its outcome is reported on `conditions`.

    `observe` gets the observations of the steps that it `needs` and returns them with what the step reads itself;
    `decide` is pure. The outcome of an informational step is reported, but does not count for Ready.
    """

    name: str
    resource: Callable[[Desired], str]
    """What the step is about, for messages: type and id."""
    conditions: tuple[ConditionType, ...]
    decide: Callable[[Desired, Observed], Decision]
    observe: Callable[[Desired, Observed, Azure], Awaitable[Observed]] = observe_nothing
    needs: tuple[str, ...] = ()
    explain: Explain = explain_failure
    informational: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class Result:
    """What a step came to; `observed` is None where it was not run or could not be observed."""

    outcome: Outcome
    observed: Observed | None = None


Results = Mapping[str, Result]
"""Results by the name of the step."""
