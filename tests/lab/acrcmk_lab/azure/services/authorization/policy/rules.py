"""Conditions of Azure Policy: allOf, anyOf, not, field, value and count, with the operators of definitions."""

import dataclasses
import fnmatch
from collections.abc import Callable, Mapping
from typing import Any

from acrcmk_lab.azure.arm.messages import Body
from acrcmk_lab.azure.services.authorization.policy import expressions, fields
from acrcmk_lab.azure.services.authorization.policy.expressions import Functions


def _equals(value: Any, target: Any) -> bool:
    return expressions.text_of(value) == expressions.text_of(target)


def _like(value: Any, target: Any) -> bool:
    pattern = expressions.text_of(target).replace("[", "[[]").replace("?", "[?]")
    return fnmatch.fnmatchcase(expressions.text_of(value), pattern)


def _exists(value: Any, target: Any) -> bool:
    return (value is not None) == (expressions.text_of(target) == "true")


def _in(value: Any, target: Any) -> bool:
    return expressions.contains(list(target or []), value)


_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "equals": _equals,
    "notEquals": lambda value, target: not _equals(value, target),
    "like": _like,
    "notLike": lambda value, target: not _like(value, target),
    "in": _in,
    "notIn": lambda value, target: not _in(value, target),
    "contains": expressions.contains,
    "notContains": lambda value, target: not expressions.contains(value, target),
    "containsKey": expressions.contains,
    "notContainsKey": lambda value, target: not expressions.contains(value, target),
    "less": lambda value, target: value is not None and expressions.order(value, target) < 0,
    "lessOrEquals": lambda value, target: value is not None and expressions.order(value, target) <= 0,
    "greater": lambda value, target: value is not None and expressions.order(value, target) > 0,
    "greaterOrEquals": lambda value, target: value is not None and expressions.order(value, target) >= 0,
    "exists": _exists,
}
_BY_LOWER_NAME = {name.lower(): name for name in _OPERATORS}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Subject:
    """What a rule is evaluated on: a resource's body with its type, and the functions that expressions may call."""

    resource_type: str
    body: Body
    functions: Functions
    element_path: fields.Path = ()
    element: Any = None

    def values(self, field: str) -> list[Any]:
        """Return the values of a field; inside `count`, those of the counted element."""
        path = fields.path_of(field, resource_type=self.resource_type)
        if path is None:
            return [None]
        depth = len(self.element_path)
        if depth and tuple(part.lower() for part in path[:depth]) == self.element_path:
            return fields.read(self.element, path[depth:])
        return fields.read(self.body, path)

    def evaluate(self, value: Any) -> Any:
        """Return a value of the rule with its expressions evaluated."""
        first = {"field": lambda name: next(iter(self.values(name)), None)}
        return expressions.evaluate(value, functions={**self.functions, **first})


def matches(rule: Any, *, subject: Subject, evaluated: list[Body] | None = None) -> bool:
    """Tell whether a rule's condition holds; `evaluated` receives what was compared. ValueError for an unknown one."""
    condition = {name.lower(): value for name, value in rule.items()}
    if "allof" in condition:
        return all(matches(part, subject=subject, evaluated=evaluated) for part in condition["allof"])
    if "anyof" in condition:
        return any(matches(part, subject=subject, evaluated=evaluated) for part in condition["anyof"])
    if "not" in condition:
        return not matches(condition["not"], subject=subject, evaluated=evaluated)
    name = next((_BY_LOWER_NAME[key] for key in condition if key in _BY_LOWER_NAME), None)
    if name is None or not condition.keys() & {"field", "value", "count"}:
        raise ValueError(f"the lab does not know the policy condition {rule}")
    target = subject.evaluate(condition[name.lower()])
    if "count" in condition:
        values: list[Any] = [_count(condition["count"], subject=subject)]
    elif "field" in condition:
        values = subject.values(str(subject.evaluate(condition["field"])))
    else:
        values = [subject.evaluate(condition["value"])]
    result = all(_OPERATORS[name](value, target) for value in values)
    if evaluated is not None:
        evaluated.append(_evaluated(condition, subject=subject, values=values, target=target, name=name, result=result))
    return result


def _count(count: Body, *, subject: Subject) -> int:
    field = str(subject.evaluate(count["field"]))
    path = fields.path_of(field, resource_type=subject.resource_type) or ()
    elements = [element for element in subject.values(field) if element is not None]
    if "where" not in count:
        return len(elements)
    element_path = tuple(part.lower() for part in path)
    return sum(
        matches(count["where"], subject=dataclasses.replace(subject, element_path=element_path, element=element))
        for element in elements
    )


def _evaluated(condition: Body, *, subject: Subject, values: list[Any], target: Any, name: str, result: bool) -> Body:
    """Return an entry of `evaluatedExpressions`."""
    kind = next(kind for kind in ("field", "value", "count") if kind in condition)
    expression = subject.evaluate(condition["field"]) if kind == "field" else condition[kind]
    entry: Body = {"result": str(result), "expressionKind": kind.capitalize(), "expression": expression}
    if kind == "field":
        path = fields.path_of(str(expression), resource_type=subject.resource_type) or (str(expression),)
        entry["path"] = str(expression) if path[0] == "tags" else ".".join(path).replace(".[*]", "[*]")
    if len(values) == 1 and values[0] is not None:
        entry["expressionValue"] = values[0]
    return {**entry, "targetValue": target, "operator": name[0].upper() + name[1:]}
