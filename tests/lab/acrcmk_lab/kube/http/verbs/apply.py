"""PATCH with an apply configuration: server-side apply."""

from aiohttp import web

from acrcmk_lab.kube.apimachinery import errors, objects
from acrcmk_lab.kube.apimachinery.objects import Object
from acrcmk_lab.kube.http import bodies
from acrcmk_lab.kube.http.resource_request import ResourceRequest
from acrcmk_lab.kube.http.verbs import checks
from acrcmk_lab.kube.registry import apply, conversion
from acrcmk_lab.kube.registry.options import WriteOptions
from acrcmk_lab.kube.registry.resources import Resource


def serve(request: ResourceRequest, raw: bytes, options: WriteOptions) -> web.Response:
    """Apply the configuration `raw`. Raises `StatusError`."""
    resource, hub = request.resource, request.storage_resource
    config = _configuration(raw, resource)
    meta = config.get("metadata")
    if isinstance(meta, dict):
        if meta.get("managedFields") is not None:
            raise errors.bad_request("metadata.managedFields must be nil")
        if meta.get("name"):
            checks.require_name(config, request.key)
        checks.require_same_namespace(meta, request.key)
    with checks.decoding(config, resource):
        stored, created = apply.apply(
            request.cluster.backend,
            hub,
            request.key,
            conversion.to_storage(config, resource, hub),
            options,
            subresource=request.subresource,
        )
    return request.view.response(stored, status=201 if created else 200, warnings=options.warnings)


def _configuration(raw: bytes, resource: Resource) -> Object:
    """Decode the body of an apply request. Raises `StatusError` (400)."""
    try:
        config = bodies.from_yaml(raw)
    except bodies.DecodeError as error:
        raise errors.bad_request(f"error decoding YAML: error converting YAML to JSON: {error}") from None
    if not isinstance(config, dict):
        detail = f"json: cannot unmarshal {objects.json_type(config)} into Go value of type map[string]interface {{}}"
        raise errors.bad_request(f"error decoding YAML: error unmarshaling JSON: while decoding JSON: {detail}")
    version, kind = config.get("apiVersion") or "/", config.get("kind") or ""
    if (version, kind) != (resource.api_version, resource.kind):
        group_version = version if "/" in version else f"/{version}"
        raise errors.bad_request(f"invalid object type: {group_version}, Kind={kind}")
    return config
