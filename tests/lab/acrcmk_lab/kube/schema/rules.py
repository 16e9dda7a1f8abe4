"""The evaluation of compiled rules at every write.

Follows k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/validation.go.
"""

import dataclasses
from collections.abc import Iterator
from typing import Any, Final

from acrcmk_lab.kube.apimachinery import field_errors
from acrcmk_lab.kube.apimachinery.field_errors import FieldError
from acrcmk_lab.kube.apimachinery.objects import Object
from acrcmk_lab.kube.schema import cel, correlation
from acrcmk_lab.kube.schema.rule_compiler import Node, Rule

_MAX_MESSAGE: Final = 5 * 1024


def validate(node: Node | None, value: Any, *, old: Any = correlation.ABSENT) -> list[FieldError]:
    """Return the errors of an object by its rules; `old` is the object before an update."""
    return [] if node is None else list(_walk(node, _Place.root(value, old)))


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Place:
    """A value within an object, with its old counterpart.

    `unchanged` is whether the value, or else the closest value around it that has a counterpart, did not change:
    then errors of rules are ignored, because the object had them before.
    """

    path: str
    value: Any
    old: Any
    unchanged: bool

    @classmethod
    def root(cls, value: Any, old: Any) -> "_Place":
        return cls(path="", value=value, old=old, unchanged=correlation.unchanged(value, old))

    def child(self, path: str, value: Any, old: Any) -> "_Place":
        unchanged = self.unchanged if old is correlation.ABSENT else correlation.unchanged(value, old)
        return _Place(path=path, value=value, old=old, unchanged=unchanged)


def _walk(node: Node, place: _Place) -> Iterator[FieldError]:
    """Evaluate the rules of `node` and below."""
    if place.value is None:
        return
    for rule in node.rules:
        yield from _evaluate(rule, node.schema, place)
    for child, below in _children(node, place):
        yield from _walk(child, below)


def _children(node: Node, place: _Place) -> Iterator[tuple[Node, _Place]]:
    value, old, path = place.value, place.old, place.path
    if isinstance(value, dict):
        named = node.schema.get("properties") or {}
        for key, item in value.items():
            before = correlation.field(value, old, key)
            if key in node.properties:
                yield node.properties[key], place.child(f"{path}.{key}" if path else key, item, before)
            elif node.additional is not None and key not in named:
                yield node.additional, place.child(f"{path}[{key}]", item, before)
    elif isinstance(value, list) and node.items is not None:
        for index, item in enumerate(value):
            yield node.items, place.child(f"{path}[{index}]", item, correlation.item(item, old, node.schema))


def _evaluate(rule: Rule, schema: Object, place: _Place) -> Iterator[FieldError]:
    known = place.old is not correlation.ABSENT and place.old is not None
    if rule.program.uses_old and not known and not rule.source.get("optionalOldSelf"):
        return
    before = [cel.to_cel(place.old, schema)] if known else []
    current = cel.to_cel(place.value, schema)
    try:
        if rule.program.evaluate(current, old=before) is True:
            return
    except cel.EvaluationError as error:
        yield field_errors.invalid(place.path or "<nil>", schema.get("type", ""), _failure(str(error), rule))
        return
    if place.unchanged and not rule.program.uses_old:
        return
    field = (place.path + str(rule.source.get("fieldPath", ""))).removeprefix(".") or "<nil>"
    shown = field_errors.OMITTED if schema.get("type") in {"object", "array"} else place.value
    yield _error(rule, field, shown, _message(rule, current, before))


def _error(rule: Rule, field: str, value: Any, detail: str) -> FieldError:
    match rule.source.get("reason"):
        case "FieldValueForbidden":
            return field_errors.forbidden(field, detail)
        case "FieldValueRequired":
            return field_errors.required(field, detail)
        case "FieldValueDuplicate":
            return field_errors.duplicate(field, value)
        case _:
            return field_errors.invalid(field, value, detail)


def _failure(error: str, rule: Rule) -> str:
    if error.startswith("no such overload"):
        wrong = "call arguments did not match a supported operator, function or macro signature for rule"
        return f"'{error}': {wrong}: {rule.name}"
    return f"{error} evaluating rule: {rule.name}"


def _message(rule: Rule, current: Any, before: list[Any]) -> str:
    """Return the rule's message: from `messageExpression`, else `message`, else the rule itself."""
    if rule.message is not None:
        try:
            text = str(rule.message.evaluate(current, old=before)).strip()
        except cel.EvaluationError:
            text = ""
        if text and len(text.encode()) <= _MAX_MESSAGE and "\n" not in text:
            return text
    message = str(rule.source.get("message") or "").strip()
    return message or f"failed rule: {rule.name}"
