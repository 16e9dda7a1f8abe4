"""OpenAPI v3 documents, with what `kubectl explain`, `kubectl apply` and `kubectl diff` read."""

import hashlib
from typing import Any, Final

from acrcmk_lab.kube.apimachinery import objects
from acrcmk_lab.kube.apimachinery.objects import Object
from acrcmk_lab.kube.registry import builtins
from acrcmk_lab.kube.registry.resources import Resource, ServedResources

_OBJECT_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_LIST_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta"
_WRITE_PARAMETERS: Final = ("dryRun", "fieldManager", "fieldValidation")
_PATCH_PARAMETERS: Final = (*_WRITE_PARAMETERS, "force")
_DROPPED: Final = frozenset({"x-kubernetes-validations", "nullable"})
_API_VERSION_TEXT: Final = "APIVersion names the schema version of this representation of an object."
_KIND_TEXT: Final = "Kind names the REST resource that this object represents."


def index(resources: ServedResources) -> Object:
    """Return `/openapi/v3`: the URL of the document of each group version, with a hash for caches."""
    paths = {}
    for path in dict.fromkeys(_path(resource.group, resource.version) for resource in resources):
        group, version = _split(path)
        digest = hashlib.sha256(objects.encode(_document(resources, group, version))).hexdigest().upper()
        paths[path] = {"serverRelativeURL": f"/openapi/v3/{path}?hash={digest}"}
    return {"paths": paths}


def _path(group: str, version: str) -> str:
    return f"apis/{group}/{version}" if group else f"api/{version}"


def _split(path: str) -> tuple[str, str]:
    parts = path.split("/")
    return (parts[1], parts[2]) if parts[0] == "apis" else ("", parts[1])


def document(resources: ServedResources, path: str) -> Object | None:
    """Return `/openapi/v3/PATH`; None where no such group version is served."""
    parts = path.strip("/").split("/")
    if (parts[0], len(parts)) not in {("api", 2), ("apis", 3)}:
        return None
    group, version = _split("/".join(parts))
    return _document(resources, group, version) if resources.of_version(group, version) else None


def _document(resources: ServedResources, group: str, version: str) -> Object:
    """Return the document of one group version."""
    schemas: Object = {
        _OBJECT_META: builtins.metadata_schema(),
        _LIST_META: {
            "type": "object",
            "properties": {name: {"type": "string"} for name in ("continue", "resourceVersion")},
        },
    }
    paths: Object = {}
    for resource in resources.of_version(group, version):
        name = _schema_name(resource)
        schemas[name] = _object_schema(resource)
        schemas[f"{name}List"] = _list_schema(resource, name)
        paths |= _paths(resource, name)
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "v1.36.3"},
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _schema_name(resource: Resource) -> str:
    reverse = ".".join(reversed((resource.group or "core.api.k8s.io").split(".")))
    return f"{reverse}.{resource.version}.{resource.kind}"


def _gvk(resource: Resource, kind: str) -> Object:
    return {"group": resource.group, "version": resource.version, "kind": kind}


def _object_schema(resource: Resource) -> Object:
    schema: Object = _published(resource.schema)
    properties = {
        **(schema.get("properties") or {}),
        "apiVersion": {"type": "string", "description": _API_VERSION_TEXT},
        "kind": {"type": "string", "description": _KIND_TEXT},
        "metadata": {
            "description": "Standard object's metadata.",
            "allOf": [{"$ref": f"#/components/schemas/{_OBJECT_META}"}],
        },
    }
    return {**schema, "properties": properties, "x-kubernetes-group-version-kind": [_gvk(resource, resource.kind)]}


def _published(schema: Any) -> Any:
    """Return a schema without what clients do not read."""
    if isinstance(schema, dict):
        return {key: _published(value) for key, value in schema.items() if key not in _DROPPED}
    return [_published(item) for item in schema] if isinstance(schema, list) else schema


def _list_schema(resource: Resource, name: str) -> Object:
    return {
        "type": "object",
        "description": f"{resource.list_kind} is a list of {resource.kind}",
        "required": ["items"],
        "properties": {
            "apiVersion": {"type": "string", "description": _API_VERSION_TEXT},
            "items": {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}},
            "kind": {"type": "string", "description": _KIND_TEXT},
            "metadata": {"$ref": f"#/components/schemas/{_LIST_META}"},
        },
        "x-kubernetes-group-version-kind": [_gvk(resource, resource.list_kind)],
    }


def _paths(resource: Resource, schema: str) -> Object:
    prefix = f"/apis/{resource.group}" if resource.group else "/api"
    middle = "/namespaces/{namespace}" if resource.namespaced else ""
    many = f"{prefix}/{resource.version}{middle}/{resource.plural}"
    collection = {"get": _operation(resource, "list", f"{schema}List"), "post": _operation(resource, "post", schema)}
    single = {verb: _operation(resource, verb, schema) for verb in ("get", "put", "patch", "delete")}
    paths: Object = {many: collection, f"{many}/{{name}}": single}
    if resource.status:
        paths[f"{many}/{{name}}/status"] = {verb: single[verb] for verb in ("get", "put", "patch")}
    return paths


def _operation(resource: Resource, action: str, schema: str) -> Object:
    names = {
        "post": _WRITE_PARAMETERS,
        "put": _WRITE_PARAMETERS,
        "patch": _PATCH_PARAMETERS,
        "delete": ("dryRun",),
    }.get(action, ())
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {
        "description": f"{action} {resource.kind}",
        "parameters": [{"name": name, "in": "query", "schema": {"type": "string"}} for name in names],
        "responses": {"200": {"description": "OK", "content": content}},
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": _gvk(resource, resource.kind),
    }
