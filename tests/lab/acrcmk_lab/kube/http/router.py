"""Which verb serves a request for a resource."""

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from acrcmk_lab.kube.apimachinery import errors
from acrcmk_lab.kube.cluster import Cluster
from acrcmk_lab.kube.http import requests
from acrcmk_lab.kube.http.requests import Target
from acrcmk_lab.kube.http.resource_request import ResourceRequest
from acrcmk_lab.kube.http.responses import View
from acrcmk_lab.kube.http.verbs import create, delete, get, patch, update
from acrcmk_lab.kube.http.verbs import list as list_verb
from acrcmk_lab.kube.http.verbs.watch import Watches
from acrcmk_lab.kube.registry import resources
from acrcmk_lab.kube.registry.resources import Resource
from acrcmk_lab.kube.storage.stored import Key

_OBJECT_VERBS: Final = {"PUT": "update", "PATCH": "patch", "DELETE": "delete", "GET": "get"}
_COLLECTION_VERBS: Final = {"POST": "create", "DELETE": "deletecollection", "GET": "list"}
NOT_FOUND: Final = "404 page not found\n"
"""The body, not a Status, of the real server where nothing is served."""


class Router:
    """Routes requests for resources to the verbs."""

    def __init__(self, cluster: Cluster, *, watches: Watches) -> None:
        self._cluster = cluster
        self._verbs: dict[str, Callable[[ResourceRequest], Awaitable[web.StreamResponse]]] = {
            "create": create.serve,
            "update": update.serve,
            "patch": patch.serve,
            "get": get.serve,
            "list": list_verb.serve,
            "watch": watches.serve,
            "delete": delete.serve,
            "deletecollection": delete.serve_collection,
        }

    async def serve(self, request: web.Request, target: Target) -> web.StreamResponse:
        """Serve a request for a resource. Raises `StatusError`, and `HTTPNotFound` where nothing is served."""
        resource = self._resource(target)
        verb = _verb(request, target, resource)
        if verb == "list" and requests.flag(request, "watch"):
            verb = "watch"
        resource_request = ResourceRequest(
            cluster=self._cluster,
            http=request,
            view=View.of(request, resource, now=self._cluster.clock.now()),
            key=Key(resource.collection, target.namespace, target.name),
            subresource=target.subresource,
        )
        return await self._verbs[verb](resource_request)

    def _resource(self, target: Target) -> Resource:
        resource = self._cluster.resources.find(target.group, target.version, target.plural)
        if resource is None and not target.group:
            raise errors.no_such_resource()
        if resource is None or (target.namespace and not resource.namespaced):
            raise web.HTTPNotFound(text=NOT_FOUND)
        if target.subresource and not (target.subresource == "status" and resource.status):
            raise resource.not_found(target.name) if resource.custom else errors.no_such_resource()
        return resource


def _verb(request: web.Request, target: Target, resource: Resource) -> str:
    verb = (_OBJECT_VERBS if target.name else _COLLECTION_VERBS).get(request.method, "")
    if verb in (resources.STATUS_VERBS if target.subresource else resource.verbs):
        return verb
    if not resource.custom:
        raise errors.method_not_allowed()
    if request.method in {"PUT", "PATCH"} and not target.name:
        raise errors.bad_request("name must be provided")
    raise errors.unsupported_verb(resource.group, resource.plural, verb or request.method.lower())
