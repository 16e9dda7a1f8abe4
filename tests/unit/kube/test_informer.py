from typing import Any

import pytest

from acrcmk.kube.informer import Informer
from acrcmk.kube.objects import NamespacedName
from acrcmk.runtime.priority import Priority

KEY = NamespacedName("team-a", "images")
DELETED = "2026-11-23T12:00:00Z"


class Queued:
    def __init__(self) -> None:
        self.added: list[tuple[NamespacedName, float, Priority]] = []
        self.forgotten: list[NamespacedName] = []
        self.informer = Informer(
            add=lambda key, *, delay, priority: self.added.append((key, delay, priority)),
            forget=self.forgotten.append,
            spread=lambda limit: limit,
        )


@pytest.fixture
def queued() -> Queued:
    return Queued()


def body(**metadata: Any) -> dict[str, Any]:
    return {
        "metadata": {
            "namespace": "team-a",
            "name": "images",
            "uid": "u-1",
            "generation": 1,
            "resourceVersion": "1",
            **metadata,
        }
    }


def test_a_new_object_is_due_at_once(queued: Queued) -> None:
    queued.informer.handle("ADDED", body())
    assert queued.added == [(KEY, 0.0, Priority.CREATION)]


def test_a_status_write_queues_nothing(queued: Queued) -> None:
    queued.informer.handle("ADDED", body())
    queued.informer.handle("MODIFIED", body(resourceVersion="2"))
    assert len(queued.added) == 1


@pytest.mark.parametrize(
    ("change", "priority"),
    [
        ({"generation": 2}, Priority.EDIT),
        ({"deletionTimestamp": DELETED}, Priority.DELETION),
        ({"deletionTimestamp": DELETED, "generation": 2}, Priority.DELETION),
        ({"finalizers": ["acrcmk.dev/finalizer"]}, Priority.CREATION),
        ({"uid": "u-2"}, Priority.CREATION),
        ({"uid": "u-2", "generation": 2}, Priority.CREATION),
    ],
)
@pytest.mark.parametrize("event_type", ["MODIFIED", None])
def test_a_change_that_matters_is_due_at_once_with_its_priority(
    queued: Queued, change: dict[str, Any], priority: Priority, event_type: str | None
) -> None:
    queued.informer.handle("ADDED", body())
    queued.informer.handle(event_type, body(**change))
    assert queued.added == [(KEY, 0.0, Priority.CREATION), (KEY, 0.0, priority)]


def listed(*, observed: int | None, ready: str = "True", **metadata: Any) -> dict[str, Any]:
    """An object of the first list."""
    condition = {"type": "Ready", "status": ready, "reason": "Succeeded", "message": ""}
    status = {} if observed is None else {"observedGeneration": observed, "conditions": [condition]}
    return {**body(**metadata), "status": status}


def test_drift_checks_of_settled_objects_of_the_first_list_are_spread(queued: Queued) -> None:
    for number in range(40):
        queued.informer.handle(None, listed(observed=1, name=f"n-{number}"))
    assert queued.added[39][1:] == (2.0, Priority.DRIFT)


@pytest.mark.parametrize(
    ("document", "priority"),
    [
        (listed(observed=1, deletionTimestamp=DELETED), Priority.DELETION),
        (listed(observed=1, generation=2), Priority.EDIT),
        (listed(observed=None), Priority.CREATION),
        (listed(observed=-1), Priority.CREATION),
        (listed(observed=1, ready="False"), Priority.CREATION),
        (listed(observed=1, ready="Unknown"), Priority.CREATION),
        (body(), Priority.CREATION),
    ],
)
def test_other_objects_of_the_first_list_are_due_at_once(
    queued: Queued, document: dict[str, Any], priority: Priority
) -> None:
    queued.informer.handle(None, document)
    assert queued.added == [(KEY, 0.0, priority)]


def test_a_repeated_list_queues_nothing(queued: Queued) -> None:
    queued.informer.handle(None, listed(observed=1))
    queued.informer.handle(None, listed(observed=1))
    assert len(queued.added) == 1


def test_a_deleted_object_is_forgotten_and_can_be_created_again(queued: Queued) -> None:
    queued.informer.handle("ADDED", body())
    queued.informer.handle("DELETED", body())
    queued.informer.handle("ADDED", body())
    assert queued.forgotten == [KEY]
    assert len(queued.added) == 2
