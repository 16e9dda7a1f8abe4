"""Azure Policy's template expressions, `[concat('tags[', parameters('tagName'), ']')]`, as definitions use them."""

import contextlib
import datetime
import re
from collections.abc import Callable, Mapping
from typing import Any

_TOKEN = re.compile(r"\s*(?:'((?:[^']|'')*)'|(-?\d+)|([A-Za-z_]\w*)|([()\[\],.]))")
Functions = Mapping[str, Callable[..., Any]]


def is_expression(value: Any) -> bool:
    """Tell whether a value of a rule is an expression: `[...]`, but not `[[...`."""
    return isinstance(value, str) and value.startswith("[") and value.endswith("]") and not value.startswith("[[")


def evaluate(value: Any, *, functions: Functions) -> Any:
    """Return a value with all expressions in it evaluated; ValueError for one that cannot be read."""
    if is_expression(value):
        return _Parser(value[1:-1], functions={**_FUNCTIONS, **functions}).result()
    if isinstance(value, list):
        return [evaluate(item, functions=functions) for item in value]
    if isinstance(value, str) and value.startswith("[["):
        return value[1:]
    return value


class _Parser:
    """A recursive-descent parser that evaluates as it reads."""

    def __init__(self, text: str, *, functions: Functions) -> None:
        self._text = text
        self._functions = {name.lower(): function for name, function in functions.items()}
        self._tokens = self._tokenize(text)

    def result(self) -> Any:
        """Return the value of the whole expression."""
        value = self._value()
        if self._tokens:
            raise ValueError(f"cannot read the policy expression [{self._text}]")
        return value

    def _tokenize(self, text: str) -> list[tuple[str, Any]]:
        tokens: list[tuple[str, Any]] = []
        position = 0
        while position < len(text.rstrip()):
            match = _TOKEN.match(text, position)
            if match is None:
                raise ValueError(f"cannot read the policy expression [{text}]")
            string, number, name, sign = match.groups()
            if string is not None:
                tokens.append(("value", string.replace("''", "'")))
            elif number is not None:
                tokens.append(("value", int(number)))
            else:
                tokens.append(("name", name) if name else ("sign", sign))
            position = match.end()
        return tokens

    def _value(self) -> Any:
        kind, text = self._next()
        if kind == "value":
            value: Any = text
        elif kind == "name" and self._accept("("):
            value = self._call(text)
        else:
            raise ValueError(f"cannot read the policy expression [{self._text}]")
        while True:
            if self._accept("."):
                value = member(value, self._next()[1])
            elif self._accept("["):
                value = member(value, self._value())
                self._expect("]")
            else:
                return value

    def _call(self, name: str) -> Any:
        arguments = []
        while not self._accept(")"):
            arguments.append(self._value())
            self._accept(",")
        function = self._functions.get(name.lower())
        if function is None:
            raise ValueError(f"the lab does not know the policy function {name}()")
        return function(*arguments)

    def _next(self) -> tuple[str, Any]:
        if not self._tokens:
            raise ValueError(f"cannot read the policy expression [{self._text}]")
        return self._tokens.pop(0)

    def _accept(self, sign: str) -> bool:
        if self._tokens and self._tokens[0] == ("sign", sign):
            self._tokens.pop(0)
            return True
        return False

    def _expect(self, sign: str) -> None:
        if not self._accept(sign):
            raise ValueError(f"cannot read the policy expression [{self._text}]")


def member(value: Any, name: Any) -> Any:
    """Return a member of an object, its name compared without case, or an element of a list; None without it."""
    if isinstance(value, dict):
        return next((item for key, item in value.items() if key.lower() == str(name).lower()), None)
    if isinstance(value, list) and isinstance(name, int) and -len(value) <= name < len(value):
        return value[name]
    return None


def text_of(value: Any) -> str:
    """Return a value as it is compared: lower case, true and false, "" for null."""
    if value is None:
        return ""
    return str(value).lower()


def order(left: Any, right: Any) -> int:
    """Compare numbers by value and all else as text; negative, zero or positive."""
    pair: tuple[Any, Any] = text_of(left), text_of(right)
    with contextlib.suppress(ValueError):
        pair = float(pair[0]), float(pair[1])
    return int(pair[0] > pair[1]) - int(pair[0] < pair[1])


def contains(container: Any, item: Any) -> bool:
    """Tell whether a list has an element, an object a key, or a text a part, without case."""
    if isinstance(container, (list, dict)):
        return text_of(item) in {text_of(element) for element in container}
    return text_of(item) in text_of(container)


def _add_days(moment: str, days: int) -> str:
    parsed = datetime.datetime.fromisoformat(moment)
    return f"{parsed + datetime.timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"


_FUNCTIONS: Functions = {
    "concat": lambda *parts: "".join("" if part is None else str(part) for part in parts),
    "equals": lambda left, right: text_of(left) == text_of(right),
    "not": lambda value: not value,
    "and": lambda *values: all(values),
    "or": lambda *values: any(values),
    "if": lambda condition, yes, no: yes if condition else no,
    "true": lambda: True,
    "false": lambda: False,
    "null": lambda: None,
    "contains": contains,
    "empty": lambda value: not value,
    "length": lambda value: len(value or ()),
    "first": lambda value: value[0] if value else None,
    "last": lambda value: value[-1] if value else None,
    "toLower": lambda value: str(value).lower(),
    "toUpper": lambda value: str(value).upper(),
    "string": lambda value: "" if value is None else str(value),
    "int": int,
    "split": lambda value, separator: str(value).split(separator),
    "replace": lambda value, old, new: str(value).replace(old, new),
    "createArray": lambda *values: list(values),
    "less": lambda left, right: order(left, right) < 0,
    "lessOrEquals": lambda left, right: order(left, right) <= 0,
    "greater": lambda left, right: order(left, right) > 0,
    "greaterOrEquals": lambda left, right: order(left, right) >= 0,
    "addDays": _add_days,
}
