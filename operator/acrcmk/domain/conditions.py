"""Outcomes of steps as conditions.

The rules are those by which Flux, Helm, Argo CD and kubectl read a status (kubernetes-status.md): Ready is always
present, Reconciling and Stalled only when True and never both, every condition has the generation that it is about.
"""

import dataclasses
import datetime

from acrcmk.api.conditions import Condition, ConditionType, Reason
from acrcmk.domain import messages
from acrcmk.domain.outcome import Blocked, Outcome, Progressing, Ready, Stalled, Waiting, holds
from acrcmk.domain.steps.step import Results, Step
from acrcmk.domain.steps.table import STEPS

_URGENCY = (Stalled, Blocked, Progressing, Waiting, Ready)
"""Where two steps share a condition the more urgent outcome is reported, of two equal ones the later step's."""
_SUMMARY = {ConditionType.READY, ConditionType.RECONCILING, ConditionType.STALLED}
_STEP_CONDITIONS = tuple(dict.fromkeys(type_ for step in STEPS for type_ in step.conditions))
_NOT_RUN = Waiting(message="Not observed yet.")


@dataclasses.dataclass(frozen=True, kw_only=True)
class ConditionUpdate:
    """A condition without its history."""

    type: ConditionType
    status: str
    reason: Reason
    message: str
    warns: bool = False
    """Whether somebody has to act."""
    holds: bool = False
    """Whether a condition that is there already still holds, so that this one does not replace it."""


def of_results(results: Results, *, steps: tuple[Step, ...] = STEPS) -> tuple[ConditionUpdate, ...]:
    """Return Ready, Reconciling or Stalled where they are True, and a condition per step, of a finished reconcile."""
    outcomes = _outcomes_by_type(results, steps)
    decisive = [outcomes[type_] for step in steps if not step.informational for type_ in step.conditions]
    return (*_summary_of_steps(decisive), *(_update(type_, outcome) for type_, outcome in outcomes.items()))


def of_partial_results(results: Results, *, steps: tuple[Step, ...] = STEPS) -> tuple[ConditionUpdate, ...]:
    """Return the conditions of the steps that have ended, without a summary: the reconcile goes on."""
    return tuple(_update(type_, outcome) for type_, outcome in _outcomes_by_type(results, steps).items())


def of_new_generation(generation: int) -> tuple[ConditionUpdate, ...]:
    """Return the summary while a new generation is being reconciled for the first time."""
    return summary(
        [Progressing(reason=Reason.PROGRESSING, message=f"Reconciling generation {generation} of the spec.")]
    )


def of_refusal(outcome: Outcome, *, condition: ConditionType | None = None) -> tuple[ConditionUpdate, ...]:
    """Return why no step was run; also on `condition`, where it is about one."""
    return (*summary([outcome]), *([_update(condition, outcome)] if condition else []))


def summary(outcomes: list[Outcome]) -> tuple[ConditionUpdate, ...]:
    """Return Ready, and Stalled or Reconciling where it is not True, of the most urgent outcome.

    While Azure works the reason is always `Progressing`, so that Ready does not change with each step; the message
    and the step's own condition tell which one it is.
    """
    worst = min(outcomes, key=_urgency)
    if isinstance(worst, Ready):
        message = "The registry is encrypted with the customer-managed key."
        return (ConditionUpdate(type=ConditionType.READY, status="True", reason=worst.reason, message=message),)
    abnormal = ConditionType.STALLED if isinstance(worst, Stalled) else ConditionType.RECONCILING
    reason = Reason.PROGRESSING if isinstance(worst, Progressing) and not worst.failed else worst.reason
    return (
        ConditionUpdate(type=ConditionType.READY, status="False", reason=reason, message=worst.message),
        ConditionUpdate(type=abnormal, status="True", reason=reason, message=worst.message),
    )


def of_unreadable(outcome: Outcome) -> tuple[ConditionUpdate, ...]:
    """Return the summary once reads have failed for longer than is tolerated: nobody knows whether it is Ready."""
    unknown = ConditionUpdate(
        type=ConditionType.READY, status="Unknown", reason=outcome.reason, message=outcome.message, warns=True
    )
    return (unknown, dataclasses.replace(unknown, type=ConditionType.RECONCILING, status="True"))


def _summary_of_steps(outcomes: list[Outcome]) -> tuple[ConditionUpdate, ...]:
    """Sum up the steps of which something was learnt; Ready needs all of them, and holds where some are missing."""
    learnt = [outcome for outcome in outcomes if not holds(outcome)]
    if any(not isinstance(outcome, Ready) for outcome in learnt) or len(learnt) == len(outcomes):
        return summary(learnt)
    missing = min((outcome for outcome in outcomes if holds(outcome)), key=_urgency)
    return tuple(dataclasses.replace(update, holds=True) for update in summary([missing]))


def with_history(
    updates: tuple[ConditionUpdate, ...],
    *,
    before: tuple[Condition, ...],
    generation: int,
    now: datetime.datetime,
) -> tuple[Condition, ...]:
    """Return the conditions after updates, sorted by type; a condition without an update stays as it was.

    `lastTransitionTime` changes only when the status does. A message that differs only in what changes with every
    request, as ids and times do, stays: otherwise every retry would write the status and notify every watcher.
    """
    by_type = {condition.type: condition for condition in before}
    updates = tuple(update for update in updates if not (update.holds and _is_known(by_type.get(update.type))))
    if ConditionType.READY in by_type and not any(update.type == ConditionType.READY for update in updates):
        updates = tuple(update for update in updates if update.type not in _SUMMARY)
    updated = {update.type for update in updates}
    summarised = ConditionType.READY in updated
    kept = [
        condition
        for condition in before
        if condition.type not in updated and not (summarised and condition.type in _SUMMARY)
    ]
    missing = [_update(type_, _NOT_RUN) for type_ in _STEP_CONDITIONS if type_ not in updated and type_ not in by_type]
    changed = [
        _condition(update, by_type.get(update.type), generation=generation, now=now) for update in (*updates, *missing)
    ]
    return tuple(sorted((*kept, *changed), key=lambda condition: condition.type))


def _outcomes_by_type(results: Results, steps: tuple[Step, ...]) -> dict[ConditionType, Outcome]:
    """Return the outcome of every condition whose steps have all ended."""
    outcomes: dict[ConditionType, Outcome] = {}
    unfinished = {type_ for step in steps if step.name not in results for type_ in step.conditions}
    for step in steps:
        for type_ in set(step.conditions) - unfinished:
            outcome = results[step.name].outcome
            if type_ not in outcomes or _urgency(outcome) <= _urgency(outcomes[type_]):
                outcomes[type_] = outcome
    return outcomes


def _condition(
    update: ConditionUpdate, previous: Condition | None, *, generation: int, now: datetime.datetime
) -> Condition:
    same_message = (
        previous is not None
        and previous.reason == update.reason
        and messages.stable(previous.message) == messages.stable(update.message)
    )
    return Condition(
        type=update.type,
        status=update.status,
        reason=update.reason,
        message=previous.message if previous and same_message else update.message,
        observed_generation=generation,
        last_transition_time=(
            now if previous is None or previous.status != update.status else previous.last_transition_time
        ),
    )


def _update(type_: ConditionType, outcome: Outcome) -> ConditionUpdate:
    return ConditionUpdate(
        type=type_,
        status=_status(outcome),
        reason=outcome.reason,
        message=outcome.message,
        warns=isinstance(outcome, Blocked | Stalled),
        holds=holds(outcome),
    )


def _is_known(condition: Condition | None) -> bool:
    return condition is not None and condition.status != "Unknown"


def _status(outcome: Outcome) -> str:
    if isinstance(outcome, Ready):
        return "True"
    return "Unknown" if isinstance(outcome, Waiting) or outcome.reason is Reason.WAITING else "False"


def _urgency(outcome: Outcome) -> int:
    return _URGENCY.index(type(outcome))
