"""What controllers of a real cluster do after a delete: delete contents of namespaces and definitions, dependents."""

from typing import Final

from acrcmk_lab.kube.apimachinery import objects
from acrcmk_lab.kube.apimachinery.objects import Object
from acrcmk_lab.kube.registry import crds, delete, update
from acrcmk_lab.kube.registry.backend import Backend
from acrcmk_lab.kube.registry.options import DeleteOptions
from acrcmk_lab.kube.registry.resources import ServedResources
from acrcmk_lab.kube.storage.changes import Change
from acrcmk_lab.kube.storage.stored import Key

NAMESPACES: Final = ("", "namespaces")


class DeletionController:
    """The namespace controller, the finalizer of definitions, and the garbage collector, in one."""

    def __init__(self, backend: Backend, resources: ServedResources) -> None:
        self._backend = backend
        self._store = backend.store
        self._resources = resources
        self._existing_uids: set[str] = set()
        self._dependents: dict[str, set[Key]] = {}
        self._store.observers.append(self._observe)

    def _observe(self, change: Change) -> None:
        self._record_owners(change)
        if change.type == "DELETED":
            self._delete_dependents(change.after.obj["metadata"]["uid"])
            self._finalize_containers(change.key)
        elif not _is_terminating(change.after.obj):
            return
        elif change.key.collection == NAMESPACES:
            self._delete_all([key for key in self._store.all_keys() if key.namespace == change.key.name])
            self._finalize_namespace(change.key.name)
        elif change.key.collection == crds.COLLECTION:
            collection = crds.defined_collection(change.after.obj)
            self._delete_all([key for key in self._store.all_keys() if key.collection == collection])
            self._finalize_definition(change.key)

    def _delete_all(self, keys: list[Key]) -> None:
        for key in keys:
            self._delete(key)

    def _delete(self, key: Key) -> None:
        resource = self._resources.of_collection(key.collection)
        if resource is not None and self._store.get(key) is not None:
            delete.delete(self._backend, resource, key, DeleteOptions())

    def _finalize_containers(self, removed: Key) -> None:
        """Finalize the namespace and the definition of a removed object, if they are empty now."""
        if removed.namespace:
            self._finalize_namespace(removed.namespace)
        for stored in self._store.select(crds.COLLECTION):
            if crds.defined_collection(stored.obj) == removed.collection:
                self._finalize_definition(Key(crds.COLLECTION, "", stored.obj["metadata"]["name"]))

    def _finalize_namespace(self, name: str) -> None:
        key = Key(NAMESPACES, "", name)
        stored = self._store.get(key)
        if stored is None or not _is_terminating(stored.obj):
            return
        if not any(other.namespace == name for other in self._store.all_keys()):
            update.update_as_controller(self._backend, key, _remove_namespace_finalizer)

    def _finalize_definition(self, key: Key) -> None:
        stored = self._store.get(key)
        if stored is None or not _is_terminating(stored.obj):
            return
        if not self._store.select(crds.defined_collection(stored.obj)):
            update.update_as_controller(self._backend, key, _remove_definition_finalizer)

    def _record_owners(self, change: Change) -> None:
        meta = change.after.obj["metadata"]
        if change.type == "DELETED":
            self._existing_uids.discard(meta["uid"])
            return
        self._existing_uids.add(meta["uid"])
        for owner in meta.get("ownerReferences") or []:
            self._dependents.setdefault(owner.get("uid", ""), set()).add(change.key)

    def _delete_dependents(self, uid: str) -> None:
        """Delete the dependents of a removed object that have no other owner."""
        for key in sorted(self._dependents.pop(uid, ())):
            stored = self._store.get(key)
            owners = objects.dig(stored.obj, "metadata", "ownerReferences") if stored else None
            if owners and not any(owner.get("uid") in self._existing_uids for owner in owners):
                self._delete(key)


def _is_terminating(obj: Object) -> bool:
    return bool(objects.dig(obj, "metadata", "deletionTimestamp"))


def _remove_namespace_finalizer(namespace: Object) -> None:
    namespace["spec"]["finalizers"] = []


def _remove_definition_finalizer(definition: Object) -> None:
    meta = objects.meta(definition)
    meta["finalizers"] = [name for name in meta.get("finalizers", []) if name != crds.FINALIZER]
