"""Server-side apply of one object: create it, or merge the configuration into the stored object."""

from acrcmk_lab.kube.apimachinery import errors, objects
from acrcmk_lab.kube.apimachinery.objects import Object
from acrcmk_lab.kube.apply import server_side_apply
from acrcmk_lab.kube.registry import create, update
from acrcmk_lab.kube.registry.backend import Backend
from acrcmk_lab.kube.registry.options import WriteOptions
from acrcmk_lab.kube.registry.resources import Resource
from acrcmk_lab.kube.storage.stored import Key, Stored


def apply(
    target: Backend, resource: Resource, key: Key, config: Object, options: WriteOptions, *, subresource: str = ""
) -> tuple[Stored, bool]:
    """Apply a configuration; return the object, and whether it was created. Raises `StatusError`."""
    stored = target.store.get(key)
    request = target.managed_fields_request(resource, options, subresource=subresource)
    if stored is None:
        if subresource:
            raise resource.not_found(key.name)
        target.require_namespace(resource, key)
        return _create(target, resource, key, server_side_apply.apply(None, config, request), options), True
    new = server_side_apply.apply(stored.obj, config, request)
    if not objects.dig(config, "metadata", "resourceVersion"):
        objects.meta(new)["resourceVersion"] = objects.meta(stored.obj)["resourceVersion"]
    resource.strategy.default(new)
    updated = update.Target(resource=resource, key=key, stored=stored, subresource=subresource)
    update.require_same_version(updated, new, options)
    return update.store_updated(target, updated, new, options), False


def _create(target: Backend, resource: Resource, key: Key, new: Object, options: WriteOptions) -> Stored:
    meta = objects.meta(new)
    if meta.get("uid"):
        why = f"uid mismatch: the provided object specified uid {meta['uid']}, and no existing object was found"
        raise errors.conflict(resource.group, resource.plural, key.name, why)
    if not meta.get("name"):
        raise errors.undeterminable_name(key.name)
    create.set_name(target, resource, key, new)
    resource.strategy.default(new)
    create.prepare(target, resource, key, new, options)
    return create.store_new(target, resource, key, new, options)
