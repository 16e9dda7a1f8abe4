"""Validation of applied configurations, with the messages of sigs.k8s.io/structured-merge-diff/v6/typed."""

from typing import Any, Final

from acrcmk_lab.kube.apimachinery import field_errors
from acrcmk_lab.kube.apimachinery.objects import Object
from acrcmk_lab.kube.apply import fieldset, typed

_SCALAR_MESSAGES: Final = {
    "string": "expected string, got &value.valueUnstructured{{Value:{go}}}",
    "integer": "expected numeric (int or float), got {type}",
    "number": "expected numeric (int or float), got {type}",
    "boolean": "expected boolean, got &{{{plain}}}",
}


def validate(value: Any, kind: typed.Type, path: str = "") -> list[str]:
    """Return the errors of `value`: unknown fields, wrong types, list items without a key."""
    schema = kind.schema or {}
    expected = schema.get("type")
    if value is None or expected is None or schema.get("x-kubernetes-int-or-string"):
        return []
    if expected == "object":
        return _check_map(value, kind, path) if isinstance(value, dict) else [_mismatch("map", value, path)]
    if expected == "array":
        return _check_list(value, kind, path) if isinstance(value, list) else [_mismatch("list", value, path)]
    return _check_scalar(value, schema, path)


def _mismatch(expected: str, value: Any, path: str) -> str:
    return f"{path}: expected {expected}, got &{{{_plain(value)}}}"


def _check_map(value: Object, kind: typed.Type, path: str) -> list[str]:
    problems = []
    for name, item in sorted(value.items()):
        child, where = kind.child(name), f"{path}.{name}"
        problems += [f"{where}: field not declared in schema"] if child is None else validate(item, child, where)
    return problems


def _check_list(value: list[Any], kind: typed.Type, path: str) -> list[str]:
    problems, seen = [], set()
    keyed = kind.relation(value) in {"keyed", "set"}
    for place, item in enumerate(value):
        where = f"{path}[{place}]"
        if keyed:
            try:
                element = kind.element(item)
            except typed.MergeError as error:
                problems.append(f"{path}: element {place}: {error}")
                continue
            if element in seen:
                problems.append(f"{path}: duplicate entries for key {fieldset.text((element,))}")
            seen.add(element)
            where = path + fieldset.text((element,))
        problems += validate(item, kind.items(), where)
    return problems


def _check_scalar(value: Any, schema: Object, path: str) -> list[str]:
    expected = schema["type"]
    fits = {
        "string": isinstance(value, str) or bool(schema.get("format", "byte") != "byte"),
        "boolean": isinstance(value, bool),
    }.get(expected, isinstance(value, int | float) and not isinstance(value, bool))
    if fits:
        return []
    message = _SCALAR_MESSAGES[expected].format(go=_go_syntax(value), type=_go_type(value), plain=_plain(value))
    return [f"{path}: {message}"]


def _go_type(value: Any) -> str:
    names = {bool: "bool", int: "int64", float: "float64", str: "string", list: "[]interface {}"}
    return names.get(type(value), "map[string]interface {}")


def _go_syntax(value: Any) -> str:
    """Print a JSON value as Go's %#v does."""
    if isinstance(value, dict):
        inner = ", ".join(f"{field_errors.quote(key)}:{_go_syntax(item)}" for key, item in sorted(value.items()))
        return f"map[string]interface {{}}{{{inner}}}"
    if isinstance(value, list):
        return f"[]interface {{}}{{{', '.join(map(_go_syntax, value))}}}"
    return field_errors.render(value)


def _plain(value: Any) -> str:
    """Print a JSON value as Go's %v does."""
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{_plain(item)}" for key, item in sorted(value.items())) + "]"
    if isinstance(value, list):
        return "[" + " ".join(map(_plain, value)) + "]"
    return value if isinstance(value, str) else field_errors.render(value)
