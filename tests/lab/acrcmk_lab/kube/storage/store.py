"""Objects in memory with one growing revision, as etcd has it.

All of it is synchronous: within one event loop a write is atomic. Stored objects are never changed in place: clone an
object to change it.
"""

import asyncio
from collections.abc import Callable

from acrcmk_lab.kube.apimachinery.objects import Object
from acrcmk_lab.kube.storage.changes import Change, ChangeLog
from acrcmk_lab.kube.storage.stored import Collection, Key, Stored


class Store:
    """The state of the cluster. `window` is how many changes of each collection a watch can go back."""

    def __init__(self, *, window: int = 10_000, revision: int = 100) -> None:
        self.revision = revision
        self.observers: list[Callable[[Change], None]] = []
        self._first_revision = revision
        self._window = window
        self._objects: dict[Collection, dict[Key, Stored]] = {}
        self._logs: dict[Collection, ChangeLog] = {}

    def get(self, key: Key) -> Stored | None:
        """Return an object, or None."""
        return self._objects.get(key.collection, {}).get(key)

    def select(self, collection: Collection, namespace: str = "") -> list[Stored]:
        """Return the objects of a collection, in one namespace or in all, ordered by namespace and name."""
        stored = self._objects.get(collection, {})
        return [stored[key] for key in sorted(stored) if not namespace or key.namespace == namespace]

    def all_keys(self) -> list[Key]:
        """Return the keys of all objects."""
        return [key for stored in self._objects.values() for key in stored]

    def restore(self, obj: Object, key: Key) -> None:
        """Put an object back as it was saved, without a change event."""
        self._objects.setdefault(key.collection, {})[key] = Stored(
            obj, revision=int(obj["metadata"]["resourceVersion"])
        )

    def start_at(self, revision: int) -> None:
        """Set the revision, and drop the changes before it."""
        self.revision = self._first_revision = revision
        self._logs.clear()

    def replace_in_place(self, key: Key, obj: Object) -> None:
        """Replace what is shown of an object after a change of its schema: same revision, no change event."""
        self._objects[key.collection][key] = Stored(obj, revision=self._objects[key.collection][key].revision)

    def put(self, key: Key, obj: Object, *, defaulted_on_read: bool = False) -> Stored:
        """Store `obj` with the next revision as its resourceVersion."""
        collection = self._objects.setdefault(key.collection, {})
        before = collection.get(key)
        after = collection[key] = self._with_next_revision(obj)
        after.defaulted_on_read = defaulted_on_read
        self._notify(
            Change(type="MODIFIED" if before else "ADDED", key=key, revision=after.revision, after=after, before=before)
        )
        return after

    def remove(self, key: Key, obj: Object) -> Stored:
        """Remove an object; `obj` is its last state, which watches get."""
        before = self._objects[key.collection].pop(key)
        after = self._with_next_revision(obj)
        self._notify(Change(type="DELETED", key=key, revision=after.revision, after=after, before=before))
        return after

    def drop(self, collection: Collection) -> None:
        """Remove a collection and its changes, and wake its watches up."""
        self._objects.pop(collection, None)
        log = self._logs.pop(collection, None)
        if log:
            log.changed.set()

    def _with_next_revision(self, obj: Object) -> Stored:
        self.revision += 1
        obj["metadata"]["resourceVersion"] = str(self.revision)
        return Stored(obj, revision=self.revision)

    def _notify(self, change: Change) -> None:
        self._log(change.key.collection).append(change)
        for observer in self.observers:
            observer(change)

    def _log(self, collection: Collection) -> ChangeLog:
        log = self._logs.get(collection)
        if log is None:
            log = self._logs[collection] = ChangeLog(compacted=self._first_revision, window=self._window)
        return log

    def since(self, collection: Collection, revision: int) -> list[Change]:
        """Return the changes after `revision`. Raises `Expired` where the log does not reach back so far."""
        return self._log(collection).since(revision)

    def changed(self, collection: Collection) -> asyncio.Event:
        """Return the event that the next change of a collection sets."""
        return self._log(collection).changed
