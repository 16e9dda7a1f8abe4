"""Discovery: groups, versions and resources; the legacy documents and the aggregated one."""

from collections.abc import Iterable
from typing import Final

from acrcmk_lab.kube.apimachinery import objects
from acrcmk_lab.kube.apimachinery.objects import Object
from acrcmk_lab.kube.registry.resources import STATUS_VERBS, Resource, ServedResources

AGGREGATED: Final = "APIGroupDiscoveryList"
VERSION: Final[Object] = {
    "major": "1",
    "minor": "36",
    "gitVersion": "v1.36.3",
    "gitCommit": "",
    "gitTreeState": "",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "none",
    "compiler": "none",
    "platform": "lab",
}
"""The version of Kubernetes whose behaviour this server has."""


def core_versions(address: str) -> Object:
    """Return the document of `/api`."""
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
    }


def document(resources: ServedResources, path: str) -> Object | None:
    """Return the document of `/apis/GROUP`, `/apis/GROUP/VERSION` and `/api/VERSION`; None for any other path."""
    match path.strip("/").split("/"):
        case ["apis", name] if resources.versions(name):
            return group(resources, name)
        case ["apis", name, version] if resources.of_version(name, version):
            return resource_list(resources, name, version)
        case ["api", version] if resources.of_version("", version):
            return resource_list(resources, "", version)
    return None


def group(resources: ServedResources, name: str) -> Object:
    """Return the document of `/apis/GROUP`."""
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(resources, name)}


def _group(resources: ServedResources, name: str) -> Object:
    versions = [
        {"groupVersion": objects.group_version(name, version), "version": version}
        for version in resources.versions(name)
    ]
    return {"name": name, "versions": versions, "preferredVersion": versions[0]}


def groups(resources: ServedResources) -> Object:
    """Return the document of `/apis`."""
    named = [_group(resources, name) for name in resources.groups() if name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": named}


def resource_list(resources: ServedResources, name: str, version: str) -> Object:
    """Return the document of `/api/v1` and `/apis/GROUP/VERSION`."""
    shown: list[Object] = []
    for resource in resources.of_version(name, version):
        shown.append(_resource(resource))
        if resource.status:
            shown.append(_status(resource))
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": objects.group_version(name, version),
        "resources": shown,
    }


def _resource(resource: Resource) -> Object:
    shown: Object = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(resource.verbs),
    }
    return shown | _names(resource)


def _names(resource: Resource) -> Object:
    names = {"shortNames": list(resource.short_names), "categories": list(resource.categories)}
    return {key: value for key, value in names.items() if value}


def _status(resource: Resource) -> Object:
    return {
        "name": f"{resource.plural}/status",
        "singularName": "",
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(STATUS_VERBS),
    }


def aggregated(resources: ServedResources, names: Iterable[str]) -> Object:
    """Return the document of `/api` or `/apis` with everything about the groups `names` at once."""
    items = []
    for name in names:
        versions = [
            {
                "version": version,
                "resources": [_aggregated_resource(resource) for resource in resources.of_version(name, version)],
                "freshness": "Current",
            }
            for version in resources.versions(name)
        ]
        items.append({"metadata": {"name": name} if name else {}, "versions": versions})
    return {"kind": AGGREGATED, "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}


def _aggregated_resource(resource: Resource) -> Object:
    kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    shown: Object = {
        "resource": resource.plural,
        "responseKind": kind,
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": list(resource.verbs),
    }
    if resource.status:
        verbs = list(STATUS_VERBS)
        shown["subresources"] = [{"subresource": "status", "responseKind": kind, "verbs": verbs}]
    return shown | _names(resource)
