from typing import Any

import pytest

from acrcmk.kube.informer import Informer
from acrcmk.kube.objects import NamespacedName

KEY = NamespacedName("team-a", "images")


class Queued:
    def __init__(self) -> None:
        self.added: list[tuple[NamespacedName, float]] = []
        self.forgotten: list[NamespacedName] = []
        self.informer = Informer(
            add=lambda key, delay: self.added.append((key, delay)),
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
    assert queued.added == [(KEY, 0.0)]


def test_a_status_write_queues_nothing(queued: Queued) -> None:
    queued.informer.handle("ADDED", body())
    queued.informer.handle("MODIFIED", body(resourceVersion="2"))
    assert len(queued.added) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"generation": 2},
        {"deletionTimestamp": "2026-11-23T12:00:00Z"},
        {"finalizers": ["acrcmk.dev/finalizer"]},
        {"uid": "u-2"},
    ],
)
def test_a_change_that_matters_is_queued(queued: Queued, change: dict[str, Any]) -> None:
    queued.informer.handle("ADDED", body())
    queued.informer.handle("MODIFIED", body(**change))
    assert queued.added == [(KEY, 0.0), (KEY, 0.0)]


def test_the_first_list_is_spread_but_deletions_are_not(queued: Queued) -> None:
    for number in range(40):
        queued.informer.handle(None, body(name=f"n-{number}"))
    queued.informer.handle(None, body(deletionTimestamp="2026-11-23T12:00:00Z"))
    delays = [delay for _, delay in queued.added]
    assert delays[39] == 2.0
    assert delays[40] == 0.0


def test_a_deleted_object_is_forgotten_and_can_be_created_again(queued: Queued) -> None:
    queued.informer.handle("ADDED", body())
    queued.informer.handle("DELETED", body())
    queued.informer.handle("ADDED", body())
    assert queued.forgotten == [KEY]
    assert len(queued.added) == 2
