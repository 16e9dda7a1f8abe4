"""GET of one object."""

from aiohttp import web

from acrcmk_lab.kube.http.resource_request import ResourceRequest


async def serve(request: ResourceRequest) -> web.Response:
    """Return the object. Raises `StatusError` (404)."""
    stored = request.cluster.store.get(request.key)
    if stored is None:
        raise request.resource.not_found(request.key.name)
    return request.view.response(stored)
