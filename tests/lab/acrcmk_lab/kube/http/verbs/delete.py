"""DELETE: one object, or a collection."""

from typing import Final

from aiohttp import web

from acrcmk_lab.kube.apimachinery import errors, field_errors
from acrcmk_lab.kube.apimachinery.objects import Object
from acrcmk_lab.kube.http import bodies, requests
from acrcmk_lab.kube.http.list_options import ListOptions
from acrcmk_lab.kube.http.resource_request import ResourceRequest
from acrcmk_lab.kube.registry import delete
from acrcmk_lab.kube.registry.options import DeleteOptions
from acrcmk_lab.kube.storage.stored import Key

_PROPAGATION_POLICIES: Final = ("Foreground", "Background", "Orphan")


async def serve(request: ResourceRequest) -> web.Response:
    """Delete the object; the response is a `Status`, or the object where finalizers delay the deletion.

    Raises `StatusError`.
    """
    resource, key = request.resource, request.key
    options = await _options(request.http)
    stored, removed = delete.delete(request.cluster.backend, request.storage_resource, key, options)
    if not removed:
        return request.view.response(stored)
    uid = stored.obj["metadata"]["uid"]
    details = {"name": key.name, "group": resource.group, "kind": resource.plural, "uid": uid}
    status: Object = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
    status["details"] = {name: value for name, value in details.items() if value}
    return request.view.object_response(status)


async def serve_collection(request: ResourceRequest) -> web.Response:
    """Delete all objects that the selectors match; the response is their list. Raises `StatusError`."""
    store, collection = request.cluster.store, request.key.collection
    options = await _options(request.http)
    list_options = ListOptions.of(request.http, request.resource, request.key.namespace, watch=False)
    page = list_options.page(store)
    for stored in page.items:
        meta = stored.obj["metadata"]
        key = Key(collection, meta.get("namespace", ""), meta["name"])
        delete.delete(request.cluster.backend, request.storage_resource, key, options)
    return request.view.list_response(page, revision=store.revision)


async def _options(request: web.Request) -> DeleteOptions:
    """Read the options of a delete from its body and query. Raises `StatusError` (400, 422)."""
    options = await bodies.read_delete_options(request)
    requests.number(request, "gracePeriodSeconds")
    dry_run = [*(options.get("dryRun") or []), *request.query.getall("dryRun", [])]
    propagation = options.get("propagationPolicy") or request.query.get("propagationPolicy")
    problems = []
    if any(value != "All" for value in dry_run):
        problems.append(field_errors.not_supported("dryRun", dry_run, ["All"]))
    if propagation and options.get("orphanDependents") is not None:
        detail = "orphanDependents and deletionPropagation cannot be both set"
        problems.append(field_errors.invalid("propagationPolicy", propagation, detail))
    elif propagation and propagation not in _PROPAGATION_POLICIES:
        problems.append(field_errors.not_supported("propagationPolicy", propagation, [*_PROPAGATION_POLICIES, "nil"]))
    if problems:
        raise errors.invalid("meta.k8s.io", "DeleteOptions", "", problems)
    preconditions = options.get("preconditions") or {}
    return DeleteOptions(
        uid=preconditions.get("uid"),
        resource_version=preconditions.get("resourceVersion"),
        propagation="Orphan" if options.get("orphanDependents") else propagation,
        dry_run=bool(dry_run),
    )
