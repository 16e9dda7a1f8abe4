"""The REST verbs on resources: from a request to the store and back."""

import contextlib
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final

from aiohttp import web

from acrcmk_lab.kube import (
    clock,
    conversion,
    errors,
    fielderrors,
    objects,
    patch,
    representation,
    requests,
    resources,
    reviews,
    watching,
    writes,
)
from acrcmk_lab.kube.objects import Object
from acrcmk_lab.kube.store import Key, Store, Stored

_PATCHES: Final = (patch.JSON, patch.MERGE, patch.STRATEGIC, patch.APPLY)
_OF_ONE: Final = {"PUT": "update", "PATCH": "patch", "DELETE": "delete", "GET": "get"}
_OF_MANY: Final = {"POST": "create", "DELETE": "deletecollection", "GET": "list"}
NO_SUCH_PATH: Final = "404 page not found\n"
"""What the real server says, without a Status, where nothing is served."""
Change = Callable[[Object], Object]


class Handlers:
    """One method per verb; `dispatch` chooses by method and path."""

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

    async def dispatch(self, request: web.Request, target: requests.Target) -> web.StreamResponse:
        """Answer a request for a resource. Raises `StatusError`."""
        resource = self._catalogue.find(target.group, target.version, target.plural)
        if resource is None or (target.subresource and not _serves(resource, target.subresource)):
            raise web.HTTPNotFound(text=NO_SUCH_PATH)
        if not resource.namespaced and target.namespace:
            raise web.HTTPNotFound(text=NO_SUCH_PATH)
        verb = (_OF_ONE if target.name else _OF_MANY).get(request.method)
        allowed = resources.STATUS_VERBS if target.subresource else resource.verbs
        if verb not in allowed:
            raise errors.method_not_allowed(resource.group, resource.plural, verb or request.method)
        key = Key(resource.collection, target.namespace, target.name)
        serve: dict[str, Callable[..., Awaitable[web.StreamResponse]]] = {
            "create": self._create,
            "delete": self._delete,
            "deletecollection": self._delete_collection,
            "get": self._get,
            "list": self._list_or_watch,
            "patch": self._patch,
            "update": self._update,
        }
        return await serve[verb](request, resource, key, target.subresource)

    def _view(self, request: web.Request, resource: resources.Resource) -> representation.View:
        return representation.View.of(request, resource, now=self._time.now())

    def _hub(self, resource: resources.Resource) -> resources.Resource:
        """Return the resource in whose form the collection is stored."""
        return self._catalogue.of_collection(resource.collection) or resource if not resource.custom else resource

    async def _list_or_watch(
        self, request: web.Request, resource: resources.Resource, key: Key, _subresource: str
    ) -> web.StreamResponse:
        view = self._view(request, resource)
        query = watching.Query.of(request, resource, key.namespace)
        if requests.flag(request, "watch"):
            return await self._watches.serve(request, resource, query, view)
        return view.list_response(query.page(self._store), revision=query.revision(self._store))

    async def _get(
        self, request: web.Request, resource: resources.Resource, key: Key, _subresource: str
    ) -> web.Response:
        view = self._view(request, resource)
        stored = self._store.get(key)
        if stored is None:
            raise resource.missing(key.name)
        return view.response(stored)

    async def _create(
        self, request: web.Request, resource: resources.Resource, key: Key, _subresource: str
    ) -> web.Response:
        view = self._view(request, resource)
        options = requests.write_options(request, "CreateOptions")
        raw = await requests.body(request)
        obj = requests.require_object(raw, resource)
        if resource.kind in reviews.ANSWERS:
            return view.object_response(reviews.answer(obj), status=201)
        _require_namespace(obj, key)
        hub = self._hub(resource)
        with _strict_decoding(resource):
            stored = self._writer.create(hub, key, conversion.to_storage(obj, resource, hub), options)
        return view.response(stored, status=201, warnings=options.warnings)

    async def _update(
        self, request: web.Request, resource: resources.Resource, key: Key, subresource: str
    ) -> web.Response:
        view = self._view(request, resource)
        options = requests.write_options(request, "UpdateOptions")
        obj = requests.require_object(await requests.body(request), resource)
        _require_namespace(obj, key)
        name = objects.meta(obj).get("name")
        if name != key.name:
            raise errors.bad_request(
                f"the name of the object ({name or ''}) does not match the name on the URL ({key.name})"
            )
        with _strict_decoding(resource):
            stored = self._change(resource, key, lambda _: obj, options, subresource)
        return view.response(stored, warnings=options.warnings)

    def _change(
        self, resource: resources.Resource, key: Key, change: Change, options: writes.Options, subresource: str
    ) -> Stored:
        hub = self._hub(resource)

        def converted(obj: Object) -> Object:
            return conversion.to_storage(change(conversion.to_version(obj, resource)), resource, hub)

        return self._writer.update(hub, key, converted, options, subresource=subresource)

    async def _patch(
        self, request: web.Request, resource: resources.Resource, key: Key, subresource: str
    ) -> web.Response:
        view = self._view(request, resource)
        content_type = request.headers.get("Content-Type", "").partition(";")[0].strip()
        supported = tuple(kind for kind in _PATCHES if kind != patch.STRATEGIC or not resource.custom)
        if content_type not in supported:
            raise errors.unsupported_media_type(
                "the body of the request was in an unknown format - accepted media types include: "
                + ", ".join(supported)
            )
        options = requests.write_options(request, "PatchOptions")
        raw = requests.parse(await request.read(), yaml_allowed=content_type == patch.APPLY)
        if content_type == patch.APPLY:
            return self._apply(request, resource, key, subresource, raw, options, view)
        change = _change_of(content_type, raw, resource)
        patched: list[Object] = []

        def recorded(obj: Object) -> Object:
            patched[:] = [change(obj)]
            result: Object = objects.clone(patched[0])
            return result

        try:
            stored = self._change(resource, key, recorded, options, subresource)
        except writes.UnknownFields as unknown:
            told = json.dumps(patched[0], separators=(",", ":"), sort_keys=True)
            problem = fielderrors.invalid("patch", told, _strict_text(unknown))
            raise errors.invalid("", "", "", [problem]) from None
        return view.response(stored, warnings=options.warnings)

    def _apply(
        self,
        request: web.Request,
        resource: resources.Resource,
        key: Key,
        subresource: str,
        raw: Any,
        options: writes.Options,
        view: representation.View,
    ) -> web.Response:
        if not request.query.get("fieldManager"):
            problem = fielderrors.required("fieldManager", "is required for apply patch")
            raise errors.invalid("meta.k8s.io", "PatchOptions", "", [problem])
        config = requests.require_object(raw, resource)
        meta = objects.meta(config)
        if meta.get("managedFields"):
            raise errors.bad_request("metadata.managedFields must be nil")
        if meta.setdefault("name", key.name) != key.name:
            raise errors.bad_request(
                f"the name of the object ({meta['name']}) does not match the name on the URL ({key.name})"
            )
        _require_namespace(config, key)
        hub = self._hub(resource)
        with _strict_decoding(resource):
            stored, created = self._writer.apply(
                hub, key, conversion.to_storage(config, resource, hub), options, subresource=subresource
            )
        return view.response(stored, status=201 if created else 200, warnings=options.warnings)

    async def _delete(
        self, request: web.Request, resource: resources.Resource, key: Key, _subresource: str
    ) -> web.Response:
        view = self._view(request, resource)
        options = await _delete_options(request)
        stored, gone = self._writer.delete(self._hub(resource), key, options)
        if not gone:
            return view.response(stored)
        meta = stored.obj["metadata"]
        details = {"name": key.name, "group": resource.group, "kind": resource.plural, "uid": meta["uid"]}
        return view.object_response(
            {
                "kind": "Status",
                "apiVersion": "v1",
                "metadata": {},
                "status": "Success",
                "details": {name: value for name, value in details.items() if value},
            }
        )

    async def _delete_collection(
        self, request: web.Request, resource: resources.Resource, key: Key, _subresource: str
    ) -> web.Response:
        view = self._view(request, resource)
        options = await _delete_options(request)
        query = watching.Query.of(request, resource, key.namespace)
        page = query.page(self._store)
        for stored in page.items:
            meta = stored.obj["metadata"]
            victim = Key(key.collection, meta.get("namespace", ""), meta["name"])
            self._writer.delete(self._hub(resource), victim, options)
        return view.list_response(page, revision=self._store.revision)


def _serves(resource: resources.Resource, subresource: str) -> bool:
    return (subresource == "status" and resource.status) or (
        subresource == "finalize" and resource.plural == "namespaces"
    )


def _change_of(content_type: str, raw: Any, resource: resources.Resource) -> Change:
    if content_type == patch.JSON:
        return lambda obj: patch.json_patch(obj, raw)
    if not isinstance(raw, dict):
        raise errors.bad_request(
            "error decoding patch: json: cannot unmarshal into Go value of type map[string]interface {}"
        )
    if content_type == patch.MERGE:
        return lambda obj: dict(patch.merge(obj, raw))
    return lambda obj: patch.strategic(obj, raw, resource.schema)


def _require_namespace(obj: Object, key: Key) -> None:
    meta = objects.meta(obj)
    if not meta.setdefault("namespace", key.namespace) or not key.namespace:
        meta.pop("namespace", None)
    elif meta["namespace"] != key.namespace:
        raise errors.bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )


async def _delete_options(request: web.Request) -> writes.DeleteOptions:
    options = await requests.body(request) or {}
    dry_run = [*(options.get("dryRun") or []), *request.query.getall("dryRun", [])]
    if any(value != "All" for value in dry_run):
        problem = fielderrors.not_supported("dryRun", dry_run, ["All"])
        raise errors.invalid("meta.k8s.io", "DeleteOptions", "", [problem])
    preconditions = options.get("preconditions") or {}
    return writes.DeleteOptions(
        uid=preconditions.get("uid"),
        resource_version=preconditions.get("resourceVersion"),
        propagation=options.get("propagationPolicy") or request.query.get("propagationPolicy"),
        dry_run=bool(dry_run),
    )


def _strict_text(unknown: writes.UnknownFields) -> str:
    return "strict decoding error: " + ", ".join(f'unknown field "{path}"' for path in unknown.paths)


@contextlib.contextmanager
def _strict_decoding(resource: resources.Resource) -> Iterator[None]:
    """Word unknown fields in a whole object as the decoder of the real server does."""
    try:
        yield
    except writes.UnknownFields as unknown:
        kind, version = resource.kind, resource.version
        raise errors.bad_request(
            f'{kind} in version "{version}" cannot be handled as a {kind}: {_strict_text(unknown)}'
        ) from None
