"""Checks of an object that a request carries, and the wording of decoding errors."""

import contextlib
from collections.abc import Iterator

from acrcmk_lab.kube.apimachinery import errors, objects
from acrcmk_lab.kube.apimachinery.objects import Object
from acrcmk_lab.kube.registry import go_decoding
from acrcmk_lab.kube.registry.backend import StrictDecodingError
from acrcmk_lab.kube.registry.resources import Resource
from acrcmk_lab.kube.storage.stored import Key


def require_name(obj: Object, key: Key) -> None:
    """Check that an object has the name of the path. Raises `StatusError` (400)."""
    name = objects.dig(obj, "metadata", "name")
    if not name:
        raise errors.undeterminable_name(key.name)
    if name != key.name and isinstance(name, str):
        raise errors.bad_request(f"the name of the object ({name}) does not match the name on the URL ({key.name})")


def require_same_namespace(meta: Object, key: Key) -> None:
    """Check that metadata has no other namespace than the path. Raises `StatusError` (400)."""
    if key.namespace and (meta.get("namespace") or key.namespace) != key.namespace:
        raise errors.bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )


def set_namespace(obj: Object, key: Key) -> None:
    """Put an object into the namespace of the path. Raises `StatusError` (400) where it has another."""
    meta = obj.setdefault("metadata", {})
    if not isinstance(meta, dict):
        return
    require_same_namespace(meta, key)
    if key.namespace:
        meta["namespace"] = key.namespace
    else:
        meta.pop("namespace", None)


@contextlib.contextmanager
def decoding(obj: Object, resource: Resource) -> Iterator[None]:
    """Turn decoding errors of a whole object into a `StatusError` (400) with the text of the real server."""
    try:
        yield
    except (StrictDecodingError, go_decoding.DecodeError) as error:
        kind = obj.get("kind", resource.kind)
        raise errors.bad_request(
            f'{kind} in version "{resource.version}" cannot be handled as a {resource.kind}: {error}'
        ) from None
