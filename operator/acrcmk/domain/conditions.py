"""The one place where outcomes become conditions.

The rules are those by which Flux, Helm, Argo CD and kubectl read a status (kubernetes-status.md): Ready is
always there,
Reconciling and Stalled only when True and never both, every condition carries the generation it speaks of.
"""

import dataclasses
import datetime
import re

from acrcmk.api.conditions import Condition, ConditionType, Reason
from acrcmk.domain import steps
from acrcmk.domain.outcome import Blocked, Outcome, Progressing, Ready, Stalled, Waiting

_CORRELATION = re.compile(r" \(correlation id [^)]*\)")
_URGENCY = (Stalled, Blocked, Progressing, Waiting, Ready)
"""Where two steps share a condition the more urgent outcome is told, of two that are alike the later step's."""
_SUMMARY = {ConditionType.READY, ConditionType.RECONCILING, ConditionType.STALLED}
_STEP_CONDITIONS = tuple(dict.fromkeys(kind for step in steps.TABLE for kind in step.conditions))
_UNSEEN = Waiting(message="Not looked at yet.")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Verdict:
    """A condition before it has a history."""

    type: ConditionType
    status: str
    reason: Reason
    message: str
    warns: bool = False
    """Whether somebody has to act."""


def verdicts(results: steps.Results, *, table: tuple[steps.Step, ...] = steps.TABLE) -> tuple[Verdict, ...]:
    """Turn the results of a whole pass into Ready, at most one of Reconciling and Stalled, and a condition per step."""
    told = _told(results, table)
    decisive = [told[kind] for step in table if not step.informational for kind in step.conditions]
    return (*summary(decisive), *(_verdict(kind, outcome) for kind, outcome in told.items()))


def so_far(results: steps.Results, *, table: tuple[steps.Step, ...] = steps.TABLE) -> tuple[Verdict, ...]:
    """Turn the results of the steps that ended into their conditions; the pass goes on, so nothing is summed up."""
    return tuple(_verdict(kind, outcome) for kind, outcome in _told(results, table).items())


def begun(generation: int) -> tuple[Verdict, ...]:
    """Tell that a new generation is being looked at."""
    message = f"Looking at generation {generation} of the spec."
    return summary([Progressing(reason=Reason.PROGRESSING, message=message)])


def refused(outcome: Outcome, *, about: ConditionType | None = None) -> tuple[Verdict, ...]:
    """Tell why no step was run; `about` is the condition that it belongs on, if there is one."""
    return (*summary([outcome]), *([_verdict(about, outcome)] if about else []))


def summary(outcomes: list[Outcome]) -> tuple[Verdict, ...]:
    """Sum outcomes up: Ready, and Stalled or Reconciling when it is not."""
    worst = min(outcomes, key=_urgency)
    if isinstance(worst, Ready):
        message = "The registry is encrypted with the customer-managed key."
        return (Verdict(type=ConditionType.READY, status="True", reason=worst.reason, message=message),)
    kind = ConditionType.STALLED if isinstance(worst, Stalled) else ConditionType.RECONCILING
    return (
        Verdict(type=ConditionType.READY, status="False", reason=worst.reason, message=worst.message),
        Verdict(type=kind, status="True", reason=worst.reason, message=worst.message),
    )


def conditions(
    wanted: tuple[Verdict, ...],
    *,
    before: tuple[Condition, ...],
    generation: int,
    now: datetime.datetime,
) -> tuple[Condition, ...]:
    """Give verdicts their history, sorted by type; a step that was not looked at keeps the condition that it had.

    `lastTransitionTime` moves only when the status flips. A message that differs only in Azure's correlation id is
    kept as it was: otherwise every retry would write a status and wake every watcher of it.
    """
    known = {one.type: one for one in before}
    told = {verdict.type: verdict for verdict in wanted}
    summed_up = ConditionType.READY in told
    kept = [one for one in before if one.type not in told and not (summed_up and one.type in _SUMMARY)]
    unknown = [_verdict(kind, _UNSEEN) for kind in _STEP_CONDITIONS if kind not in told and kind not in known]
    judged = [
        _with_history(verdict, known.get(verdict.type), generation=generation, now=now)
        for verdict in (*wanted, *unknown)
    ]
    return tuple(sorted((*kept, *judged), key=lambda one: one.type))


def _told(results: steps.Results, table: tuple[steps.Step, ...]) -> dict[ConditionType, Outcome]:
    """Find the outcome of every condition whose steps have all ended."""
    told: dict[ConditionType, Outcome] = {}
    open_ = {kind for step in table if step.name not in results for kind in step.conditions}
    for step in table:
        for kind in set(step.conditions) - open_:
            outcome = results[step.name].outcome
            if kind not in told or _urgency(outcome) <= _urgency(told[kind]):
                told[kind] = outcome
    return told


def _with_history(verdict: Verdict, old: Condition | None, *, generation: int, now: datetime.datetime) -> Condition:
    kept = old is not None and old.reason == verdict.reason and _plain(old.message) == _plain(verdict.message)
    flipped = old is None or old.status != verdict.status
    return Condition(
        type=verdict.type,
        status=verdict.status,
        reason=verdict.reason,
        message=old.message if old and kept else verdict.message,
        observed_generation=generation,
        last_transition_time=now if old is None or flipped else old.last_transition_time,
    )


def _verdict(kind: ConditionType, outcome: Outcome) -> Verdict:
    return Verdict(
        type=kind,
        status=_status(outcome),
        reason=outcome.reason,
        message=outcome.message,
        warns=isinstance(outcome, Blocked | Stalled),
    )


def _status(outcome: Outcome) -> str:
    if isinstance(outcome, Ready):
        return "True"
    return "Unknown" if isinstance(outcome, Waiting) or outcome.reason is Reason.WAITING else "False"


def _urgency(outcome: Outcome) -> int:
    return _URGENCY.index(type(outcome))


def _plain(message: str) -> str:
    return _CORRELATION.sub("", message)
