"""Decode objects as Go decodes them into structs: types must match, times are normalised.

The real server decodes built-in objects, and the metadata of custom ones, into Go structs. The schema stands for the
struct: `title` is its name where the kind's own does not do.
"""

import base64
import binascii
import datetime
import re
from typing import Any, Final

from acrcmk_lab.kube.apimachinery import objects
from acrcmk_lab.kube.apimachinery.objects import Object

_TIME: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}")
_LAYOUTS: Final = {
    "date-time": "2006-01-02T15:04:05Z07:00",
    "micro-time": "2006-01-02T15:04:05.000000Z07:00",
}
_ZONE: Final = r"(Z|[+-]\d{2}:\d{2})"
_TAILS: Final = {"date-time": re.compile(rf"(\.\d+)?{_ZONE}"), "micro-time": re.compile(rf"\.\d{{6}}{_ZONE}")}
_GO_TYPES: Final = {"string": "string", "boolean": "bool", "integer": "int64", "number": "float64"}


class DecodeError(ValueError):
    """The object does not fit; the text is that of Go's decoder."""


def decode(value: Any, schema: Object, *, struct: str, path: str = "") -> Any:
    """Check `value` against `schema` and return it with its times normalised (containers are changed in place).

    Raises `DecodeError`.
    """
    kind, where = schema.get("type"), (struct, path)
    if value is None or kind is None:
        return value
    if kind == "object":
        _require(isinstance(value, dict), value, schema, where)
        struct = schema.get("title", struct)
        for key, item in value.items():
            child, below = _child(schema, key), path
            if key in (schema.get("properties") or {}):
                below = f"{path}.{key}" if path else key
            value[key] = decode(item, child, struct=struct, path=below)
    elif kind == "array":
        _require(isinstance(value, list), value, schema, where)
        items = schema.get("items") or {}
        value[:] = [decode(item, items, struct=struct, path=path) for item in value]
    elif kind == "string":
        _require(isinstance(value, str), value, schema, where)
        return _text(str(value), schema.get("format", ""))
    elif kind == "boolean":
        _require(isinstance(value, bool), value, schema, where)
    elif kind == "integer":
        _require(isinstance(value, int) and not isinstance(value, bool), value, schema, where)
    return value


def omit_empty(metadata: Any) -> None:
    """Remove empty maps, lists and strings of metadata in place, as Go does not encode them.

    `managedFields` stay: an empty list of them is a request to forget all owners.
    """
    if isinstance(metadata, dict):
        for name in [
            name for name, value in metadata.items() if value in ({}, [], "", None) and name != "managedFields"
        ]:
            del metadata[name]


def _child(schema: Object, key: str) -> Object:
    additional = schema.get("additionalProperties")
    property_schema = (schema.get("properties") or {}).get(key)
    return property_schema or (additional if isinstance(additional, dict) else {})


def _require(fits: bool, value: Any, schema: Object, where: tuple[str, str]) -> None:  # noqa: FBT001 - a condition
    if not fits:
        struct, path = where
        kind = objects.json_type(value)
        raise DecodeError(f"json: cannot unmarshal {kind} into Go struct field {struct}.{path} of type {_go(schema)}")


def _go(schema: Object) -> str:
    kind: str = schema.get("type", "")
    if kind == "array":
        return f"[]{_go(schema.get('items') or {})}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"map[string]{_go(schema['additionalProperties'])}"
    if kind == "object":
        return f"v1.{schema.get('title', 'Object')}"
    if schema.get("format") == "byte":
        return "[]uint8"
    return "int32" if schema.get("format") == "int32" else _GO_TYPES.get(kind, kind)


def _text(value: str, kind: str) -> str:
    if kind in _LAYOUTS:
        return _time(value, kind)
    if kind == "byte":
        try:
            base64.b64decode(value, validate=True)
        except binascii.Error:
            bad = next((at for at, letter in enumerate(value) if not re.match(r"[A-Za-z0-9+/=]", letter)), len(value))
            raise DecodeError(f"illegal base64 data at input byte {bad}") from None
    return value


def _time(value: str, kind: str) -> str:
    """Return a time in UTC, with microseconds only where the field keeps them."""
    layout, head = _LAYOUTS[kind], _TIME.match(value)
    rest = value[head.end() :] if head else value
    if not head:
        raise DecodeError(f'parsing time "{value}" as "{layout}": cannot parse "{rest}" as "2006"')
    if not _TAILS[kind].fullmatch(rest):
        expected = ".000000" if kind == "micro-time" else "Z07:00"
        raise DecodeError(f'parsing time "{value}" as "{layout}": cannot parse "{rest}" as "{expected}"')
    moment = datetime.datetime.fromisoformat(value).astimezone(datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S" + (".%fZ" if kind == "micro-time" else "Z"))
