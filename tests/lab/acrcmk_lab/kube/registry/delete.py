"""Delete an object, or set its deletion timestamp where finalizers delay the deletion."""

from typing import Final

from acrcmk_lab.kube.apimachinery import errors, objects
from acrcmk_lab.kube.apimachinery.objects import Object
from acrcmk_lab.kube.registry.backend import Backend
from acrcmk_lab.kube.registry.options import DeleteOptions
from acrcmk_lab.kube.registry.resources import Resource
from acrcmk_lab.kube.storage.stored import Key, Stored

_PROPAGATION_FINALIZERS: Final = {"Foreground": "foregroundDeletion", "Orphan": "orphan"}


def delete(target: Backend, resource: Resource, key: Key, options: DeleteOptions) -> tuple[Stored, bool]:
    """Delete an object; return it, and whether it was removed at once. Raises `StatusError`."""
    stored = target.store.get(key)
    if stored is None:
        raise resource.not_found(key.name)
    obj = objects.clone(stored.obj)
    meta = objects.meta(obj)
    forbidden = resource.strategy.deletion_forbidden(key.name)
    if forbidden:
        raise errors.forbidden(resource.group, resource.plural, key.name, forbidden)
    _require_preconditions(resource, key, meta, options)
    finalizer = _PROPAGATION_FINALIZERS.get(options.propagation or "")
    if finalizer and finalizer not in meta.get("finalizers", []):
        meta["finalizers"] = [*meta.get("finalizers", []), finalizer]
    if not meta.get("finalizers") and not resource.strategy.delays_deletion(obj):
        return (Stored(obj, revision=0) if options.dry_run else target.store.remove(key, obj)), True
    if meta.get("deletionTimestamp"):
        return stored, False
    meta["deletionTimestamp"] = target.clock.timestamp()
    meta["deletionGracePeriodSeconds"] = 0
    if meta.get("generation"):
        meta["generation"] += 1
    resource.strategy.prepare_delete(obj)
    return (Stored(obj, revision=0) if options.dry_run else target.store.put(key, obj)), False


def _require_preconditions(resource: Resource, key: Key, meta: Object, options: DeleteOptions) -> None:
    if options.uid is not None and options.uid != meta["uid"]:
        why = (
            f"the UID in the precondition ({options.uid}) does not match the UID in record ({meta['uid']}). "
            "The object might have been deleted and then recreated"
        )
        raise errors.conflict(resource.group, resource.kind, key.name, why)
    requested, actual = options.resource_version, meta["resourceVersion"]
    if requested is not None and requested != actual:
        why = (
            f"the ResourceVersion in the precondition ({requested}) does not match the ResourceVersion in record "
            f"({actual}). The object might have been modified"
        )
        raise errors.conflict(resource.group, resource.kind, key.name, why)
