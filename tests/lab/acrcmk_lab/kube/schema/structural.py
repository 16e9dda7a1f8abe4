"""What a schema itself must obey to be structural.

Follows apiextensions-apiserver/pkg/apiserver/schema/validation.go and pkg/apis/apiextensions/validation.
"""

from collections.abc import Iterator
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
    """Return the errors of a version's schema, at `path`; rules are compiled only where the schema is sound."""
    unsupported = [one for one in _walk(schema, path, root=True, uncorrelated=None, sound=False) if _unknown(one)]
    if unsupported:
        return unsupported
    found = sorted(_invariants(schema, path, level="root"), key=str) or list(_defaults(schema, path))
    sound = not found
    found += _walk(schema, path, root=True, uncorrelated=None, sound=sound)
    return found


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
    yield from _type_problems(schema, path, level=level)
    if level == "root" or schema.get("x-kubernetes-embedded-resource"):
        yield from _type_meta_problems(schema, path, root=level == "root")


def _type_problems(schema: Object, path: str, *, level: str) -> Iterator[FieldError]:
    kind, whole = schema.get("type", ""), schema.get("x-kubernetes-embedded-resource")
    free = schema.get("x-kubernetes-int-or-string") or schema.get("x-kubernetes-preserve-unknown-fields")
    if whole and kind != "object":
        detail = "must be object if x-kubernetes-embedded-resource is true"
        where = f"{path}.type"
        yield field_errors.invalid(where, kind, detail) if kind else field_errors.required(where, detail)
    elif not kind and not free:
        told = {"root": "at the root", "item": "for specified array items", "field": "for specified object fields"}
        yield field_errors.required(f"{path}.type", f"must not be empty {told[level]}")
    if level == "root" and kind and kind != "object":
        yield field_errors.invalid(f"{path}.type", kind, "must be object at the root")
    if whole and not schema.get("properties") and not schema.get("x-kubernetes-preserve-unknown-fields"):
        detail = (
            "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields"
        )
        yield field_errors.required(f"{path}.properties", detail)


def _type_meta_problems(schema: Object, path: str, *, root: bool) -> Iterator[FieldError]:
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
    """Check what stands under `allOf` and the like: it may restrict values, and define nothing."""
    for key in ("allOf", "anyOf", "oneOf"):
        for index, branch in enumerate(schema.get(key) or []):
            if not (key == "anyOf" and schema["anyOf"] == _INT_OR_STRING):
                yield from _branch(branch, f"{path}.{key}[{index}]")
    if isinstance(schema.get("not"), dict):
        yield from _branch(schema["not"], f"{path}.not")
    if schema.get("pattern") and (wrong := patterns.problem(schema["pattern"])):
        detail = f"must be a valid regular expression, but isn't: {wrong}"
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
        yield from _placed(embedded_resources.validate(value, schema), where)
        yield from _placed(validation.validate(value, schema), where)
    for key, child in (schema.get("properties") or {}).items():
        yield from _defaults(child, f"{path}.properties[{key}]")
    if isinstance(schema.get("items"), dict):
        yield from _defaults(schema["items"], f"{path}.items")


def _pruned(value: Any, schema: Object) -> Any:
    holder = {"value": objects.clone(value)}
    pruning.prune(holder, {"type": "object", "properties": {"value": schema}})
    return holder["value"]


def _placed(found: Any, where: str) -> Iterator[FieldError]:
    for problem in found:
        tail = "" if problem.field == "<nil>" else f".{problem.field}"
        yield field_errors.FieldError(problem.type, where + tail, problem.value, problem.detail)


def _walk(
    schema: Object, path: str, *, root: bool, uncorrelated: str | None, sound: bool, meta: str = ""
) -> list[FieldError]:
    """Check keywords everywhere, children first, and rules where neither they nor anything below is wrong."""
    found = list(_keyword_problems(schema, path, meta=meta))
    expressions: list[FieldError] = []
    for place, child, inside in keywords.children(schema, path):
        told = f"in top-level {inside}" if root and inside in pruning.TYPE_META else meta
        within = uncorrelated
        if inside == "items" and schema.get("x-kubernetes-list-type") != "map":
            within = uncorrelated or path
        below = _walk(child, place, root=False, uncorrelated=within, sound=sound, meta=told)
        found += [one for one in below if not _is_expression_problem(one)]
        expressions += [one for one in below if _is_expression_problem(one)]
    found += rule_compiler.form_problems(schema, path)
    if sound and not found:
        expressions += rule_compiler.expression_problems(schema, path, root=root, uncorrelated=uncorrelated)
    return found + expressions


def _unknown(problem: FieldError) -> bool:
    return problem.type == "FieldValueForbidden" and problem.detail.endswith(" is not supported")


def _is_expression_problem(problem: FieldError) -> bool:
    last = problem.field.rpartition(".")[2]
    return problem.type == "InternalError" or (
        rule_compiler.VALIDATIONS in problem.field
        and (last in {"rule", "messageExpression", "optionalOldSelf"})
        and problem.type == "FieldValueInvalid"
    )


def _keyword_problems(schema: Object, path: str, *, meta: str) -> Iterator[FieldError]:
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
    yield from keywords.map_type_problems(schema, path)
    yield from keywords.list_type_problems(schema, path)
