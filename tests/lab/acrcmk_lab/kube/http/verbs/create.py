"""POST: create an object."""

import dataclasses

from aiohttp import web

from acrcmk_lab.kube.http import access_reviews, bodies, requests
from acrcmk_lab.kube.http.resource_request import ResourceRequest
from acrcmk_lab.kube.http.verbs import checks
from acrcmk_lab.kube.registry import conversion, create


async def serve(request: ResourceRequest) -> web.Response:
    """Create the object in the body. Raises `StatusError`."""
    resource, hub = request.resource, request.storage_resource
    options = requests.write_options(request.http, "CreateOptions")
    body = await bodies.read_object(request.http, resource)
    if resource.kind in access_reviews.STATUSES:
        return request.view.object_response(access_reviews.review(body.value), status=201)
    checks.set_namespace(body.value, request.key)
    options = dataclasses.replace(options, duplicates=body.duplicates)
    with checks.decoding(body.value, resource):
        obj = conversion.to_storage(body.value, resource, hub)
        stored = create.create(request.cluster.backend, hub, request.key, obj, options)
    return request.view.response(stored, status=201, warnings=options.warnings)
