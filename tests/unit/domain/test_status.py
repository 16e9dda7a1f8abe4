import dataclasses
import datetime
from typing import Any

import pytest

from acrcmk.api.conditions import Reason
from acrcmk.api.status import EncryptedRegistryStatus, ResourceStatus
from acrcmk.domain import ledger, status
from acrcmk.domain.outcome import Blocked, Outcome, Progressing, Ready, Waiting
from acrcmk.domain.resolve import Refusal
from acrcmk.domain.status import Progress, Transition
from acrcmk.domain.steps.step import Result
from acrcmk.domain.steps.table import STEPS
from acrcmk.domain.writes import CreateIdentity
from tests.unit.domain import builders

READY = Ready(message="there")
TAKEN = Blocked(reason=Reason.NAME_TAKEN, message="taken")
NEW = EncryptedRegistryStatus()
LATER = builders.NOW + datetime.timedelta(minutes=1)


def complete(*, observed: Any = None, **outcomes: Outcome) -> Progress:
    """Return a finished reconcile in which every step observed `observed` and is Ready, except for `outcomes`."""
    results = {
        step.name: Result(outcome=outcomes.get(step.name, READY), observed=observed or builders.observed())
        for step in STEPS
    }
    return Progress(desired=builders.desired(), results=results, complete=True)


def after(progress: Progress, *, before: EncryptedRegistryStatus = NEW, generation: int = 1) -> Transition:
    return status.next_status(before, progress, generation=generation, now=builders.NOW)


def reported(transition: Transition) -> list[tuple[str, str]]:
    return [(update.type, update.reason) for update in transition.events]


def test_a_ready_object_reports_everything_that_az_shows_and_its_ledger() -> None:
    result = after(complete()).status
    assert result.observed_generation == 1
    assert result.condition("Ready").status == "True"
    assert result.identity.client_id == builders.CLIENT
    assert result.vault.uri == "https://kv-images.vault.azure.net/"
    assert result.key.version == builders.VERSION_1
    assert result.registry.login_server == "teamaimages.azurecr.io"
    assert result.encryption.key_vault_properties.key_identifier == builders.KEY_URI


def test_the_same_result_once_more_changes_nothing_and_has_no_events() -> None:
    first = after(complete())
    again = status.next_status(first.status, complete(), generation=1, now=LATER)
    assert again == Transition(status=first.status)


def test_the_desired_ids_are_pinned_before_any_step_has_run() -> None:
    pinned = after(Progress(desired=builders.desired())).status
    assert pinned.registry.id == str(builders.REGISTRY_ID)
    assert pinned.identity.id == str(builders.IDENTITY_ID)
    assert pinned.vault.id == str(builders.VAULT_ID)
    assert pinned.key.name == "acr-cmk"
    assert pinned.condition("Ready").reason == "Progressing"
    assert pinned.condition("VaultReady").status == "Unknown"


def test_a_new_generation_is_reported_before_its_steps_run_and_an_old_one_is_not() -> None:
    ready = after(complete()).status
    edited = after(Progress(desired=builders.desired()), before=ready, generation=2).status
    assert (edited.condition("Ready").status, edited.condition("Reconciling").status) == ("False", "True")
    assert edited.condition("VaultReady") == ready.condition("VaultReady")
    assert after(Progress(desired=builders.desired()), before=ready).status == ready


def test_a_transition_has_an_event_and_no_transition_has_none() -> None:
    before = after(complete()).status
    assert reported(after(complete(vault=TAKEN), before=before)) == [("VaultReady", "NameTaken")]
    taken = after(complete(vault=TAKEN), before=before).status
    assert reported(after(complete(vault=TAKEN), before=taken)) == []


def test_what_is_unknown_and_what_only_sums_up_has_no_event() -> None:
    before = after(complete()).status
    waiting = after(complete(vault=TAKEN, key=Waiting(message="for vault")), before=before)
    assert reported(waiting) == [("VaultReady", "NameTaken")]


def test_one_cause_on_two_conditions_has_one_event() -> None:
    before = after(complete()).status
    assert len(reported(after(complete(identity=TAKEN, vault=TAKEN), before=before))) == 1


def test_what_waits_for_something_in_progress_keeps_its_condition() -> None:
    before = after(complete()).status
    updating = Progressing(reason=Reason.UPDATING, message="in progress")
    transient = Waiting(message="for vault", transient=True)
    kept = after(complete(vault=updating, key=transient), before=before).status
    assert kept.condition("KeyReady") == before.condition("KeyReady")
    blocked = after(complete(vault=TAKEN, key=Waiting(message="for vault")), before=before).status
    assert blocked.condition("KeyReady").status == "Unknown"


def test_a_refusal_is_reported_on_its_condition_and_changes_no_field() -> None:
    before = after(complete()).status
    refusal = Progress(refusal=Refusal(outcome=TAKEN), complete=True)
    refused = after(refusal, before=before).status
    assert (refused.condition("Ready").reason, refused.registry) == ("NameTaken", before.registry)


def test_the_ledger_keeps_what_was_created_and_adds_what_was_adopted() -> None:
    entry = ledger.entry(CreateIdentity(id=builders.IDENTITY_ID, location="westeurope", tags={}), now=builders.NOW)
    assert entry is not None
    creating = after(Progress(desired=builders.desired(), created=(entry,))).status
    assert creating.resources == (
        ResourceStatus(id=str(builders.IDENTITY_ID), purpose="Identity", created_by_operator=True, since=builders.NOW),
    )
    ready = after(complete(), before=creating).status
    assert {resource.purpose: resource.created_by_operator for resource in ready.resources} == {
        "Identity": True,
        "Key": False,
        "Registry": False,
        "Vault": False,
    }


@pytest.mark.parametrize("field", ["identity", "vault"])
def test_what_the_spec_refers_to_is_not_in_the_ledger(field: str) -> None:
    ids = {"identity": str(builders.IDENTITY_ID), "vault": str(builders.VAULT_ID)}
    progress = complete()
    referenced = Progress(
        desired=builders.desired(**{field: {"resourceId": ids[field]}}), results=progress.results, complete=True
    )
    assert ids[field] not in [resource.id for resource in after(referenced).status.resources]


def test_what_is_observed_to_be_absent_leaves_only_what_pins_it() -> None:
    before = after(complete()).status
    gone = builders.observed(registry=None, identity=None, key=None, version_in_use=None, target_version=None)
    status_after = after(complete(observed=gone), before=before).status
    assert status_after.encryption is None
    assert (status_after.registry.id, status_after.registry.login_server) == (str(builders.REGISTRY_ID), None)
    assert status_after.registry.first_ready == before.registry.first_ready
    assert status_after.identity.client_id is None
    assert (status_after.key.name, status_after.key.version) == ("acr-cmk", None)


def test_the_first_ready_time_is_kept() -> None:
    first = after(complete()).status
    assert (first.registry.first_observed, first.registry.first_ready) == (builders.NOW, builders.NOW)
    again = status.next_status(first, complete(), generation=1, now=LATER).status
    assert again.registry == first.registry


def test_a_registry_that_moved_to_another_key_version_has_an_event_whoever_moved_it() -> None:
    before = after(complete()).status
    encryption = builders.encryption(versioned_key_identifier=f"{builders.KEY_URI}/{builders.VERSION_2}")
    moved = builders.observed(
        registry=builders.registry(encryption=encryption), key=builders.key(version=builders.VERSION_2)
    )
    assert ("KeyCurrent", "Rotated") in reported(after(complete(observed=moved), before=before))


def test_what_holds_changes_no_condition_and_ready_becomes_unknown_only_when_it_is_not_tolerated() -> None:
    before = after(complete()).status
    unreadable = Progressing(reason=Reason.AZURE_UNAVAILABLE, message="away", failed=True, holds=True)
    assert after(complete(vault=unreadable), before=before).status.conditions == before.conditions
    progress = dataclasses.replace(complete(vault=unreadable), unreadable=unreadable)
    ready = after(progress, before=before).status.condition("Ready")
    assert (ready.status, ready.reason) == ("Unknown", "AzureUnavailable")
