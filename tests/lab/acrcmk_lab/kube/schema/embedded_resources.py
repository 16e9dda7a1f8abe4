"""Whole objects embedded in custom resources (`x-kubernetes-embedded-resource`) must at least name their type.

Follows k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta.
"""

from collections.abc import Iterator
from typing import Any

from acrcmk_lab.kube.apimachinery import field_errors, names
from acrcmk_lab.kube.apimachinery.field_errors import FieldError
from acrcmk_lab.kube.apimachinery.objects import Object
from acrcmk_lab.kube.schema import pruning


def validate(value: Any, schema: Object | None, path: str = "") -> Iterator[FieldError]:
    """Yield the errors of the embedded objects in `value`."""
    if schema is None:
        return
    if isinstance(value, dict):
        if schema.get("x-kubernetes-embedded-resource"):
            yield from _type_meta(value, path)
        for key, item in value.items():
            known, child = pruning.member(schema, key)
            if known:
                yield from validate(item, child, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from validate(item, schema.get("items"), f"{path}[{index}]")


def _type_meta(value: Object, path: str) -> Iterator[FieldError]:
    for name in ("apiVersion", "kind"):
        where = f"{path}.{name}"
        if name not in value:
            yield field_errors.required(where)
        elif not isinstance(value[name], str):
            yield field_errors.invalid(where, value[name], "must be a string")
        elif not value[name]:
            yield field_errors.invalid(where, value[name], "must not be empty")
        elif name == "kind" and (wrong := names.dns1035(value[name].lower())):
            detail = "may have mixed case, but should otherwise match: " + ",".join(wrong)
            yield field_errors.invalid(where, value[name], detail)
