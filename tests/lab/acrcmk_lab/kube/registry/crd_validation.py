"""Validation of a CustomResourceDefinition, its schemas aside (apiextensions-apiserver/pkg/apis/apiextensions)."""

import json
from collections.abc import Iterator
from typing import Final

from acrcmk_lab.kube.apimachinery import field_errors, names, objects
from acrcmk_lab.kube.apimachinery.field_errors import FieldError
from acrcmk_lab.kube.apimachinery.objects import Object
from acrcmk_lab.kube.schema import structural

_COLUMN_TYPES: Final = ("boolean", "date", "integer", "number", "string")
_COLUMN_FORMATS: Final = ("byte", "date", "date-time", "double", "float", "int32", "int64", "password")
_MIXED_CASE: Final = "may have mixed case, but should otherwise match: "


def errors(definition: Object) -> list[FieldError]:
    """Return the errors of a new or changed definition."""
    spec = definition.get("spec") or {}
    problems = list(_name_problems(definition, spec))
    problems += _group_problems(spec)
    if spec.get("scope") not in {"Cluster", "Namespaced"}:
        scope = spec.get("scope")
        problems.append(
            field_errors.not_supported("spec.scope", scope, ["Cluster", "Namespaced"])
            if scope
            else field_errors.required("spec.scope")
        )
    problems += _version_problems(spec)
    problems += _names_problems(spec.get("names") or {})
    if spec.get("preserveUnknownFields"):
        detail = (
            "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
        )
        problems.append(field_errors.invalid("spec.preserveUnknownFields", value=True, detail=detail))
    strategy = objects.dig(spec, "conversion", "strategy")
    if strategy not in {"None", "Webhook"}:
        problems.append(field_errors.not_supported("spec.conversion.strategy", strategy, ["None", "Webhook"]))
    if not objects.dig(definition, "status", "storedVersions"):
        problems.append(field_errors.invalid("status.storedVersions", None, "must have at least one stored version"))
    return problems


def _name_problems(definition: Object, spec: Object) -> Iterator[FieldError]:
    name = objects.dig(definition, "metadata", "name", default="")
    if name != f"{objects.dig(spec, 'names', 'plural', default='')}.{spec.get('group', '')}":
        yield field_errors.invalid("metadata.name", name, 'must be spec.names.plural+"."+spec.group')


def _group_problems(spec: Object) -> Iterator[FieldError]:
    group = spec.get("group", "")
    if not group:
        yield field_errors.required("spec.group")
    elif messages := names.subdomain(group):
        yield field_errors.invalid("spec.group", group, ",".join(messages))
    elif "." not in group:
        yield field_errors.invalid("spec.group", group, "should be a domain with at least one dot")


def _names_problems(spec_names: Object) -> Iterator[FieldError]:
    for name in ("plural", "singular", "kind", "listKind"):
        if not spec_names.get(name):
            yield field_errors.required(f"spec.names.{name}")
    for name, mixed in (("plural", False), ("singular", False), ("kind", True), ("listKind", True)):
        value = spec_names.get(name, "")
        messages = names.dns1035(value.lower() if mixed else value) if value else []
        if messages:
            yield field_errors.invalid(f"spec.names.{name}", value, (_MIXED_CASE if mixed else "") + ",".join(messages))
    for kind in ("shortNames", "categories"):
        for index, value in enumerate(spec_names.get(kind) or []):
            if messages := names.dns1035(value):
                yield field_errors.invalid(f"spec.names.{kind}[{index}]", value, ",".join(messages))
    if spec_names.get("kind") and spec_names.get("kind") == spec_names.get("listKind"):
        yield field_errors.invalid(
            "spec.names.listKind", spec_names["listKind"], "kind and listKind may not be the same"
        )


def _version_problems(spec: Object) -> Iterator[FieldError]:
    versions = spec.get("versions") or []
    for index, version in enumerate(versions):
        if messages := names.dns1035(version.get("name", "")):
            yield field_errors.invalid(f"spec.versions[{index}].name", version.get("name", ""), ",".join(messages))
            if index == 0:
                yield field_errors.invalid("spec.version", version.get("name", ""), ",".join(messages))
    if sum(1 for version in versions if version.get("storage")) != 1:
        value = field_errors.Verbatim(json.dumps([_printed(version) for version in versions], separators=(",", ":")))
        yield field_errors.invalid("spec.versions", value, "must have exactly one version marked as storage version")
    yield from _schema_problems(versions)
    yield from _column_problems(versions)


def _printed(version: Object) -> Object:
    """Print a version as Go prints its struct once what all versions share has moved to the top of the spec."""
    return {
        "Name": version.get("name", ""),
        "Served": bool(version.get("served")),
        "Storage": bool(version.get("storage")),
        "Deprecated": bool(version.get("deprecated")),
        "DeprecationWarning": version.get("deprecationWarning"),
        "Schema": None,
        "Subresources": None,
        "AdditionalPrinterColumns": None,
        "SelectableFields": None,
    }


def _schema_problems(versions: list[Object]) -> Iterator[FieldError]:
    """Yield the errors of the schemas; those of a schema that all versions share are at `spec.validation` (v1beta1)."""
    schemas = [objects.dig(version, "schema", "openAPIV3Schema") for version in versions]
    shared = bool(schemas) and all(objects.equal(schema, schemas[0]) for schema in schemas)
    for index, schema in enumerate(schemas):
        where = f"spec.versions[{index}].schema.openAPIV3Schema"
        if not schema:
            yield field_errors.required(where)
        elif not shared:
            yield from structural.errors(schema, where)
    if shared and schemas[0]:
        yield from structural.errors(schemas[0], "spec.validation.openAPIV3Schema")


def _column_problems(versions: list[Object]) -> Iterator[FieldError]:
    lists = [version.get("additionalPrinterColumns") or [] for version in versions]
    shared = bool(lists) and all(objects.equal(columns, lists[0]) for columns in lists)
    for index, columns in enumerate(lists[:1] if shared else lists):
        prefix = "spec" if shared else f"spec.versions[{index}]"
        for place, column in enumerate(columns):
            yield from _one_column_problems(column, f"{prefix}.additionalPrinterColumns[{place}]")


def _one_column_problems(column: Object, path: str) -> Iterator[FieldError]:
    if not column.get("name"):
        yield field_errors.required(f"{path}.name")
    kind, known = column.get("type", ""), f"must be one of {','.join(_COLUMN_TYPES)}"
    if kind not in _COLUMN_TYPES:
        where = f"{path}.type"
        yield field_errors.invalid(where, kind, known) if kind else field_errors.required(where, known)
    if column.get("format") and column["format"] not in _COLUMN_FORMATS:
        detail = f"must be one of {','.join(_COLUMN_FORMATS)}"
        yield field_errors.invalid(f"{path}.format", column["format"], detail)
    where, source = f"{path}.JSONPath", column.get("jsonPath", "")
    if not source:
        yield field_errors.required(where)
    elif not source.startswith("."):
        yield field_errors.invalid(where, source, "must be a simple json path starting with .")
