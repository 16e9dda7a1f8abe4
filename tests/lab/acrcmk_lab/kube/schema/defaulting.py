"""Defaulting: what the decoder of custom resources does to every object, on write and on read.

Follows k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting.
"""

from typing import Any

from acrcmk_lab.kube.apimachinery import objects
from acrcmk_lab.kube.apimachinery.objects import Object
from acrcmk_lab.kube.schema import pruning


def decode(obj: Object, schema: Object) -> list[str]:
    """Prune `obj`, drop nulls that the schema does not allow, and fill in defaults, all in place.

    Returns the paths of the fields that were pruned, sorted.
    """
    unknown = pruning.prune(obj, schema)
    _drop_nulls(obj, schema)
    default(obj, schema)
    return unknown


def _drop_nulls(value: Any, schema: Object | None) -> None:
    """Remove nulls that are neither allowed nor replaced by a default."""
    if isinstance(value, dict):
        for key in list(value):
            _, child = pruning.member(schema, key)
            if value[key] is None and child is not None and not child.get("nullable") and "default" not in child:
                del value[key]
            else:
                _drop_nulls(value[key], child)
    elif isinstance(value, list):
        for item in value:
            _drop_nulls(item, (schema or {}).get("items"))


def default(value: Any, schema: Object | None) -> None:
    """Fill in the defaults of `schema`, in place; a null that is not allowed counts as absent."""
    if not schema:
        return
    if isinstance(value, dict):
        for key, child in (schema.get("properties") or {}).items():
            if child.get("default") is not None and (
                key not in value or (value[key] is None and not child.get("nullable"))
            ):
                value[key] = objects.clone(child["default"])
        for key in value:
            known, child = pruning.member(schema, key)
            if known and child:
                value[key] = _defaulted(value[key], child)
    elif isinstance(value, list):
        items = schema.get("items")
        for index, item in enumerate(value):
            value[index] = _defaulted(item, items) if items else item


def _defaulted(value: Any, schema: Object) -> Any:
    if value is None and not schema.get("nullable"):
        value = objects.clone(schema.get("default"))
    default(value, schema)
    return value
