"""What a client can learn about the API: groups, versions, resources; in the old form and aggregated."""

from collections.abc import Iterable
from typing import Final

from acrcmk_lab.kube import objects, resources
from acrcmk_lab.kube.objects import Object

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
    """Answer `/api`."""
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
    }


def at(catalogue: resources.Catalogue, path: str) -> Object | None:
    """Answer `/apis/GROUP`, `/apis/GROUP/VERSION` and `/api/VERSION`; None for any other path."""
    match path.strip("/").split("/"):
        case ["apis", name] if catalogue.versions(name):
            return group(catalogue, name)
        case ["apis", name, version] if catalogue.within(name, version):
            return resource_list(catalogue, name, version)
        case ["api", version] if catalogue.within("", version):
            return resource_list(catalogue, "", version)
    return None


def group(catalogue: resources.Catalogue, name: str) -> Object:
    """Answer `/apis/GROUP`."""
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(catalogue, name)}


def _group(catalogue: resources.Catalogue, name: str) -> Object:
    versions = [
        {"groupVersion": objects.group_version(name, version), "version": version}
        for version in catalogue.versions(name)
    ]
    return {"name": name, "versions": versions, "preferredVersion": versions[0]}


def groups(catalogue: resources.Catalogue) -> Object:
    """Answer `/apis`."""
    named = [_group(catalogue, name) for name in catalogue.groups() if name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": named}


def resource_list(catalogue: resources.Catalogue, name: str, version: str) -> Object:
    """Answer `/api/v1` and `/apis/GROUP/VERSION`."""
    found: list[Object] = []
    for resource in catalogue.within(name, version):
        found.append(_resource(resource))
        if resource.status:
            found.append(_status(resource))
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": objects.group_version(name, version),
        "resources": found,
    }


def _resource(resource: resources.Resource) -> Object:
    shown: Object = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(resource.verbs),
    }
    return shown | _names(resource)


def _names(resource: resources.Resource) -> Object:
    names = {"shortNames": list(resource.short_names), "categories": list(resource.categories)}
    return {key: value for key, value in names.items() if value}


def _status(resource: resources.Resource) -> Object:
    return {
        "name": f"{resource.plural}/status",
        "singularName": "",
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(resources.STATUS_VERBS),
    }


def aggregated(catalogue: resources.Catalogue, names: Iterable[str]) -> Object:
    """Answer `/api` or `/apis` with everything about the groups `names` at once."""
    items = []
    for name in names:
        versions = [
            {
                "version": version,
                "resources": [_aggregated_resource(one) for one in catalogue.within(name, version)],
                "freshness": "Current",
            }
            for version in catalogue.versions(name)
        ]
        items.append({"metadata": {"name": name} if name else {}, "versions": versions})
    return {"kind": AGGREGATED, "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}


def _aggregated_resource(resource: resources.Resource) -> Object:
    kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    shown: Object = {
        "resource": resource.plural,
        "responseKind": kind,
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": list(resource.verbs),
    }
    if resource.status:
        verbs = list(resources.STATUS_VERBS)
        shown["subresources"] = [{"subresource": "status", "responseKind": kind, "verbs": verbs}]
    return shown | _names(resource)
