"""The same object in another version of its API.

Custom resources differ in `apiVersion` only (conversion strategy None). `events.k8s.io` renames fields of core events.
"""

from typing import Final

from acrcmk_lab.kube import objects, resources
from acrcmk_lab.kube.objects import Object

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


def to_version(obj: Object, resource: "resources.Resource") -> Object:
    """Return a stored object as `resource` shows it; the object itself where nothing differs."""
    if obj.get("apiVersion") == resource.api_version:
        return obj
    return _renamed(obj, resource.api_version, _EVENT_FIELDS if resource.group == _EVENTS_GROUP else {})


def to_storage(obj: Object, resource: "resources.Resource", hub: "resources.Resource") -> Object:
    """Return an object of `resource` as its collection stores it."""
    if resource.group != _EVENTS_GROUP:
        return obj
    return _renamed(obj, hub.api_version, {new: old for old, new in _EVENT_FIELDS.items()})


def _renamed(obj: Object, api_version: str, names: dict[str, str]) -> Object:
    return {**{names.get(key, key): value for key, value in objects.clone(obj).items()}, "apiVersion": api_version}
