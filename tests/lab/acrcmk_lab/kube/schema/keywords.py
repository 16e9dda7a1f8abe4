"""The keywords of schemas, the children of a schema, and the validation of list types and map types."""

from collections.abc import Iterator
from typing import Final

from acrcmk_lab.kube.apimachinery import field_errors
from acrcmk_lab.kube.apimachinery.field_errors import FieldError
from acrcmk_lab.kube.apimachinery.objects import Object

_KEYWORDS: Final = frozenset(
    {"$ref", "$schema", "additionalItems", "additionalProperties", "allOf", "anyOf", "default", "definitions"}
    | {"dependencies", "description", "enum", "example", "exclusiveMaximum", "exclusiveMinimum", "externalDocs"}
    | {"format", "id", "items", "maxItems", "maxLength", "maxProperties", "maximum", "minItems", "minLength"}
    | {"minProperties", "minimum", "multipleOf", "not", "nullable", "oneOf", "pattern", "patternProperties"}
    | {"properties", "required", "title", "type", "uniqueItems", "x-kubernetes-embedded-resource"}
    | {"x-kubernetes-int-or-string", "x-kubernetes-list-map-keys", "x-kubernetes-list-type"}
    | {"x-kubernetes-map-type", "x-kubernetes-preserve-unknown-fields", "x-kubernetes-validations"}
)
_RULE_KEYS: Final = frozenset({"rule", "message", "messageExpression", "reason", "fieldPath", "optionalOldSelf"})
_DROPPED_SILENTLY: Final = ("items", "additionalProperties")
"""Within these the real server drops unknown keywords without a warning: their Go types decode themselves."""


def children(schema: Object, path: str) -> Iterator[tuple[str, Object, str]]:
    """Yield path, schema and name of the children of a schema."""
    for key, child in (schema.get("properties") or {}).items():
        yield f"{path}.properties[{key}]", child, key
    for key in ("items", "additionalProperties", "not"):
        if isinstance(schema.get(key), dict):
            yield f"{path}.{key}", schema[key], key
    for key in ("allOf", "anyOf", "oneOf"):
        for index, child in enumerate(schema.get(key) or []):
            yield f"{path}.{key}[{index}]", child, key


def strip(schema: Object, path: str) -> Iterator[str]:
    """Remove unknown keywords in place; yield their paths as in strict decoding errors."""
    for key in [key for key in schema if key not in _KEYWORDS]:
        del schema[key]
        yield f"{path}.{key}"
    for index, rule in enumerate(schema.get("x-kubernetes-validations") or []):
        for key in [key for key in rule if key not in _RULE_KEYS]:
            del rule[key]
            yield f"{path}.x-kubernetes-validations[{index}].{key}"
    for key, child in (schema.get("properties") or {}).items():
        yield from strip(child, f"{path}.properties.{key}")
    for place, child, key in children({**schema, "properties": {}}, path):
        unknown = list(strip(child, place))
        yield from () if key in _DROPPED_SILENTLY else unknown


def map_type_errors(schema: Object, path: str) -> Iterator[FieldError]:
    """Yield the errors of `x-kubernetes-map-type`."""
    declared = schema.get("x-kubernetes-map-type")
    if declared is None:
        return
    if schema.get("type") != "object":
        yield _wrong_type(schema, path, "must be object if x-kubernetes-map-type is specified")
    if declared not in {"atomic", "granular"}:
        yield field_errors.not_supported(f"{path}.x-kubernetes-map-type", declared, ["atomic", "granular"])


def _wrong_type(schema: Object, path: str, detail: str) -> FieldError:
    kind = schema.get("type")
    return field_errors.invalid(f"{path}.type", kind, detail) if kind else field_errors.required(f"{path}.type", detail)


def list_type_errors(schema: Object, path: str) -> Iterator[FieldError]:
    """Yield the errors of `x-kubernetes-list-type` and of the keys of a list map."""
    declared, keys = schema.get("x-kubernetes-list-type"), schema.get("x-kubernetes-list-map-keys") or []
    items = schema.get("items") if isinstance(schema.get("items"), dict) else None
    if declared is not None and schema.get("type") != "array":
        yield _wrong_type(schema, path, "must be array if x-kubernetes-list-type is specified")
    elif (
        declared == "set" and items and items.get("type") == "object" and items.get("x-kubernetes-map-type") != "atomic"
    ):
        where = f"{path}.items.x-kubernetes-map-type"
        yield field_errors.invalid(where, None, "must be atomic as item of a list with x-kubernetes-list-type=set")
    if declared not in {None, "atomic", "set", "map"}:
        yield field_errors.not_supported(f"{path}.x-kubernetes-list-type", declared, ["atomic", "set", "map"])
    if keys and declared != "map":
        where, detail = f"{path}.x-kubernetes-list-type", "must be map if x-kubernetes-list-map-keys is non-empty"
        yield field_errors.invalid(where, declared, detail) if declared else field_errors.required(where, detail)
    if declared == "map":
        yield from _list_map_errors(keys, items, path)


def _list_map_errors(keys: list[str], items: Object | None, path: str) -> Iterator[FieldError]:
    where = f"{path}.x-kubernetes-list-map-keys"
    if not keys:
        yield field_errors.required(where, "must not be empty if x-kubernetes-list-type is map")
    if items is None:
        yield field_errors.required(f"{path}.items", "must have a schema if x-kubernetes-list-type is map")
        return
    if items.get("type") != "object":
        detail = "must be object if parent array's x-kubernetes-list-type is map"
        yield field_errors.invalid(f"{path}.items.type", items.get("type", ""), detail)
        return
    for key in keys:
        item_property = (items.get("properties") or {}).get(key)
        if item_property is None:
            yield field_errors.invalid(where, keys, "entries must all be names of item properties")
        elif key not in (items.get("required") or []) and "default" not in item_property:
            detail = (
                "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"
            )
            yield field_errors.required(f"{path}.items.properties[{key}].default", detail)
