"""When an object is reconciled again, by the outcomes of its steps."""

from collections.abc import Sequence
from typing import TypeGuard

from acrcmk.domain.outcome import Blocked, Outcome, Progressing
from acrcmk.runtime.requeue import After, Poll, Requeue, Resync, Retry


def requeue_of(outcomes: Sequence[Outcome], *, changed: bool) -> Requeue:
    """Return when to reconcile again: soon while Azure works, later after failures, at the resync when all is done.

    `changed` tells whether a condition changed its status or reason. An outcome that `unlocks` is settled by the
    steps that it unlocks; where one of them is blocked there is nothing to poll for.
    """
    blocked = any(isinstance(outcome, Blocked) for outcome in outcomes)
    if any(_in_progress(outcome) and not (blocked and outcome.unlocks) for outcome in outcomes):
        return Poll(changed=changed)
    unfinished = [outcome for outcome in outcomes if isinstance(outcome, Progressing | Blocked)]
    delays = [outcome.retry_after for outcome in unfinished if outcome.retry_after is not None]
    if delays:
        return After(max(delays))
    return Retry() if unfinished else Resync()


def _in_progress(outcome: Outcome) -> TypeGuard[Progressing]:
    return isinstance(outcome, Progressing) and not outcome.failed and outcome.retry_after is None
