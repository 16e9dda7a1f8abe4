"""The `x-kubernetes-validations` of a schema: compiled once, evaluated at every write.

Follows k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/validation.go.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from acrcmk_lab.kube import fielderrors
from acrcmk_lab.kube.fielderrors import FieldError
from acrcmk_lab.kube.objects import Object
from acrcmk_lab.kube.schema import cel, correlation

_MAX_MESSAGE: Final = 5 * 1024
_VALIDATIONS: Final = "x-kubernetes-validations"


@dataclass(frozen=True)
class Rule:
    """One rule, compiled."""

    source: Object
    program: cel.Program
    message: cel.Program | None

    @property
    def name(self) -> str:
        """What an error about the rule calls it."""
        return str(self.source.get("message") or self.source["rule"]).strip()


@dataclass(frozen=True)
class Node:
    """The rules at one place of a schema and below it."""

    schema: Object
    rules: tuple[Rule, ...]
    properties: dict[str, "Node"]
    additional: "Node | None"
    items: "Node | None"
    branches: tuple["Node", ...]

    @property
    def empty(self) -> bool:
        return not (self.rules or self.properties or self.additional or self.items or self.branches)


def compile_tree(schema: Object, *, path: str, problems: list[FieldError], root: bool = True) -> Node | None:
    """Compile the rules of a schema; what does not compile is told in `problems`, at `path`.

    Returns None where the schema has no rule.
    """
    spine = cel.root_schema(schema) if root or schema.get("x-kubernetes-embedded-resource") else schema
    node = Node(
        schema=spine,
        rules=tuple(_compile_rules(schema.get(_VALIDATIONS) or [], spine, path, problems)),
        properties={
            key: child
            for key, value in (schema.get("properties") or {}).items()
            if (child := compile_tree(value, path=f"{path}.properties[{key}]", problems=problems, root=False))
        },
        additional=_compile_child(schema, "additionalProperties", path, problems),
        items=_compile_child(schema, "items", path, problems),
        branches=tuple(
            child
            for index, branch in enumerate(schema.get("allOf") or [])
            if (child := _compile_branch(branch, spine, f"{path}.allOf[{index}]", problems))
        ),
    )
    return None if node.empty else node


def _compile_child(schema: Object, key: str, path: str, problems: list[FieldError]) -> Node | None:
    child = schema.get(key)
    if not isinstance(child, dict):
        return None
    return compile_tree(child, path=f"{path}.{key}", problems=problems, root=False)


def _compile_branch(branch: Object, spine: Object, path: str, problems: list[FieldError]) -> Node | None:
    """Compile the rules of an `allOf` branch: they see the value with the types of the schema around them."""
    rules = tuple(_compile_rules(branch.get(_VALIDATIONS) or [], spine, path, problems))
    return Node(spine, rules, {}, None, None, ()) if rules else None


def _compile_rules(rules: list[Object], schema: Object, path: str, problems: list[FieldError]) -> Iterator[Rule]:
    for index, rule in enumerate(rules):
        if not str(rule.get("rule", "")).strip():
            continue
        where = f"{path}.{_VALIDATIONS}[{index}]"
        optional = bool(rule.get("optionalOldSelf"))
        try:
            program = cel.Program(rule["rule"], schema, optional_old=optional, result="BOOL")
        except cel.CompileError as error:
            problems.append(
                fielderrors.invalid(
                    f"{where}.rule", rule, _compile_text(error, "BOOL", "cel expression must evaluate to a bool", "")
                )
            )
            continue
        message = None
        if rule.get("messageExpression"):
            try:
                message = cel.Program(rule["messageExpression"], schema, optional_old=optional, result="STRING")
            except cel.CompileError as error:
                text = _compile_text(
                    error, "STRING", "messageExpression must evaluate to a string", "messageExpression "
                )
                problems.append(fielderrors.invalid(f"{where}.messageExpression", rule, text))
        if not program.uses_old and "optionalOldSelf" in rule:
            detail = "may not be set if oldSelf is not used in rule"
            problems.append(fielderrors.invalid(f"{where}.optionalOldSelf", rule["optionalOldSelf"], detail))
        yield Rule(rule, program, message)


def _compile_text(error: cel.CompileError, result: str, wrong_type: str, prefix: str) -> str:
    return wrong_type if str(error) == result else f"{prefix}compilation failed: {error}"


def validate(node: Node | None, value: Any, *, old: Any = correlation.ABSENT) -> list[FieldError]:
    """Return what the rules object to in `value`, a whole object; `old` is the object before an update."""
    return [] if node is None else list(_walk(node, _Place.root(value, old)))


@dataclass(frozen=True)
class _Place:
    """A value within an object, with its old counterpart.

    `unchanged` is whether the value, or else the closest value around it that has a counterpart, is as it was:
    what a rule then objects to was there before, and is let pass.
    """

    path: str
    value: Any
    old: Any
    unchanged: bool

    @classmethod
    def root(cls, value: Any, old: Any) -> "_Place":
        return cls("", value, old, correlation.unchanged(value, old))

    def below(self, path: str, value: Any, old: Any) -> "_Place":
        unchanged = self.unchanged if old is correlation.ABSENT else correlation.unchanged(value, old)
        return _Place(path, value, old, unchanged)


def _walk(node: Node, place: _Place) -> Iterator[FieldError]:
    """Evaluate the rules of `node` and below."""
    if place.value is None:
        return
    for rule in (*node.rules, *(rule for branch in node.branches for rule in branch.rules)):
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
                yield node.properties[key], place.below(f"{path}.{key}" if path else key, item, before)
            elif node.additional is not None and key not in named:
                yield node.additional, place.below(f"{path}[{key}]", item, before)
    elif isinstance(value, list) and node.items is not None:
        for index, item in enumerate(value):
            yield node.items, place.below(f"{path}[{index}]", item, correlation.item(item, old, node.schema))


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
        yield fielderrors.invalid(place.path or "<nil>", schema.get("type", ""), _failure(str(error), rule))
        return
    if place.unchanged and not rule.program.uses_old:
        return
    field = (place.path + str(rule.source.get("fieldPath", ""))).removeprefix(".") or "<nil>"
    shown = fielderrors.OMITTED if schema.get("type") in {"object", "array"} else place.value
    yield _complaint(rule, field, shown, _message(rule, current, before))


def _complaint(rule: Rule, field: str, value: Any, detail: str) -> FieldError:
    match rule.source.get("reason"):
        case "FieldValueForbidden":
            return fielderrors.forbidden(field, detail)
        case "FieldValueRequired":
            return fielderrors.required(field, detail)
        case "FieldValueDuplicate":
            return fielderrors.duplicate(field, value)
        case _:
            return fielderrors.invalid(field, value, detail)


def _failure(error: str, rule: Rule) -> str:
    if error.startswith("no such overload"):
        wrong = "call arguments did not match a supported operator, function or macro signature for rule"
        return f"'{error}': {wrong}: {rule.name}"
    return f"{error} evaluating rule: {rule.name}"


def _message(rule: Rule, current: Any, before: list[Any]) -> str:
    """Return the rule's own message: from its expression, else its text, else the rule itself."""
    if rule.message is not None:
        try:
            text = str(rule.message.evaluate(current, old=before)).strip()
        except (cel.EvaluationError, IndexError):
            text = ""
        if text and len(text.encode()) <= _MAX_MESSAGE and not re.search(r"\n", text):
            return text
    message = str(rule.source.get("message") or "").strip()
    return message or f"failed rule: {rule.name}"
