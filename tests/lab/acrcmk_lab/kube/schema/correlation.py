"""Which old value corresponds to which new value, so that unchanged values do not fail validation.

Follows k8s.io/apiserver/pkg/cel/common/equality.go: fields by name, items of a list map by their keys, and the items
of any other list not at all.
"""

from typing import Any, Final, TypeAlias

from acrcmk_lab.kube.apimachinery import objects
from acrcmk_lab.kube.apimachinery.objects import Object

ABSENT: Final = object()
"""No old value corresponds."""

Old: TypeAlias = Any
"""An old value, or `ABSENT`."""


def field(new: Any, old: Old, key: str) -> Old:
    """Return the old value of a field of an object."""
    if isinstance(new, dict) and isinstance(old, dict) and key in new:
        return old.get(key, ABSENT)
    return ABSENT


def item(entry: Any, old: Old, schema: Object) -> Old:
    """Return the old counterpart of an item of a list map."""
    if schema.get("x-kubernetes-list-type") != "map" or not isinstance(old, list) or not isinstance(entry, dict):
        return ABSENT
    keys = schema.get("x-kubernetes-list-map-keys") or []
    for candidate in old:
        if isinstance(candidate, dict) and all(objects.equal(candidate.get(key), entry.get(key)) for key in keys):
            return candidate
    return ABSENT


def unchanged(new: Any, old: Old) -> bool:
    return old is not ABSENT and objects.equal(new, old)
