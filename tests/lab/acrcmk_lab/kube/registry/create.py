"""Create an object, as the generic registry of the real server does around a strategy."""

import uuid
from typing import Final

from acrcmk_lab.kube.apimachinery import errors, field_errors, names, objects
from acrcmk_lab.kube.apimachinery.objects import Object
from acrcmk_lab.kube.apply import managed_fields
from acrcmk_lab.kube.registry import backend, metadata
from acrcmk_lab.kube.registry.backend import Backend
from acrcmk_lab.kube.registry.options import WriteOptions
from acrcmk_lab.kube.registry.resources import Resource
from acrcmk_lab.kube.storage.stored import Key, Stored

_SYSTEM_FIELDS: Final = (
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "selfLink",
    "uid",
)


def create(target: Backend, resource: Resource, key: Key, obj: Object, options: WriteOptions) -> Stored:
    """Store a new object (which is changed in place). Raises `StatusError`."""
    backend.decode(resource, obj, options)
    target.require_namespace(resource, key)
    set_name(target, resource, key, obj)
    key = key._replace(name=objects.meta(obj)["name"])
    _clear_system_fields(obj)
    managed_fields.track_update(None, obj, target.managed_fields_request(resource, options))
    prepare(target, resource, key, obj, options)
    return store_new(target, resource, key, obj, options)


def set_name(target: Backend, resource: Resource, key: Key, obj: Object) -> None:
    """Set name and namespace of a new object, the name from `generateName` where needed. Raises `StatusError` (422)."""
    meta = objects.meta(obj)
    if not meta.get("name") and meta.get("generateName"):
        meta["name"] = names.generated(meta["generateName"], rng=target.rng)
    if not meta.get("name"):
        problem = field_errors.required("metadata.name", "name or generateName is required")
        raise errors.invalid(resource.group, resource.kind, "", [problem])
    if resource.namespaced:
        meta["namespace"] = key.namespace
    else:
        meta.pop("namespace", None)


def _clear_system_fields(obj: Object) -> None:
    for name in _SYSTEM_FIELDS:
        objects.meta(obj).pop(name, None)


def prepare(target: Backend, resource: Resource, key: Key, obj: Object, options: WriteOptions) -> None:
    """Set what the server sets in a new object, and validate it. Raises `StatusError` (422)."""
    _clear_system_fields(obj)
    meta = objects.meta(obj)
    meta["uid"] = str(uuid.UUID(int=target.rng.getrandbits(128), version=4))
    meta["creationTimestamp"] = target.clock.timestamp()
    resource.strategy.prepare_create(obj)
    problems = metadata.validate(obj, resource)
    problems = resource.strategy.validate(obj, None, metadata=problems)
    if problems:
        raise errors.invalid(resource.group, obj["kind"], key.name, problems)
    options.warnings.extend(metadata.warnings(obj, None))


def store_new(target: Backend, resource: Resource, key: Key, obj: Object, options: WriteOptions) -> Stored:
    """Store a validated object, except in a dry run. Raises `StatusError` (409, 500)."""
    if target.store.get(key):
        raise errors.already_exists(resource.group, resource.plural, key.name)
    had_status = "status" in obj
    resource.strategy.decode(obj)
    if options.dry_run:
        return Stored(obj, revision=0)
    if objects.meta(obj).get("resourceVersion"):
        raise errors.no_reason("resourceVersion should not be set on objects to be created")
    # A custom object is stored without the status that defaults add at every read.
    return target.store.put(key, obj, defaulted_on_read="status" in obj and not had_status)
