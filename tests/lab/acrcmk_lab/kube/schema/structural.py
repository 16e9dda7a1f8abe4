"""Validation of schemas: what makes them structural.

Follows apiextensions-apiserver/pkg/apiserver/schema/validation.go and pkg/apis/apiextensions/validation.
"""

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any, Final

from acrcmk_lab.kube.apimachinery import field_errors, objects
from acrcmk_lab.kube.apimachinery.field_errors import FieldError
from acrcmk_lab.kube.apimachinery.objects import Object
from acrcmk_lab.kube.schema import embedded_resources, keywords, patterns, pruning, rule_compiler, validation

_TYPES: Final = ("array", "boolean", "integer", "number", "object", "string")
_INT_OR_STRING: Final = [{"type": "integer"}, {"type": "string"}]
_FORBIDDEN_IN_BRANCHES: Final = {
    "type": "must be empty to be structural",
    "additionalProperties": "must be undefined to be structural",
    "default": "must be undefined to be structural",
    "title": "must be empty to be structural",
    "description": "must be empty to be structural",
    "nullable": "must be false to be structural",
    "x-kubernetes-preserve-unknown-fields": "must be false to be structural",
    "x-kubernetes-embedded-resource": "must be false to be structural",
    "x-kubernetes-int-or-string": "must be false to be structural",
    "x-kubernetes-list-map-keys": "must be empty to be structural",
    "x-kubernetes-list-type": "must be undefined to be structural",
    "x-kubernetes-map-type": "must be undefined to be structural",
    "x-kubernetes-validations": "must be empty to be structural",
}


def errors(schema: Object, path: str) -> list[FieldError]:
    """Return the errors of a version's schema, at `path`; rules are compiled only if the schema is valid otherwise."""
    unsupported = [
        error for error in _walk(schema, path, root=True, uncorrelated=None, valid=False) if _is_unsupported(error)
    ]
    if unsupported:
        return unsupported
    all_errors = sorted(_invariants(schema, path, level="root"), key=str) or list(_defaults(schema, path))
    valid = not all_errors
    all_errors += _walk(schema, path, root=True, uncorrelated=None, valid=valid)
    return all_errors


def _invariants(schema: Object, path: str, *, level: str) -> Iterator[FieldError]:
    """Yield what keeps a schema from being structural."""
    if schema.get("type") == "array" and "items" not in schema:
        yield field_errors.required(f"{path}.items", "must be specified")
    for key, child in (schema.get("properties") or {}).items():
        yield from _invariants(child, f"{path}.properties[{key}]", level="field")
    if isinstance(schema.get("items"), dict):
        yield from _invariants(schema["items"], f"{path}.items", level="item")
    if level == "root" and schema.get("additionalProperties") is not None:
        yield field_errors.forbidden(f"{path}.additionalProperties", "must not be used at the root")
    if isinstance(schema.get("additionalProperties"), dict):
        yield from _invariants(schema["additionalProperties"], f"{path}.additionalProperties", level="field")
    yield from _branches(schema, path)
    yield from _type_errors(schema, path, level=level)
    if level == "root" or schema.get("x-kubernetes-embedded-resource"):
        yield from _type_meta_errors(schema, path, root=level == "root")


def _type_errors(schema: Object, path: str, *, level: str) -> Iterator[FieldError]:
    kind, is_embedded = schema.get("type", ""), schema.get("x-kubernetes-embedded-resource")
    free = schema.get("x-kubernetes-int-or-string") or schema.get("x-kubernetes-preserve-unknown-fields")
    if is_embedded and kind != "object":
        detail = "must be object if x-kubernetes-embedded-resource is true"
        where = f"{path}.type"
        yield field_errors.invalid(where, kind, detail) if kind else field_errors.required(where, detail)
    elif not kind and not free:
        location = {"root": "at the root", "item": "for specified array items", "field": "for specified object fields"}
        yield field_errors.required(f"{path}.type", f"must not be empty {location[level]}")
    if level == "root" and kind and kind != "object":
        yield field_errors.invalid(f"{path}.type", kind, "must be object at the root")
    if is_embedded and not schema.get("properties") and not schema.get("x-kubernetes-preserve-unknown-fields"):
        detail = (
            "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields"
        )
        yield field_errors.required(f"{path}.properties", detail)


def _type_meta_errors(schema: Object, path: str, *, root: bool) -> Iterator[FieldError]:
    properties = schema.get("properties") or {}
    for name in ("kind", "apiVersion"):
        if name in properties and properties[name].get("type") != "string":
            where = f"{path}.properties[{name}].type"
            yield field_errors.invalid(where, properties[name].get("type", ""), "must be string")
    metadata = properties.get("metadata")
    if metadata is None:
        return
    where = f"{path}.properties[metadata]"
    if metadata.get("type") != "object":
        yield field_errors.invalid(f"{where}.type", metadata.get("type", ""), "must be object")
    named = set(metadata.get("properties") or {})
    rest = set(metadata) - {"type", "properties", "default"}
    if root and (rest or not named <= {"name", "generateName"}):
        detail = "must not specify anything other than name and generateName, but metadata is implicitly specified"
        yield field_errors.forbidden(where, detail)


def _branches(schema: Object, path: str) -> Iterator[FieldError]:
    """Yield the errors under `allOf`, `anyOf`, `oneOf` and `not`: these can only restrict values."""
    for key in ("allOf", "anyOf", "oneOf"):
        for index, branch in enumerate(schema.get(key) or []):
            if not (key == "anyOf" and schema["anyOf"] == _INT_OR_STRING):
                yield from _branch(branch, f"{path}.{key}[{index}]")
    if isinstance(schema.get("not"), dict):
        yield from _branch(schema["not"], f"{path}.not")
    if schema.get("pattern") and (regexp_error := patterns.error(schema["pattern"])):
        detail = f"must be a valid regular expression, but isn't: {regexp_error}"
        yield field_errors.invalid(f"{path}.pattern", schema["pattern"], detail)


def _branch(branch: Object, path: str) -> Iterator[FieldError]:
    for keyword, detail in _FORBIDDEN_IN_BRANCHES.items():
        if branch.get(keyword) not in (None, "", False, []):
            yield field_errors.forbidden(f"{path}.{keyword}", detail)
    for key, child in (branch.get("properties") or {}).items():
        yield from _branch(child, f"{path}.properties[{key}]")
    if isinstance(branch.get("items"), dict):
        yield from _branch(branch["items"], f"{path}.items")
    yield from _branches(branch, path)


def _defaults(schema: Object, path: str) -> Iterator[FieldError]:
    """Yield the errors of default values."""
    value = schema.get("default")
    if value is not None:
        where = f"{path}.default"
        if _pruned(value, schema) != value:
            yield field_errors.invalid(where, value, "must not have unknown fields")
        yield from _with_prefix(embedded_resources.validate(value, schema), where)
        yield from _with_prefix(validation.validate(value, schema), where)
    for key, child in (schema.get("properties") or {}).items():
        yield from _defaults(child, f"{path}.properties[{key}]")
    if isinstance(schema.get("items"), dict):
        yield from _defaults(schema["items"], f"{path}.items")


def _pruned(value: Any, schema: Object) -> Any:
    holder = {"value": objects.clone(value)}
    pruning.prune(holder, {"type": "object", "properties": {"value": schema}})
    return holder["value"]


def _with_prefix(errors: Iterable[FieldError], where: str) -> Iterator[FieldError]:
    for error in errors:
        tail = "" if error.field == "<nil>" else f".{error.field}"
        yield dataclasses.replace(error, field=where + tail)


def _walk(
    schema: Object, path: str, *, root: bool, uncorrelated: str | None, valid: bool, meta: str = ""
) -> list[FieldError]:
    """Return the errors of keywords, and those of rules where neither they nor their children have errors."""
    all_errors = list(_keyword_errors(schema, path, meta=meta))
    expressions: list[FieldError] = []
    for place, child, inside in keywords.children(schema, path):
        metadata_text = f"in top-level {inside}" if root and inside in pruning.TYPE_META else meta
        within = uncorrelated
        if inside == "items" and schema.get("x-kubernetes-list-type") != "map":
            within = uncorrelated or path
        below = _walk(child, place, root=False, uncorrelated=within, valid=valid, meta=metadata_text)
        all_errors += [error for error in below if not _is_expression_error(error)]
        expressions += [error for error in below if _is_expression_error(error)]
    all_errors += rule_compiler.rule_errors(schema, path)
    if valid and not all_errors:
        expressions += rule_compiler.expression_errors(schema, path, root=root, uncorrelated=uncorrelated)
    return all_errors + expressions


def _is_unsupported(error: FieldError) -> bool:
    return error.type == "FieldValueForbidden" and error.detail.endswith(" is not supported")


def _is_expression_error(error: FieldError) -> bool:
    last = error.field.rpartition(".")[2]
    return error.type == "InternalError" or (
        rule_compiler.VALIDATIONS in error.field
        and (last in {"rule", "messageExpression", "optionalOldSelf"})
        and error.type == "FieldValueInvalid"
    )


def _keyword_errors(schema: Object, path: str, *, meta: str) -> Iterator[FieldError]:
    kind = schema.get("type")
    if kind and kind not in _TYPES:
        yield field_errors.not_supported(f"{path}.type", kind, _TYPES)
    if schema.get("default") is not None and meta:
        yield field_errors.forbidden(f"{path}.default", f"must not be set {meta}")
    for keyword in ("id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref"):
        if keyword in schema:
            yield field_errors.forbidden(f"{path}.{keyword}", f"{keyword} is not supported")
    if schema.get("uniqueItems"):
        detail = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
        yield field_errors.forbidden(f"{path}.uniqueItems", detail)
    if schema.get("properties") and schema.get("additionalProperties") not in (None, True):
        detail = "additionalProperties and properties are mutual exclusive"
        yield field_errors.forbidden(f"{path}.additionalProperties", detail)
    if schema.get("x-kubernetes-preserve-unknown-fields") is False:
        where = f"{path}.x-kubernetes-preserve-unknown-fields"
        yield field_errors.invalid(where, value=False, detail="must be true or undefined")
    yield from keywords.map_type_errors(schema, path)
    yield from keywords.list_type_errors(schema, path)
