from typing import Any

import pytest

from acrcmk.api import status as statuses
from acrcmk.api.conditions import Reason
from acrcmk.domain.outcome import Blocked, Progressing, Ready
from acrcmk.domain.resources import NameAvailability
from acrcmk.domain.steps import existing
from tests.unit.domain import builders

FREE = NameAvailability(available=True)
IN_USE = NameAvailability(available=False, reason="AlreadyExists", message="in use")
ONCE_READY = statuses.EncryptedRegistryStatus(
    registry=statuses.RegistryStatus(
        id=str(builders.REGISTRY_ID), first_observed=builders.NOW, first_ready=builders.NOW
    )
)


def decide(status: statuses.EncryptedRegistryStatus | None = None, **changes: Any) -> Any:
    recreate = changes.pop("recreate", None)
    desired = builders.desired(status=status).__class__(
        **{**vars(builders.desired(status=status)), "recreate": recreate}
    )
    return existing.decide(desired, builders.observed(**changes))


def test_a_registry_that_does_not_exist_yet_may_be_created() -> None:
    assert isinstance(decide(registry=None), Ready)


def test_a_registry_that_was_ready_and_is_gone_is_not_created_again() -> None:
    gone = decide(ONCE_READY, registry=None, registry_name=FREE)
    assert isinstance(gone, Blocked)
    assert gone.reason is Reason.REGISTRY_GONE
    assert not gone.unlocks
    assert "images are gone" in gone.message
    assert "acrcmk.dev/recreate: teamaimages" in gone.message


def test_a_registry_that_was_moved_is_reported_apart_from_one_that_was_deleted() -> None:
    moved = decide(ONCE_READY, registry=None, registry_name=IN_USE)
    assert moved.reason is Reason.REGISTRY_GONE
    assert "moved to another resource group" in moved.message


@pytest.mark.parametrize(("annotation", "kind"), [("teamaimages", Ready), ("TeamAImages", Ready), ("other", Blocked)])
def test_the_annotation_with_the_registrys_name_allows_to_create_it_again(annotation: str, kind: type) -> None:
    assert isinstance(decide(ONCE_READY, registry=None, registry_name=FREE, recreate=annotation), kind)


@pytest.mark.parametrize("state", ["Creating", "Updating", "Deleting"])
def test_an_operation_in_progress_is_waited_for(state: str) -> None:
    waiting = decide(registry=builders.registry(provisioning_state=state))
    assert isinstance(waiting, Progressing)
    assert not waiting.unlocks
