"""What a step returns: `Ready`, `Progressing`, `Blocked` or `Stalled`, each with a reason and a message."""

import dataclasses

from acrcmk.api.conditions import Reason


@dataclasses.dataclass(frozen=True, kw_only=True)
class Ready:
    """Azure is as the spec wants it."""

    reason: Reason = Reason.SUCCEEDED
    message: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Waiting:
    """The step was not looked at in this pass, because a step that it needs is not there yet."""

    reason: Reason = Reason.WAITING
    message: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Progressing:
    """Azure is at work, or will be asked again; nobody has to act.

    `retry_after` is in seconds; None leaves it to the queue: the cadence of polling, or back-off after a call that
    `failed`. With `unlocks` the steps that need this one may already run: the grant that only the registry's use of
    it can prove.
    """

    reason: Reason
    message: str
    retry_after: float | None = None
    failed: bool = False
    unlocks: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class Blocked:
    """Somebody outside must act in Azure; tried again with back-off, or after `retry_after` seconds."""

    reason: Reason
    message: str
    retry_after: float | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Stalled:
    """Only an edit of the spec helps."""

    reason: Reason
    message: str


Outcome = Ready | Waiting | Progressing | Blocked | Stalled


def unlocks(outcome: Outcome) -> bool:
    """Say whether the steps that need this one may run."""
    return isinstance(outcome, Ready) or (isinstance(outcome, Progressing) and outcome.unlocks)
