"""Pruning and defaulting of custom resources, on every write and read.

Follows k8s.io/apiextensions-apiserver/pkg/apiserver/schema/{pruning,defaulting}.
"""

from typing import Any, Final

from acrcmk_lab.kube.apimachinery import objects
from acrcmk_lab.kube.apimachinery.objects import Object

TYPE_META: Final = ("apiVersion", "kind", "metadata")
_EMBEDDED: Final = "x-kubernetes-embedded-resource"
_FREE: Final[Object] = {"x-kubernetes-preserve-unknown-fields": True}


def decode(obj: Object, schema: Object) -> list[str]:
    """Prune `obj`, drop nulls that the schema does not allow, and fill in defaults, all in place.

    Returns the paths of the fields that were pruned, sorted.
    """
    unknown = prune(obj, schema)
    _drop_nulls(obj, schema)
    default(obj, schema)
    return unknown


def prune(obj: Object, schema: Object) -> list[str]:
    """Remove the fields of a whole object that `schema` does not have; return their paths, sorted."""
    pruner = _Pruner(objects.dig(schema, "properties", "metadata"))
    pruner.prune(obj, {**schema, _EMBEDDED: True}, "")
    return sorted(pruner.unknown)


class _Pruner:
    """Whole objects, the root one and those embedded in it, keep the type and the metadata that all objects have."""

    def __init__(self, metadata: Object | None) -> None:
        self.unknown: list[str] = []
        self._metadata = metadata

    def prune(self, value: Any, schema: Object | None, path: str) -> None:
        preserve = bool(schema and schema.get("x-kubernetes-preserve-unknown-fields"))
        if isinstance(value, dict):
            for key in list(value):
                where = f"{path}.{key}" if path else key
                known, child = self._member(schema, key)
                if known:
                    self.prune(value[key], child, where)
                elif not preserve:
                    self.unknown.append(where)
                    del value[key]
        elif isinstance(value, list):
            items = (schema or {}).get("items")
            if not preserve or items is not None:
                for index, item in enumerate(value):
                    self.prune(item, items, f"{path}[{index}]")

    def _member(self, schema: Object | None, key: str) -> tuple[bool, Object | None]:
        if schema and schema.get(_EMBEDDED) and key in TYPE_META:
            return True, self._metadata if key == "metadata" else _FREE
        return member(schema, key)


def member(schema: Object | None, key: str) -> tuple[bool, Object | None]:
    """Return whether `schema` has the field `key`, and the field's schema where it has one."""
    if schema is None:
        return False, None
    properties = schema.get("properties") or {}
    if key in properties:
        return True, properties[key]
    additional = schema.get("additionalProperties")
    if isinstance(additional, dict):
        return True, additional
    return bool(additional), _FREE if additional else None


def _drop_nulls(value: Any, schema: Object | None) -> None:
    """Remove nulls that are neither allowed nor replaced by a default."""
    if isinstance(value, dict):
        for key in list(value):
            _, child = member(schema, key)
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
            known, child = member(schema, key)
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
