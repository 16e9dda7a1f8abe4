"""When an object is reconciled again, by the outcomes of its steps."""

from collections.abc import Sequence

from acrcmk.domain.outcome import Blocked, Outcome, Progressing
from acrcmk.runtime.requeue import After, Poll, Requeue, Resync, Retry


def requeue_of(outcomes: Sequence[Outcome], *, changed: bool) -> Requeue:
    """Return when to reconcile again: soon while Azure works, later after failures, at the resync when all is done.

    `changed` tells whether a condition changed its status or reason. An outcome that `unlocks` is settled by the
    steps that it unlocks, so it counts only where these leave nothing to do.
    """
    unfinished = [outcome for outcome in outcomes if isinstance(outcome, Progressing | Blocked)]
    counting = [outcome for outcome in unfinished if not outcome.unlocks] or unfinished
    if any(_is_in_progress(outcome) for outcome in counting):
        return Poll(changed=changed)
    delays = [outcome.retry_after for outcome in counting if outcome.retry_after is not None]
    if delays:
        return After(max(delays))
    return Retry() if counting else Resync()


def _is_in_progress(outcome: Outcome) -> bool:
    return isinstance(outcome, Progressing) and not outcome.failed and outcome.retry_after is None
