"""What a step decides: writes to apply, or an outcome with a reason and a message."""

import dataclasses
import datetime

from acrcmk.api.conditions import Reason
from acrcmk.domain.writes import Write


@dataclasses.dataclass(frozen=True, kw_only=True)
class Ready:
    """Azure matches the spec."""

    reason: Reason = Reason.SUCCEEDED
    message: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Waiting:
    """The step was not run, because a step that it needs is not ready.

    `transient` where what it waits for is in progress, so that the step's last reported condition still holds.
    """

    reason: Reason = Reason.WAITING
    message: str
    transient: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class Progressing:
    """Azure is working, or the operator will try again; nobody has to act.

    `retry_after` is in seconds after the reconcile, `retry_at` a time; without both the delay is the work queue's: the
    polling cadence, or back-off after a call that `failed`. With `unlocks` the steps that need this one may run
    already, as for a grant that only the registry's use of the key can prove.
    """

    reason: Reason
    message: str
    retry_after: float | None = None
    retry_at: datetime.datetime | None = None
    failed: bool = False
    unlocks: bool = False
    holds: bool = False
    """Whether nothing was learnt about the step, so that its reported conditions still hold."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Blocked:
    """Somebody must act outside of the cluster; retried with back-off, or after `retry_after` seconds.

    With `unlocks` the steps that need this one run all the same, since they may change what blocks it.
    """

    reason: Reason
    message: str
    retry_after: float | None = None
    unlocks: bool = False
    holds: bool = False
    """As of `Progressing`."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Stalled:
    """Only an edit of the spec helps; not retried before it."""

    reason: Reason
    message: str


Outcome = Ready | Waiting | Progressing | Blocked | Stalled


@dataclasses.dataclass(frozen=True, kw_only=True)
class Act:
    """Apply these writes in order; `meanwhile` is the outcome while Azure does not show their effect."""

    writes: tuple[Write, ...]
    meanwhile: Outcome


Decision = Act | Outcome


def holds(outcome: Outcome) -> bool:
    """Whether nothing was learnt about a step, so that its reported conditions still hold."""
    return (isinstance(outcome, Progressing | Blocked) and outcome.holds) or (
        isinstance(outcome, Waiting) and outcome.transient
    )


def unlocks(outcome: Outcome) -> bool:
    """Whether the steps that need a step with this outcome may run."""
    return isinstance(outcome, Ready) or (isinstance(outcome, Progressing | Blocked) and outcome.unlocks)
