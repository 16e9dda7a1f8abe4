"""What controllers of a real cluster do after a delete: empty namespaces and definitions, collect dependents."""

from typing import Final

from acrcmk_lab.kube import crds, objects, resources, writes
from acrcmk_lab.kube.objects import Object
from acrcmk_lab.kube.store import Change, Key, Store

NAMESPACES: Final = ("", "namespaces")


class Reaper:
    """Deletes the contents of what is being deleted, and lets go of it once it is empty."""

    def __init__(self, store: Store, catalogue: resources.Catalogue, writer: writes.Writer) -> None:
        self._store = store
        self._catalogue = catalogue
        self._writer = writer
        self._living: set[str] = set()
        self._dependents: dict[str, set[Key]] = {}
        store.observers.append(self._observe)

    def _observe(self, change: Change) -> None:
        self._note_owners(change)
        deleting = bool(objects.dig(change.after.obj, "metadata", "deletionTimestamp"))
        if change.type == "DELETED":
            self._collect(change.after.obj["metadata"]["uid"])
            self._release(change.key)
        elif deleting and change.key.collection == NAMESPACES:
            self._empty([key for key in self._store.all_keys() if key.namespace == change.key.name])
            self._release_namespace(change.key.name)
        elif deleting and change.key.collection == crds.COLLECTION:
            collection = _defined(change.after.obj)
            self._empty([key for key in self._store.all_keys() if key.collection == collection])
            self._release_definition(change.key)

    def _empty(self, keys: list[Key]) -> None:
        for key in keys:
            self._delete(key)

    def _delete(self, key: Key) -> None:
        resource = self._catalogue.of_collection(key.collection)
        if resource is not None and self._store.get(key) is not None:
            self._writer.delete(resource, key, writes.DeleteOptions())

    def _release(self, gone: Key) -> None:
        """Look again at what may have waited for the object that is gone."""
        if gone.namespace:
            self._release_namespace(gone.namespace)
        for stored in self._store.select(crds.COLLECTION):
            if _defined(stored.obj) == gone.collection:
                self._release_definition(Key(crds.COLLECTION, "", stored.obj["metadata"]["name"]))

    def _release_namespace(self, name: str) -> None:
        key = Key(NAMESPACES, "", name)
        stored = self._store.get(key)
        if stored is None or not objects.dig(stored.obj, "metadata", "deletionTimestamp"):
            return
        if not any(other.namespace == name for other in self._store.all_keys()):
            self._writer.settle(key, _let_go_of_namespace)

    def _release_definition(self, key: Key) -> None:
        stored = self._store.get(key)
        if stored is None or not objects.dig(stored.obj, "metadata", "deletionTimestamp"):
            return
        if not self._store.select(_defined(stored.obj)):
            self._writer.settle(key, _let_go_of_definition)

    def _note_owners(self, change: Change) -> None:
        meta = change.after.obj["metadata"]
        if change.type == "DELETED":
            self._living.discard(meta["uid"])
            return
        self._living.add(meta["uid"])
        for owner in meta.get("ownerReferences") or []:
            self._dependents.setdefault(owner.get("uid", ""), set()).add(change.key)

    def _collect(self, uid: str) -> None:
        """Delete the objects whose last owner is gone."""
        for key in sorted(self._dependents.pop(uid, ())):
            stored = self._store.get(key)
            owners = objects.dig(stored.obj, "metadata", "ownerReferences") if stored else None
            if owners and not any(owner.get("uid") in self._living for owner in owners):
                self._delete(key)


def _defined(definition: Object) -> tuple[str, str]:
    return (definition["spec"]["group"], definition["spec"]["names"]["plural"])


def _let_go_of_namespace(namespace: Object) -> None:
    namespace["spec"]["finalizers"] = []


def _let_go_of_definition(definition: Object) -> None:
    meta = objects.meta(definition)
    meta["finalizers"] = [name for name in meta.get("finalizers", []) if name != crds.FINALIZER]
