"""Uniqueness within lists declared `set` or `map` (apiextensions-apiserver/pkg/apiserver/schema/listtype)."""

from collections.abc import Iterator
from typing import Any

from acrcmk_lab.kube.apimachinery import field_errors, objects
from acrcmk_lab.kube.apimachinery.field_errors import FieldError
from acrcmk_lab.kube.apimachinery.objects import Object


def validate(value: Any, schema: Object, path: str = "") -> Iterator[FieldError]:
    """Yield an error for every repeated item of a set and every repeated key of a list map."""
    if isinstance(value, dict):
        yield from _object(value, schema, path)
    elif isinstance(value, list):
        yield from _list(value, schema, path)


def _object(value: Object, schema: Object, path: str) -> Iterator[FieldError]:
    properties, additional = schema.get("properties") or {}, schema.get("additionalProperties")
    for key, item in value.items():
        if key in properties:
            yield from validate(item, properties[key], f"{path}.{key}" if path else key)
        elif isinstance(additional, dict):
            yield from validate(item, additional, f"{path}[{key}]")


def _list(value: list[Any], schema: Object, path: str) -> Iterator[FieldError]:
    kind = schema.get("x-kubernetes-list-type")
    if kind == "set":
        yield from (field_errors.duplicate(f"{path}[{index}]", value[index]) for index in _repeated(value))
    elif kind == "map":
        yield from _list_map(value, schema.get("x-kubernetes-list-map-keys") or [], path)
    if schema.get("items"):
        for index, item in enumerate(value):
            yield from validate(item, schema["items"], f"{path}[{index}]")


def _list_map(value: list[Any], names: list[str], path: str) -> Iterator[FieldError]:
    for index, item in enumerate(value):
        if item is not None and not isinstance(item, dict):
            detail = "must be an object for an array of list-type map"
            yield field_errors.invalid(f"{path}[{index}]", item, detail)
            return
    keys = [{name: item[name] for name in names if name in item} if item else {} for item in value]
    yield from (field_errors.duplicate(f"{path}[{index}]", keys[index]) for index in _repeated(keys))


def _repeated(values: list[Any]) -> list[int]:
    """Return the index of the second appearance of every value that appears more than once."""
    seen: dict[bytes, int] = {}
    repeated = []
    for index, value in enumerate(values):
        key = objects.encode(value)
        seen[key] = seen.get(key, 0) + 1
        if seen[key] == 2:  # noqa: PLR2004 - the error is at the second appearance
            repeated.append(index)
    return repeated
