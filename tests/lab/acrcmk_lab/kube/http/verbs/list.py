"""GET of a collection."""

from aiohttp import web

from acrcmk_lab.kube.http.list_options import ListOptions
from acrcmk_lab.kube.http.resource_request import ResourceRequest


async def serve(request: ResourceRequest) -> web.Response:
    """Return one page of the list. Raises `StatusError`."""
    store = request.cluster.store
    options = ListOptions.of(request.http, request.resource, request.key.namespace, watch=False)
    options.require_available(store)
    return request.view.list_response(options.page(store), revision=options.revision(store))
