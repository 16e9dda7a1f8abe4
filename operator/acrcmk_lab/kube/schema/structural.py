"""What a definition's versions and schemas must obey (apiextensions-apiserver/pkg/apis/apiextensions)."""

from collections.abc import Iterator
from typing import Final

from acrcmk_lab.kube import fielderrors, objects
from acrcmk_lab.kube.fielderrors import FieldError
from acrcmk_lab.kube.objects import Object
from acrcmk_lab.kube.schema import rules, validation

_KEYWORDS: Final = frozenset(
    {"$ref", "$schema", "additionalItems", "additionalProperties", "allOf", "anyOf", "default", "definitions"}
    | {"dependencies", "description", "enum", "example", "exclusiveMaximum", "exclusiveMinimum", "externalDocs"}
    | {"format", "id", "items", "maxItems", "maxLength", "maxProperties", "maximum", "minItems", "minLength"}
    | {"minProperties", "minimum", "multipleOf", "not", "nullable", "oneOf", "pattern", "patternProperties"}
    | {"properties", "required", "title", "type", "uniqueItems", "x-kubernetes-embedded-resource"}
    | {"x-kubernetes-int-or-string", "x-kubernetes-list-map-keys", "x-kubernetes-list-type"}
    | {"x-kubernetes-map-type", "x-kubernetes-preserve-unknown-fields", "x-kubernetes-validations"}
)
_RULE_KEYS: Final = frozenset(["rule", "message", "messageExpression", "reason", "fieldPath", "optionalOldSelf"])


def schemas(spec: Object) -> Iterator[tuple[str, Object]]:
    """Yield the place and the schema of every version."""
    for index, version in enumerate(spec.get("versions") or []):
        schema = objects.dig(version, "schema", "openAPIV3Schema")
        if isinstance(schema, dict):
            yield f"spec.versions[{index}].schema.openAPIV3Schema", schema


def children(schema: Object, path: str) -> Iterator[tuple[str, Object]]:
    """Yield the place and schema of everything directly below a schema."""
    for key, child in (schema.get("properties") or {}).items():
        yield f"{path}.properties[{key}]", child
    for key in ("items", "additionalProperties", "not"):
        if isinstance(schema.get(key), dict):
            yield f"{path}.{key}", schema[key]
    for key in ("allOf", "anyOf", "oneOf"):
        for index, child in enumerate(schema.get(key) or []):
            yield f"{path}.{key}[{index}]", child


def unknown_fields(spec: Object) -> list[str]:
    """Remove keywords that schemas do not have; return their places as strict decoding tells them."""
    found: list[str] = []
    for place, schema in schemas(spec):
        _strip(schema, place, found)
    return sorted(found)


def _strip(schema: Object, path: str, found: list[str]) -> None:
    for key in [key for key in schema if key not in _KEYWORDS]:
        found.append(f"{path}.{key}")
        del schema[key]
    for index, rule in enumerate(schema.get("x-kubernetes-validations") or []):
        for key in [key for key in rule if key not in _RULE_KEYS]:
            found.append(f"{path}.x-kubernetes-validations[{index}].{key}")
            del rule[key]
    for place, child in children(schema, path):
        _strip(child, place.replace("properties[", "properties.").replace("]", ""), found)


def validate(spec: Object) -> list[FieldError]:
    """Return the errors of a definition's versions and their schemas."""
    problems: list[FieldError] = []
    versions = spec.get("versions") or []
    if sum(1 for version in versions if version.get("storage")) != 1:
        detail = "must have exactly one version marked as storage version"
        problems.append(fielderrors.invalid("spec.versions", versions, detail))
    for index, version in enumerate(versions):
        if not objects.dig(version, "schema", "openAPIV3Schema"):
            where = f"spec.versions[{index}].schema.openAPIV3Schema"
            problems.append(fielderrors.required(where, "schemas are required"))
    for place, schema in schemas(spec):
        problems += _structure(schema, place, root=True)
        rules.compile_tree(schema, path=place, problems=problems)
    return problems


def _structure(schema: Object, path: str, *, root: bool = False) -> Iterator[FieldError]:
    free = schema.get("x-kubernetes-int-or-string") or schema.get("x-kubernetes-preserve-unknown-fields")
    if not schema.get("type") and not free:
        kind = "object at the root" if root else "specified object fields"
        yield fielderrors.required(f"{path}.type", f"must not be empty for {kind}")
    if schema.get("type") == "array" and "items" not in schema:
        yield fielderrors.required(f"{path}.items", "must be specified")
    if schema.get("default") is not None:
        yield from _default(schema, path)
    for place, child in children({key: value for key, value in schema.items() if key not in _BRANCHES}, path):
        yield from _structure(child, place)


_BRANCHES: Final = {"allOf", "anyOf", "oneOf", "not"}


def _default(schema: Object, path: str) -> Iterator[FieldError]:
    for problem in validation.validate(schema["default"], schema):
        where = f"{path}.default"
        tail = "" if problem.field == "<nil>" else f".{problem.field}"
        yield fielderrors.FieldError(problem.type, where + tail, problem.value, problem.detail)
