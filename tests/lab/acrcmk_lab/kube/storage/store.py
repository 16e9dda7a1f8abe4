"""Objects in memory with one growing revision, and the log of changes that watches read.

All of it is synchronous: within one event loop a write is atomic, and readers see it whole. Stored objects are never
changed in place; who wants to change one clones it first.
"""

import asyncio
import bisect
import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from acrcmk_lab.kube import objects
from acrcmk_lab.kube.objects import Object

Collection: TypeAlias = tuple[str, str]
"""API group and plural name; all versions of a resource share one collection."""


class Key(NamedTuple):
    """Where an object lives; `namespace` is empty for cluster-scoped ones."""

    collection: Collection
    namespace: str
    name: str


class Stored:
    """One version of one object, with its JSON encoded at most once.

    `completed` is whether what is shown is more than what was written, by defaults that came after: then even a write
    that changes nothing is one.
    """

    def __init__(self, obj: Object, *, revision: int, completed: bool = False) -> None:
        self.obj = obj
        self.revision = revision
        self.completed = completed

    @functools.cached_property
    def encoded(self) -> bytes:
        return objects.encode(self.obj)


@dataclass(frozen=True)
class Change:
    """One entry of the log: what a key held before and after, and at which revision that became so."""

    type: Literal["ADDED", "MODIFIED", "DELETED"]
    key: Key
    revision: int
    after: Stored
    before: Stored | None


class Expired(Exception):  # noqa: N818 - the API's own word for it
    """The log no longer reaches back to the revision that was asked for."""

    def __init__(self, *, asked: int, oldest: int) -> None:
        super().__init__(f"too old resource version: {asked} ({oldest})")


@dataclass
class _Log:
    """The changes of one collection, oldest first; `forgotten` is the newest revision that is no longer in it."""

    forgotten: int
    revisions: list[int] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class Store:
    """The state of the cluster. `window` is how many changes of each collection a watch can go back."""

    def __init__(self, *, window: int = 10_000, revision: int = 100) -> None:
        self.revision = revision
        self.observers: list[Callable[[Change], None]] = []
        self._born = revision
        self._window = window
        self._objects: dict[Collection, dict[Key, Stored]] = {}
        self._logs: dict[Collection, _Log] = {}

    def get(self, key: Key) -> Stored | None:
        return self._objects.get(key.collection, {}).get(key)

    def select(self, collection: Collection, namespace: str = "") -> list[Stored]:
        """Return the objects of a collection, in one namespace or in all, ordered by namespace and name."""
        found = self._objects.get(collection, {})
        return [found[key] for key in sorted(found) if not namespace or key.namespace == namespace]

    def all_keys(self) -> list[Key]:
        """Return the keys of all objects."""
        return [key for found in self._objects.values() for key in found]

    def restore(self, obj: Object, key: Key) -> None:
        """Put an object back as it was saved, without a change to tell."""
        self._objects.setdefault(key.collection, {})[key] = Stored(
            obj, revision=int(obj["metadata"]["resourceVersion"])
        )

    def born(self, revision: int) -> None:
        """Count from `revision`, and forget every change before it."""
        self.revision = self._born = revision
        self._logs.clear()

    def replace_in_place(self, key: Key, obj: Object) -> None:
        """Show a stored object differently (a schema changed); its revision stays, and nobody is told."""
        self._objects[key.collection][key] = Stored(obj, revision=self._objects[key.collection][key].revision)

    def put(self, key: Key, obj: Object, *, completed: bool = False) -> Stored:
        """Write `obj`, giving it the next revision as its resourceVersion, and tell everybody."""
        found = self._objects.setdefault(key.collection, {})
        before = found.get(key)
        after = found[key] = self._stamp(obj)
        after.completed = completed
        self._tell(Change("MODIFIED" if before else "ADDED", key, after.revision, after, before))
        return after

    def remove(self, key: Key, obj: Object) -> Stored:
        """Remove a key; `obj` is the object's last state, which watches see."""
        before = self._objects[key.collection].pop(key)
        after = self._stamp(obj)
        self._tell(Change("DELETED", key, after.revision, after, before))
        return after

    def drop(self, collection: Collection) -> None:
        """Forget a collection and end its watches with "expired"."""
        self._objects.pop(collection, None)
        log = self._logs.pop(collection, None)
        if log:
            log.forgotten = self.revision + 1
            log.changed.set()

    def _stamp(self, obj: Object) -> Stored:
        self.revision += 1
        obj["metadata"]["resourceVersion"] = str(self.revision)
        return Stored(obj, revision=self.revision)

    def _tell(self, change: Change) -> None:
        log = self._log(change.key.collection)
        log.revisions.append(change.revision)
        log.changes.append(change)
        if len(log.changes) > 2 * self._window:
            log.forgotten = log.revisions[-self._window - 1]
            del log.revisions[: -self._window], log.changes[: -self._window]
        log.changed.set()
        log.changed = asyncio.Event()
        for observer in self.observers:
            observer(change)

    def _log(self, collection: Collection) -> _Log:
        return self._logs.setdefault(collection, _Log(forgotten=self._born))

    def since(self, collection: Collection, revision: int) -> list[Change]:
        """Return the changes after `revision`. Raises `Expired` where the log does not reach that far back."""
        log = self._log(collection)
        if revision < log.forgotten:
            raise Expired(asked=revision, oldest=log.forgotten)
        return log.changes[bisect.bisect_right(log.revisions, revision) :]

    def changed(self, collection: Collection) -> asyncio.Event:
        """Return the event that the next change of a collection sets."""
        return self._log(collection).changed
