"""Pruning: remove the fields that a schema does not have.

Follows k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning.
"""

from typing import Any, Final

from acrcmk_lab.kube.apimachinery import objects
from acrcmk_lab.kube.apimachinery.objects import Object

TYPE_META: Final = ("apiVersion", "kind", "metadata")
_EMBEDDED: Final = "x-kubernetes-embedded-resource"
_FREE: Final[Object] = {"x-kubernetes-preserve-unknown-fields": True}


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
