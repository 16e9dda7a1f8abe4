"""What Flux, Helm, Argo CD and `kubectl wait` make of the statuses that we write (kubernetes-status.md)."""

import dataclasses
import datetime

import pytest

from acrcmk.api import status as statuses
from acrcmk.api.conditions import Reason
from acrcmk.domain import conditions
from acrcmk.domain.outcome import Blocked, Outcome, Progressing, Ready, Stalled
from acrcmk.domain.steps.step import Result
from acrcmk.domain.steps.table import STEPS
from tests.support import readers

NOW = datetime.datetime(2026, 11, 23, 12, tzinfo=datetime.UTC)

READY = Ready(message="there")
WAITING_FOR_AZURE = Progressing(reason=Reason.CREATING, message="Azure is at work.")
THROTTLED = Progressing(reason=Reason.THROTTLED, message="Azure limits requests.", retry_after=30)
SOMEBODY_MUST_ACT = Blocked(reason=Reason.NAME_TAKEN, message="The name is taken.")
TERMINAL = Stalled(reason=Reason.SKU_NOT_PREMIUM, message="Not Premium.")


def after_a_reconcile(**outcomes: Outcome) -> tuple[conditions.ConditionUpdate, ...]:
    """Return the condition updates of a reconcile in which every step is Ready, except for `outcomes`."""
    results = {step.name: Result(outcome=outcomes.get(step.name, READY)) for step in STEPS}
    return conditions.of_results(results)


@dataclasses.dataclass(frozen=True, kw_only=True)
class State:
    """An object as it is stored, and how each reader must take it."""

    updates: tuple[conditions.ConditionUpdate, ...] | None
    """The condition updates of the last reconcile; None before the first."""
    kstatus: str
    argo: str
    met: bool = False
    observed: int = 1
    generation: int = 1
    deleting: bool = False

    def stored(self) -> dict:
        metadata = {"generation": self.generation} | ({"deletionTimestamp": "now"} if self.deleting else {})
        if self.updates is None:
            return {"metadata": metadata, "status": {"observedGeneration": statuses.UNOBSERVED}}
        updates = conditions.with_history(self.updates, before=(), generation=self.observed, now=NOW)
        status = statuses.EncryptedRegistryStatus(conditions=updates, observed_generation=self.observed)
        return {"metadata": metadata, "status": status.to_wire()}


STATES = {
    "nobody has looked yet": State(updates=None, kstatus="InProgress", argo="Progressing"),
    "a reconcile has begun": State(updates=conditions.of_new_generation(1), kstatus="InProgress", argo="Progressing"),
    "provisioning": State(
        updates=after_a_reconcile(registry=WAITING_FOR_AZURE), kstatus="InProgress", argo="Progressing"
    ),
    "transient error": State(updates=after_a_reconcile(vault=THROTTLED), kstatus="InProgress", argo="Progressing"),
    "somebody must act in Azure": State(
        updates=after_a_reconcile(vault=SOMEBODY_MUST_ACT), kstatus="InProgress", argo="Progressing"
    ),
    "terminal": State(updates=after_a_reconcile(registry=TERMINAL), kstatus="Failed", argo="Degraded"),
    "terminal while another step is at work": State(
        updates=after_a_reconcile(registry=TERMINAL, vault=WAITING_FOR_AZURE), kstatus="Failed", argo="Degraded"
    ),
    "refused before any step": State(updates=conditions.of_refusal(TERMINAL), kstatus="Failed", argo="Degraded"),
    "steady": State(updates=after_a_reconcile(), kstatus="Current", argo="Healthy", met=True),
    "steady with a newer key version": State(
        updates=after_a_reconcile(rotation=WAITING_FOR_AZURE), kstatus="Current", argo="Healthy", met=True
    ),
    "spec edited, not yet stored": State(
        updates=after_a_reconcile(), generation=2, kstatus="InProgress", argo="Progressing"
    ),
    "terminal, spec edited, not yet stored": State(
        updates=after_a_reconcile(registry=TERMINAL), generation=2, kstatus="InProgress", argo="Progressing"
    ),
    "deleting": State(
        updates=conditions.of_refusal(Progressing(reason=Reason.DELETING, message="Deleting.")),
        observed=2,
        generation=2,
        deleting=True,
        kstatus="Terminating",
        argo="Progressing",
    ),
}


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_every_reader_takes_the_state_as_it_is_meant(state):
    stored = state.stored()
    assert readers.kstatus(stored) == state.kstatus
    assert readers.argo(stored) == state.argo
    assert readers.kubectl_wait_ready(stored) is state.met


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_ready_is_always_told_and_reconciling_and_stalled_only_when_true_and_never_both(state):
    updates = {condition["type"]: condition for condition in state.stored()["status"].get("conditions", [])}
    abnormal = {"Reconciling", "Stalled"} & set(updates)
    assert "Ready" in updates or state.updates is None
    assert len(abnormal) <= 1
    assert all(updates[kind]["status"] == "True" for kind in abnormal)
    assert {condition["observedGeneration"] for condition in updates.values()} <= {state.observed}
