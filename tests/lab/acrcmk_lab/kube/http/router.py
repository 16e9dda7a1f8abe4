"""The REST verbs on resources: which one a request means, and those that read and delete."""

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from acrcmk_lab.kube import (
    bodies,
    changes,
    clock,
    errors,
    fielderrors,
    representation,
    requests,
    resources,
    watching,
    writes,
)
from acrcmk_lab.kube.store import Key, Store

_OF_ONE: Final = {"PUT": "update", "PATCH": "patch", "DELETE": "delete", "GET": "get"}
_OF_MANY: Final = {"POST": "create", "DELETE": "deletecollection", "GET": "list"}
_PROPAGATIONS: Final = ("Foreground", "Background", "Orphan")
NO_SUCH_PATH: Final = "404 page not found\n"
"""What the real server says, without a Status, where nothing is served."""


class Handlers:
    """Dispatches requests by method and path."""

    def __init__(
        self,
        store: Store,
        catalogue: resources.Catalogue,
        writer: writes.Writer,
        *,
        time: clock.Clock,
        watches: watching.Watches,
    ) -> None:
        self._store = store
        self._catalogue = catalogue
        self._writer = writer
        self._time = time
        self._watches = watches
        self._changes = changes.Changes(catalogue, writer)

    async def dispatch(self, request: web.Request, target: requests.Target) -> web.StreamResponse:
        """Answer a request for a resource. Raises `StatusError`."""
        resource = self._resource(target)
        verb = self._verb(request, target, resource)
        view = representation.View.of(request, resource, now=self._time.now())
        key = Key(resource.collection, target.namespace, target.name)
        serve: dict[str, Callable[[], Awaitable[web.StreamResponse]]] = {
            "create": lambda: self._changes.create(request, view, key),
            "update": lambda: self._changes.update(request, view, key, target.subresource),
            "patch": lambda: self._changes.patch(request, view, key, target.subresource),
            "get": lambda: self._get(view, key),
            "list": lambda: self._list_or_watch(request, view, key),
            "delete": lambda: self._delete(request, view, key),
            "deletecollection": lambda: self._delete_collection(request, view, key),
        }
        return await serve[verb]()

    def _resource(self, target: requests.Target) -> resources.Resource:
        resource = self._catalogue.find(target.group, target.version, target.plural)
        if resource is None and not target.group:
            raise errors.no_such_resource()
        if resource is None or (target.namespace and not resource.namespaced):
            raise web.HTTPNotFound(text=NO_SUCH_PATH)
        if target.subresource and not (target.subresource == "status" and resource.status):
            raise resource.missing(target.name) if resource.custom else errors.no_such_resource()
        return resource

    def _verb(self, request: web.Request, target: requests.Target, resource: resources.Resource) -> str:
        verb = (_OF_ONE if target.name else _OF_MANY).get(request.method, "")
        if verb in (resources.STATUS_VERBS if target.subresource else resource.verbs):
            return verb
        if not resource.custom:
            raise errors.method_not_allowed()
        if request.method in {"PUT", "PATCH"} and not target.name:
            raise errors.bad_request("name must be provided")
        raise errors.unsupported_verb(resource.group, resource.plural, verb or request.method.lower())

    async def _list_or_watch(self, request: web.Request, view: representation.View, key: Key) -> web.StreamResponse:
        watch = requests.flag(request, "watch")
        query = watching.Query.of(request, view.resource, key.namespace, watch=watch)
        if watch:
            return await self._watches.serve(request, query, view)
        query.check_version(self._store)
        return view.list_response(query.page(self._store), revision=query.revision(self._store))

    async def _get(self, view: representation.View, key: Key) -> web.Response:
        stored = self._store.get(key)
        if stored is None:
            raise view.resource.missing(key.name)
        return view.response(stored)

    async def _delete(self, request: web.Request, view: representation.View, key: Key) -> web.Response:
        resource, options = view.resource, await _delete_options(request)
        stored, gone = self._writer.delete(self._catalogue.hub(resource), key, options)
        if not gone:
            return view.response(stored)
        uid = stored.obj["metadata"]["uid"]
        details = {"name": key.name, "group": resource.group, "kind": resource.plural, "uid": uid}
        status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
        told = {name: value for name, value in details.items() if value}
        return view.object_response({**status, "details": told})

    async def _delete_collection(self, request: web.Request, view: representation.View, key: Key) -> web.Response:
        resource, options = view.resource, await _delete_options(request)
        page = watching.Query.of(request, resource, key.namespace, watch=False).page(self._store)
        for stored in page.items:
            meta = stored.obj["metadata"]
            victim = Key(key.collection, meta.get("namespace", ""), meta["name"])
            self._writer.delete(self._catalogue.hub(resource), victim, options)
        return view.list_response(page, revision=self._store.revision)


async def _delete_options(request: web.Request) -> writes.DeleteOptions:
    """Read the options of a delete from its body and query. Raises `StatusError` (400, 422)."""
    options = await bodies.read_options(request)
    requests.number(request, "gracePeriodSeconds")
    dry_run = [*(options.get("dryRun") or []), *request.query.getall("dryRun", [])]
    propagation = options.get("propagationPolicy") or request.query.get("propagationPolicy")
    problems = []
    if any(value != "All" for value in dry_run):
        problems.append(fielderrors.not_supported("dryRun", dry_run, ["All"]))
    if propagation and options.get("orphanDependents") is not None:
        detail = "orphanDependents and deletionPropagation cannot be both set"
        problems.append(fielderrors.invalid("propagationPolicy", propagation, detail))
    elif propagation and propagation not in _PROPAGATIONS:
        problems.append(fielderrors.not_supported("propagationPolicy", propagation, [*_PROPAGATIONS, "nil"]))
    if problems:
        raise errors.invalid("meta.k8s.io", "DeleteOptions", "", problems)
    preconditions = options.get("preconditions") or {}
    return writes.DeleteOptions(
        uid=preconditions.get("uid"),
        resource_version=preconditions.get("resourceVersion"),
        propagation="Orphan" if options.get("orphanDependents") else propagation,
        dry_run=bool(dry_run),
    )
