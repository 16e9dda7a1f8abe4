"""PUT: replace an object."""

import dataclasses
from collections.abc import Callable

from aiohttp import web

from acrcmk_lab.kube.apimachinery import objects
from acrcmk_lab.kube.apimachinery.objects import Object
from acrcmk_lab.kube.http import bodies, requests
from acrcmk_lab.kube.http.resource_request import ResourceRequest
from acrcmk_lab.kube.http.verbs import checks
from acrcmk_lab.kube.registry import conversion, update
from acrcmk_lab.kube.registry.options import WriteOptions
from acrcmk_lab.kube.storage.stored import Stored


async def serve(request: ResourceRequest) -> web.Response:
    """Replace the stored object by the one in the body. Raises `StatusError`."""
    options = requests.write_options(request.http, "UpdateOptions")
    body = await bodies.read_object(request.http, request.resource)
    checks.require_name(body.value, request.key)
    checks.set_namespace(body.value, request.key)
    uid = objects.dig(body.value, "metadata", "uid")
    options = dataclasses.replace(options, duplicates=body.duplicates, uid=uid)
    with checks.decoding(body.value, request.resource):
        stored = change(request, lambda _: body.value, options)
    return request.view.response(stored, warnings=options.warnings)


def change(request: ResourceRequest, new_object: Callable[[Object], Object], options: WriteOptions) -> Stored:
    """Update the stored object; `new_object` gets and returns it in the version of the request."""
    resource, hub = request.resource, request.storage_resource

    def converted(obj: Object) -> Object:
        return conversion.to_storage(new_object(conversion.to_version(obj, resource)), resource, hub)

    return update.update(request.cluster.backend, hub, request.key, converted, options, subresource=request.subresource)
