from typing import Any

import pytest

from acrcmk.kube.informer import Informer
from acrcmk.kube.objects import NamespacedName

KEY = NamespacedName("team-a", "images")


class Heard:
    def __init__(self) -> None:
        self.added: list[tuple[NamespacedName, float]] = []
        self.forgotten: list[NamespacedName] = []
        self.informer = Informer(
            add=lambda key, delay: self.added.append((key, delay)),
            forget=self.forgotten.append,
            spread=lambda most: most,
        )


@pytest.fixture
def heard() -> Heard:
    return Heard()


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


def test_a_new_object_is_due_at_once(heard: Heard) -> None:
    heard.informer.seen("ADDED", body())
    assert heard.added == [(KEY, 0.0)]


def test_our_own_status_writes_wake_nothing(heard: Heard) -> None:
    heard.informer.seen("ADDED", body())
    heard.informer.seen("MODIFIED", body(resourceVersion="2"))
    assert len(heard.added) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"generation": 2},
        {"deletionTimestamp": "2026-11-23T12:00:00Z"},
        {"finalizers": ["acrcmk.dev/finalizer"]},
        {"uid": "u-2"},
    ],
)
def test_what_matters_wakes(heard: Heard, change: dict[str, Any]) -> None:
    heard.informer.seen("ADDED", body())
    heard.informer.seen("MODIFIED", body(**change))
    assert heard.added == [(KEY, 0.0), (KEY, 0.0)]


def test_a_first_list_is_spread_but_deletions_are_not(heard: Heard) -> None:
    for number in range(40):
        heard.informer.seen(None, body(name=f"n-{number}"))
    heard.informer.seen(None, body(deletionTimestamp="2026-11-23T12:00:00Z"))
    delays = [delay for _, delay in heard.added]
    assert delays[39] == 2.0
    assert delays[40] == 0.0


def test_a_deleted_object_is_forgotten_and_may_come_back(heard: Heard) -> None:
    heard.informer.seen("ADDED", body())
    heard.informer.seen("DELETED", body())
    heard.informer.seen("ADDED", body())
    assert heard.forgotten == [KEY]
    assert len(heard.added) == 2
