"""PATCH: change an object by a JSON patch, a merge patch or a strategic merge patch; `apply` has server-side apply."""

import contextlib
from collections.abc import Iterator
from typing import Any, Final

from aiohttp import web

from acrcmk_lab.kube.apimachinery import errors, field_errors, objects, patches
from acrcmk_lab.kube.apimachinery.objects import Object
from acrcmk_lab.kube.http import bodies, requests
from acrcmk_lab.kube.http.resource_request import ResourceRequest
from acrcmk_lab.kube.http.verbs import apply, checks, update
from acrcmk_lab.kube.registry import go_decoding
from acrcmk_lab.kube.registry.backend import StrictDecodingError
from acrcmk_lab.kube.registry.resources import Resource

_PATCH_TYPES: Final = (patches.JSON, patches.MERGE, patches.APPLY)


async def serve(request: ResourceRequest) -> web.Response:
    """Patch the object by the patch type in the content type. Raises `StatusError`."""
    resource = request.resource
    content_type = bodies.content_type(request.http)
    supported = _PATCH_TYPES if resource.custom else (*_PATCH_TYPES, patches.STRATEGIC)
    if content_type not in supported:
        raise errors.unsupported_media_type(supported) if resource.custom else errors.unknown_media_type()
    options = requests.write_options(request.http, "PatchOptions", is_apply=content_type == patches.APPLY)
    raw = await request.http.read()
    if content_type == patches.APPLY:
        return apply.serve(request, raw, options)
    results: list[Object] = []

    def patched(obj: Object) -> Object:
        new = _patched(obj, content_type, raw, resource)
        results.append(objects.clone(new))
        _require_type(new, resource)
        checks.require_name(new, request.key)
        checks.set_namespace(new, request.key)
        return new

    with _decoding(results):
        stored = update.change(request, patched, options)
    return request.view.response(stored, warnings=options.warnings)


def _patched(obj: Object, content_type: str, raw: bytes, resource: Resource) -> Object:
    """Return the patched object. Raises `StatusError` (400, 422)."""
    try:
        patch: Any = bodies.from_json(raw).value
        if content_type == patches.JSON:
            bodies.require(patch, list, go_type="[]handlers.jsonPatchOp")
        else:
            bodies.require(patch, dict, go_type="map[string]interface {}")
    except bodies.DecodeError as error:
        raise errors.bad_request(f"error decoding patch: {error}") from None
    if content_type == patches.JSON:
        return patches.json_patch(obj, patch)
    if content_type == patches.MERGE:
        return dict(patches.merge(obj, patch))
    return dict(patches.strategic(obj, patch, resource.schema))


def _require_type(obj: Object, resource: Resource) -> None:
    if not obj.get("kind"):
        raise go_decoding.DecodeError(f"Object 'Kind' is missing in '{objects.encode(obj).decode()}'")
    if not obj.get("apiVersion"):
        raise errors.internal("Object 'apiVersion' is missing in 'object has no apiVersion field'")
    if not resource.custom and (obj["apiVersion"], obj["kind"]) != (resource.api_version, resource.kind):
        kind, version = obj["kind"], obj["apiVersion"]
        raise go_decoding.DecodeError(f'no kind "{kind}" is registered for version "{version}" {bodies.IN_SCHEME}')


@contextlib.contextmanager
def _decoding(results: list[Object]) -> Iterator[None]:
    """Turn decoding errors of a patched object into a `StatusError` (422), which shows the whole object."""
    try:
        yield
    except (StrictDecodingError, go_decoding.DecodeError) as error:
        encoded = objects.encode(results[-1]).decode()
        raise errors.invalid("", "", "", [field_errors.invalid("patch", encoded, str(error))]) from None
