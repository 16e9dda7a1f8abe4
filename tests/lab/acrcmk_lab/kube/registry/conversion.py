"""Convert objects between the versions of an API.

Custom resources differ in `apiVersion` only (conversion strategy None). `events.k8s.io` renames fields of core events.
"""

from typing import Final

from acrcmk_lab.kube.apimachinery import objects
from acrcmk_lab.kube.apimachinery.objects import Object
from acrcmk_lab.kube.registry.resources import Resource

_EVENT_FIELDS: Final = {
    "involvedObject": "regarding",
    "message": "note",
    "reportingComponent": "reportingController",
    "count": "deprecatedCount",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "source": "deprecatedSource",
}
_EVENTS_GROUP: Final = "events.k8s.io"


def to_version(obj: Object, resource: Resource) -> Object:
    """Return a stored object in the version of `resource`; the object itself where nothing differs."""
    if obj.get("apiVersion") == resource.api_version:
        return obj
    return _renamed(obj, resource.api_version, _EVENT_FIELDS if resource.group == _EVENTS_GROUP else {})


def to_storage(obj: Object, resource: Resource, hub: Resource) -> Object:
    """Return an object of `resource` in the stored version `hub`."""
    if resource.group != _EVENTS_GROUP:
        return obj
    return _renamed(obj, hub.api_version, {new: old for old, new in _EVENT_FIELDS.items()})


def _renamed(obj: Object, api_version: str, names: dict[str, str]) -> Object:
    return {**{names.get(key, key): value for key, value in objects.clone(obj).items()}, "apiVersion": api_version}
