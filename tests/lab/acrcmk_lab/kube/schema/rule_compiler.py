"""Compile `x-kubernetes-validations`; validate rules with the messages of the real server."""

import dataclasses
import json
import re
from collections.abc import Iterator
from typing import Any, Final

from acrcmk_lab.kube.apimachinery import field_errors
from acrcmk_lab.kube.apimachinery.field_errors import FieldError
from acrcmk_lab.kube.apimachinery.objects import Object
from acrcmk_lab.kube.schema import cel

VALIDATIONS: Final = "x-kubernetes-validations"
_REASONS: Final = ("FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired")
_PATH_STEP: Final = re.compile(r"\.([^.\[\]]+)|\['((?:[^'\\]|\\.)*)'\]")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule, compiled."""

    source: Object
    program: cel.Program
    message: cel.Program | None

    @property
    def name(self) -> str:
        """The rule in errors."""
        return str(self.source.get("message") or self.source["rule"]).strip()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Node:
    """The rules of a schema and of its children."""

    schema: Object
    rules: tuple[Rule, ...]
    properties: dict[str, "Node"]
    additional: "Node | None"
    items: "Node | None"

    @property
    def empty(self) -> bool:
        return not (self.rules or self.properties or self.additional or self.items)


def compile_tree(schema: Object, *, root: bool = True) -> Node | None:
    """Compile the rules of a valid schema; return None if it has no rules."""
    rule_schema = _rule_schema(schema, root=root)
    branches = [branch for branch in schema.get("allOf") or [] if branch.get(VALIDATIONS)]
    sources = [rule for place in (schema, *branches) for rule in place.get(VALIDATIONS) or []]
    environment = cel.Environment(rule_schema) if sources else None
    compiled = [_compile(source, environment)[0] for source in sources] if environment else []
    properties = {key: compile_tree(value, root=False) for key, value in (schema.get("properties") or {}).items()}
    node = Node(
        schema=rule_schema,
        rules=tuple(rule for rule in compiled if rule),
        properties={key: child for key, child in properties.items() if child},
        additional=_compile_child(schema, "additionalProperties"),
        items=_compile_child(schema, "items"),
    )
    return None if node.empty else node


def _rule_schema(schema: Object, *, root: bool) -> Object:
    return cel.root_schema(schema) if root or schema.get("x-kubernetes-embedded-resource") else schema


def _compile_child(schema: Object, key: str) -> Node | None:
    child = schema.get(key)
    return compile_tree(child, root=False) if isinstance(child, dict) else None


def _compile(source: Object, environment: cel.Environment) -> tuple[Rule | None, list[tuple[str, str]]]:
    """Compile one rule; return it, and the fields of the rule that do not compile with their errors."""
    optional, problems, message = bool(source.get("optionalOldSelf")), [], None
    try:
        program = cel.Program(source["rule"], environment, optional_old=optional, result=cel.BOOL)
    except cel.ResultTypeError:
        return None, [("rule", "cel expression must evaluate to a bool")]
    except cel.CompileError as error:
        return None, [("rule", f"compilation failed: {error}")]
    if source.get("messageExpression"):
        expression = source["messageExpression"]
        try:
            message = cel.Program(expression, environment, optional_old=optional, result=cel.STRING)
        except cel.ResultTypeError:
            problems.append(("messageExpression", "messageExpression must evaluate to a string"))
        except cel.CompileError as error:
            problems.append(("messageExpression", f"messageExpression compilation failed: {error}"))
    return Rule(source=source, program=program, message=message), problems


def rule_errors(schema: Object, path: str) -> Iterator[FieldError]:
    """Yield the errors of the rules of a schema, without those of their expressions."""
    for index, rule in enumerate(schema.get(VALIDATIONS) or []):
        where = f"{path}.{VALIDATIONS}[{index}]"
        yield from _message_errors(rule, where)
        expression = rule.get("messageExpression")
        if expression and not expression.strip():
            yield field_errors.required(
                f"{where}.messageExpression", "messageExpression must be non-empty if specified"
            )
        if "reason" in rule and rule["reason"] not in _REASONS:
            yield field_errors.not_supported(f"{where}.reason", rule["reason"], _REASONS)
        field = rule.get("fieldPath")
        if field and not _is_path(field, schema):
            yield field_errors.invalid(f"{where}.fieldPath", field, "must be a valid path")


def _message_errors(rule: Object, where: str) -> Iterator[FieldError]:
    text, message = rule.get("rule", "").strip(), rule.get("message", "")
    if not text:
        yield field_errors.required(f"{where}.rule", "rule is not specified")
    elif message and not message.strip():
        yield field_errors.invalid(f"{where}.message", message, "must be non-empty if specified")
    elif "\n" in message.strip():
        yield field_errors.invalid(f"{where}.message", message, "must not contain line breaks")
    elif "\n" in text and not message:
        yield field_errors.required(f"{where}.message", "message must be specified if rule contains line breaks")


def _is_path(text: str, schema: Object) -> bool:
    position, here = 0, schema
    while position < len(text):
        step = _PATH_STEP.match(text, position)
        if not step:
            return False
        name = step.group(1) or step.group(2)
        additional = here.get("additionalProperties")
        child = (here.get("properties") or {}).get(name, additional if isinstance(additional, dict) else None)
        if child is None:
            return False
        here, position = child, step.end()
    return True


def expression_errors(schema: Object, path: str, *, root: bool, uncorrelated: str | None) -> Iterator[FieldError]:
    """Yield the errors of the expressions of a schema.

    `uncorrelated` is the path of the list around it, if any, whose items have no old counterparts.
    """
    sources = schema.get(VALIDATIONS) or []
    if not sources:
        return
    if not schema.get("type") and not schema.get("x-kubernetes-int-or-string"):
        text = (
            "internal error: failed to construct type information for x-kubernetes-validations rules: "
            "unable to convert structural schema to CEL declarations"
        )
        yield field_errors.internal(f"{path}.{VALIDATIONS}", text)
        return
    environment = cel.Environment(_rule_schema(schema, root=root))
    for index, source in enumerate(sources):
        where = f"{path}.{VALIDATIONS}[{index}]"
        rule, problems = _compile(source, environment)
        for field, detail in problems:
            yield field_errors.invalid(f"{where}.{field}", _printed(source), detail)
        if rule is None:
            continue
        if rule.program.uses_old and uncorrelated:
            detail = f"oldSelf cannot be used on the uncorrelatable portion of the schema within {uncorrelated}"
            yield field_errors.invalid(f"{where}.rule", source["rule"], detail)
        elif not rule.program.uses_old and "optionalOldSelf" in source:
            detail = "may not be set if oldSelf is not used in rule"
            yield field_errors.invalid(f"{where}.optionalOldSelf", source["optionalOldSelf"], detail)


def _printed(source: Object) -> field_errors.Verbatim:
    """Print a rule as Go prints its struct."""
    struct: dict[str, Any] = {
        "Rule": source.get("rule", ""),
        "Message": source.get("message", ""),
        "MessageExpression": source.get("messageExpression", ""),
        "Reason": source.get("reason"),
        "FieldPath": source.get("fieldPath", ""),
        "OptionalOldSelf": source.get("optionalOldSelf"),
    }
    return field_errors.Verbatim(
        field_errors.escape_html(json.dumps(struct, separators=(",", ":"), ensure_ascii=False))
    )
