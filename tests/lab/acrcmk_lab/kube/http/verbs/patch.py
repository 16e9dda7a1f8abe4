"""The verbs that write one object: create, update, patch and apply."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

from aiohttp import web

from acrcmk_lab.kube import (
    bodies,
    conversion,
    errors,
    fielderrors,
    godecode,
    objects,
    patch,
    representation,
    requests,
    resources,
    reviews,
    writes,
)
from acrcmk_lab.kube.objects import Object
from acrcmk_lab.kube.store import Key, Stored

Change: TypeAlias = Callable[[Object], Object]
_PATCHES: Final = (patch.JSON, patch.MERGE, patch.APPLY)


class Changes:
    """Carries out write requests for objects of the resources in a catalogue."""

    def __init__(self, catalogue: resources.Catalogue, writer: writes.Writer) -> None:
        self._catalogue = catalogue
        self._writer = writer

    async def create(self, request: web.Request, view: representation.View, key: Key) -> web.Response:
        """Answer POST. Raises `StatusError`."""
        resource = view.resource
        options = requests.write_options(request, "CreateOptions")
        body = await bodies.read_object(request, resource)
        if resource.kind in reviews.ANSWERS:
            return view.object_response(reviews.answer(body.value), status=201)
        _take_namespace(body.value, key)
        options.duplicates = body.duplicates
        hub = self._catalogue.hub(resource)
        with _decoding(body.value, resource):
            stored = self._writer.create(hub, key, conversion.to_storage(body.value, resource, hub), options)
        return view.response(stored, status=201, warnings=options.warnings)

    async def update(self, request: web.Request, view: representation.View, key: Key, subresource: str) -> web.Response:
        """Answer PUT. Raises `StatusError`."""
        resource = view.resource
        options = requests.write_options(request, "UpdateOptions")
        body = await bodies.read_object(request, resource)
        _require_identity(body.value, key)
        _take_namespace(body.value, key)
        options.duplicates = body.duplicates
        options.uid = objects.dig(body.value, "metadata", "uid")
        with _decoding(body.value, resource):
            stored = self._change(resource, key, lambda _: body.value, options, subresource)
        return view.response(stored, warnings=options.warnings)

    async def patch(self, request: web.Request, view: representation.View, key: Key, subresource: str) -> web.Response:
        """Answer PATCH, by the type of patch in the body's content type. Raises `StatusError`."""
        kind = bodies.content_type(request)
        supported = _PATCHES if view.resource.custom else (*_PATCHES, patch.STRATEGIC)
        if kind not in supported:
            raise errors.unsupported_media_type(supported) if view.resource.custom else errors.unknown_media_type()
        options = requests.write_options(request, "PatchOptions", applies=kind == patch.APPLY)
        raw = await request.read()
        if kind == patch.APPLY:
            return self._apply(view, key, subresource, raw, options)
        outcome: list[Object] = []

        def checked(obj: Object) -> Object:
            new = _patched(obj, kind, raw, view.resource)
            outcome.append(objects.clone(new))
            _require_type(new, view.resource)
            _require_identity(new, key)
            _take_namespace(new, key)
            return new

        with _decoding_patched(outcome):
            stored = self._change(view.resource, key, checked, options, subresource)
        return view.response(stored, warnings=options.warnings)

    def _change(
        self, resource: resources.Resource, key: Key, change: Change, options: writes.Options, subresource: str
    ) -> Stored:
        hub = self._catalogue.hub(resource)

        def converted(obj: Object) -> Object:
            return conversion.to_storage(change(conversion.to_version(obj, resource)), resource, hub)

        return self._writer.update(hub, key, converted, options, subresource=subresource)

    def _apply(
        self, view: representation.View, key: Key, subresource: str, raw: bytes, options: writes.Options
    ) -> web.Response:
        resource = view.resource
        config = _configuration(raw, resource)
        meta = config.get("metadata")
        if isinstance(meta, dict):
            if meta.get("managedFields") is not None:
                raise errors.bad_request("metadata.managedFields must be nil")
            if meta.get("name"):
                _require_identity(config, key)
            _require_same_namespace(meta, key)
        hub = self._catalogue.hub(resource)
        with _decoding(config, resource):
            stored, created = self._writer.apply(
                hub, key, conversion.to_storage(config, resource, hub), options, subresource=subresource
            )
        return view.response(stored, status=201 if created else 200, warnings=options.warnings)


def _configuration(raw: bytes, resource: resources.Resource) -> Object:
    """Read the body of an apply request. Raises `StatusError` (400)."""
    try:
        config = bodies.yaml_value(raw)
    except bodies.UndecodableError as error:
        raise errors.bad_request(f"error decoding YAML: error converting YAML to JSON: {error}") from None
    if not isinstance(config, dict):
        told = f"json: cannot unmarshal {objects.json_type(config)} into Go value of type map[string]interface {{}}"
        raise errors.bad_request(f"error decoding YAML: error unmarshaling JSON: while decoding JSON: {told}")
    version, kind = config.get("apiVersion") or "/", config.get("kind") or ""
    if (version, kind) != (resource.api_version, resource.kind):
        told = version if "/" in version else f"/{version}"
        raise errors.bad_request(f"invalid object type: {told}, Kind={kind}")
    return config


def _patched(obj: Object, kind: str, raw: bytes, resource: resources.Resource) -> Object:
    """Return a patched object. Raises `StatusError` (400, 422)."""
    try:
        wanted: Any = bodies.from_json(raw).value
        if kind == patch.JSON:
            bodies.require(wanted, list, go_type="[]handlers.jsonPatchOp")
        else:
            bodies.require(wanted, dict, go_type="map[string]interface {}")
    except bodies.UndecodableError as error:
        raise errors.bad_request(f"error decoding patch: {error}") from None
    if kind == patch.JSON:
        return patch.json_patch(obj, wanted)
    return dict(patch.merge(obj, wanted) if kind == patch.MERGE else patch.strategic(obj, wanted, resource.schema))


def _require_type(obj: Object, resource: resources.Resource) -> None:
    if not obj.get("kind"):
        raise godecode.DecodeError(f"Object 'Kind' is missing in '{objects.encode(obj).decode()}'")
    if not obj.get("apiVersion"):
        raise errors.internal("Object 'apiVersion' is missing in 'object has no apiVersion field'")
    if not resource.custom and (obj["apiVersion"], obj["kind"]) != (resource.api_version, resource.kind):
        kind, version = obj["kind"], obj["apiVersion"]
        scheme = 'in scheme "pkg/runtime/scheme.go:111"'
        raise godecode.DecodeError(f'no kind "{kind}" is registered for version "{version}" {scheme}')


def _require_identity(obj: Object, key: Key) -> None:
    """Check that an object is the one that the path names. Raises `StatusError` (400)."""
    name = objects.dig(obj, "metadata", "name")
    if not name:
        raise errors.bad_request(
            f"the name of the object ({key.name} based on URL) was undeterminable: name must be provided"
        )
    if name != key.name and isinstance(name, str):
        raise errors.bad_request(f"the name of the object ({name}) does not match the name on the URL ({key.name})")


def _require_same_namespace(meta: Object, key: Key) -> None:
    """Check that metadata names no other namespace than the path. Raises `StatusError` (400)."""
    if key.namespace and (meta.get("namespace") or key.namespace) != key.namespace:
        raise errors.bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )


def _take_namespace(obj: Object, key: Key) -> None:
    """Put an object into the namespace of the path. Raises `StatusError` (400) where it names another."""
    meta = obj.setdefault("metadata", {})
    if not isinstance(meta, dict):
        return
    _require_same_namespace(meta, key)
    if key.namespace:
        meta["namespace"] = key.namespace
    else:
        meta.pop("namespace", None)


@contextlib.contextmanager
def _decoding(obj: Object, resource: resources.Resource) -> Iterator[None]:
    """Word what the decoder finds in a whole object as the real server does."""
    try:
        yield
    except (writes.StrictError, godecode.DecodeError) as error:
        kind = obj.get("kind", resource.kind)
        raise errors.bad_request(
            f'{kind} in version "{resource.version}" cannot be handled as a {resource.kind}: {error}'
        ) from None


@contextlib.contextmanager
def _decoding_patched(outcome: list[Object]) -> Iterator[None]:
    """Word what the decoder finds in a patched object: the real server shows all of it."""
    try:
        yield
    except (writes.StrictError, godecode.DecodeError) as error:
        shown = objects.encode(outcome[-1]).decode()
        raise errors.invalid("", "", "", [fielderrors.invalid("patch", shown, str(error))]) from None
