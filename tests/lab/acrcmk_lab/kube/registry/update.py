"""Update an object, as the generic registry of the real server does around a strategy."""

import dataclasses
from collections.abc import Callable
from typing import Any

from acrcmk_lab.kube.apimachinery import errors, field_errors, objects
from acrcmk_lab.kube.apimachinery.objects import Object
from acrcmk_lab.kube.apply import managed_fields
from acrcmk_lab.kube.registry import backend, metadata
from acrcmk_lab.kube.registry.backend import Backend
from acrcmk_lab.kube.registry.options import WriteOptions
from acrcmk_lab.kube.registry.resources import Resource
from acrcmk_lab.kube.storage.stored import Key, Stored


@dataclasses.dataclass(frozen=True, kw_only=True)
class Target:
    """The object that an update changes: where it is, and what is stored."""

    resource: Resource
    key: Key
    stored: Stored
    subresource: str


def update(
    target: Backend,
    resource: Resource,
    key: Key,
    change: Callable[[Object], Object],
    options: WriteOptions,
    *,
    subresource: str = "",
) -> Stored:
    """Update an object: `change` gets a copy and returns the new object. Raises `StatusError`."""
    stored = target.store.get(key)
    if stored is None:
        raise resource.not_found(key.name)
    updated = Target(resource=resource, key=key, stored=stored, subresource=subresource)
    new = change(objects.clone(stored.obj))
    backend.decode(resource, new, options)
    require_same_version(updated, new, options)
    request = target.managed_fields_request(resource, options, subresource=subresource)
    managed_fields.track_update(stored.obj, new, request)
    return store_updated(target, updated, new, options)


def require_same_version(updated: Target, new: Object, options: WriteOptions) -> None:
    """Check the preconditions of an update: resource version and uid. Raises `StatusError` (409, 422, 500)."""
    resource, key = updated.resource, updated.key
    version, before = objects.meta(new).get("resourceVersion") or "", objects.meta(updated.stored.obj)
    if version and not version.isdigit():
        raise errors.no_reason(f'strconv.ParseUint: parsing "{version}": invalid syntax')
    if not version and not resource.strategy.unconditional_update:
        problem = field_errors.invalid("metadata.resourceVersion", 0, "must be specified for an update")
        raise errors.invalid(resource.group, resource.plural, key.name, [problem])
    if options.uid and options.uid != before["uid"]:
        detail = f"Precondition failed: UID in precondition: {options.uid}, UID in object meta: {before['uid']}"
        path = _etcd_path(resource, key)
        why = f"StorageError: invalid object, Code: 4, Key: /{path}, ResourceVersion: 0, AdditionalErrorMsg: {detail}"
        raise errors.conflict(resource.group, resource.plural, key.name, why)
    if version and version != before["resourceVersion"]:
        raise errors.conflict(resource.group, resource.plural, key.name, errors.MODIFIED)


def _etcd_path(resource: Resource, key: Key) -> str:
    """Return where the real server keeps an object in etcd, which some of its messages contain."""
    head = resource.group if resource.custom else "registry"
    return "/".join(part for part in (head, resource.plural, key.namespace, key.name) if part)


def store_updated(target: Backend, updated: Target, new: Object, options: WriteOptions) -> Stored:
    """Validate and store an updated object, except in a dry run; an update that changes nothing is not stored.

    Raises `StatusError` (422).
    """
    resource, stored, old = updated.resource, updated.stored, updated.stored.obj
    metadata.keep_system_fields(new, old)
    if updated.subresource == "status":
        resource.strategy.prepare_status(new, old)
    else:
        resource.strategy.prepare_update(new, old)
    # Twice, as the real server: once for every kind, once by the kind's own strategy.
    problems = 2 * metadata.validate_update(new, old)
    problems = resource.strategy.validate(new, old, subresource=updated.subresource, metadata=problems)
    if problems:
        raise errors.invalid(resource.group, new["kind"], updated.key.name, problems)
    resource.strategy.decode(new)
    options.warnings.extend(metadata.warnings(new, old))
    if managed_fields.equal_except_times(new, old) and not stored.defaulted_on_read:
        return stored
    if metadata.is_deletable(new):
        return Stored(new, revision=0) if options.dry_run else target.store.remove(updated.key, new)
    return Stored(new, revision=stored.revision) if options.dry_run else target.store.put(updated.key, new)


def update_as_controller(target: Backend, key: Key, change: Callable[[Object], Any]) -> None:
    """Change a stored object in place of a controller of the real cluster, without strategy or validation.

    The object is removed if it was only waiting for this change to its finalizers.
    """
    stored = target.store.get(key)
    if stored is None:
        return
    new = objects.clone(stored.obj)
    change(new)
    if metadata.is_deletable(new) and not objects.dig(new, "spec", "finalizers"):
        target.store.remove(key, new)
    elif not objects.equal(new, stored.obj):
        target.store.put(key, new)
