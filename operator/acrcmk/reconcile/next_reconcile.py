"""When an object is reconciled again, by the outcomes of its steps."""

import datetime
from collections.abc import Sequence

from acrcmk.domain.outcome import Blocked, Outcome, Progressing
from acrcmk.runtime.requeue import After, Poll, Requeue, Resync, Retry


def requeue_of(outcomes: Sequence[Outcome], *, changed: bool, now: datetime.datetime) -> Requeue:
    """Return when to reconcile again: soon while Azure works, later after failures, at the resync when all is done.

    `changed` tells whether a condition changed its status or reason. An outcome that `unlocks` is settled by the
    steps that it unlocks, so it counts only where these leave nothing to do.
    """
    unfinished = [outcome for outcome in outcomes if isinstance(outcome, Progressing | Blocked)]
    counting = [outcome for outcome in unfinished if not outcome.unlocks] or unfinished
    if any(_is_in_progress(outcome) for outcome in counting):
        return Poll(changed=changed)
    delays = [delay for outcome in counting if (delay := _delay(outcome, now=now)) is not None]
    if delays:
        return After(max(delays))
    return Retry() if counting else Resync()


def _is_in_progress(outcome: Outcome) -> bool:
    if not isinstance(outcome, Progressing) or outcome.failed:
        return False
    return outcome.retry_after is None and outcome.retry_at is None


def _delay(outcome: Progressing | Blocked, *, now: datetime.datetime) -> float | None:
    """Return the seconds until an outcome is looked at again, None where it names no time."""
    delays = [outcome.retry_after]
    if isinstance(outcome, Progressing) and outcome.retry_at is not None:
        delays.append(max(0.0, (outcome.retry_at - now).total_seconds()))
    return max((delay for delay in delays if delay is not None), default=None)
