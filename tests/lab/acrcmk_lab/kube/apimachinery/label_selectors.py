"""Label selectors, parsed as k8s.io/apimachinery/pkg/labels/selector.go parses them, with its messages."""

import re
from collections.abc import Callable
from typing import Final, TypeAlias

from acrcmk_lab.kube.apimachinery import errors, field_errors, names

Requirement: TypeAlias = Callable[[dict[str, str]], bool]

_TOKEN: Final = re.compile(r"\s*(==|!=|[=!,()><]|[^\s=!,()><]+|$)")
_END: Final = ""
_SPECIAL: Final = frozenset({"==", "!=", "=", "!", ",", "(", ")", ">", "<", _END})
_OPERATORS: Final = "in, notin, =, ==, !=, gt, lt"
_NOT_AN_INTEGER: Final = ["for 'Gt', 'Lt' operators, the value must be an integer"]
_INTEGER_LIMIT: Final = 2**63


class _SelectorError(ValueError):
    """A malformed selector."""


def parse(text: str) -> list[Requirement]:
    """Return the requirements of a selector; all must hold. Raises `StatusError` (400) where it is malformed."""
    try:
        return _Parser(text).selector()
    except _SelectorError as error:
        raise errors.bad_request(str(error)) from None


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = _TOKEN.findall(text)
        self._at = 0

    def _peek(self) -> str:
        token: str = self._tokens[self._at]
        return token

    def _next(self) -> str:
        token = self._peek()
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def selector(self) -> list[Requirement]:
        requirements: list[Requirement] = []
        while (token := self._peek()) != _END:
            if token in _SPECIAL - {"!"}:
                raise _SelectorError(f"found '{token}', expected: !, identifier, or 'end of string'")
            try:
                requirements.append(self._requirement())
            except _SelectorError as error:
                raise _SelectorError(f"unable to parse requirement: {error}") from None
            after = self._next()
            if after not in {",", _END}:
                raise _SelectorError(f"found '{after}', expected: ',' or 'end of string'")
            if after == "," and self._peek() in _SPECIAL - {"!"}:
                raise _SelectorError(f"found '{self._peek()}', expected: identifier after ','")
        return requirements

    def _requirement(self) -> Requirement:
        absent = self._peek() == "!"
        if absent:
            self._next()
        name = self._identifier()
        problems = [problem.replace("a qualified name", "a valid label key") for problem in names.qualified(name)]
        _raise_if_any(_error_text("<nil>", name, problems))
        if absent:
            return lambda labels: name not in labels
        if self._peek() in {",", _END}:
            return lambda labels: name in labels
        operator = self._next()
        if operator not in {"in", "notin", "=", "==", "!=", ">", "<"}:
            raise _SelectorError(f"found '{operator}', expected: {_OPERATORS}")
        values = self._set() if operator in {"in", "notin"} else {self._value()}
        messages = []
        if operator in {">", "<"}:
            messages = [_error_text("values[0]", value, _NOT_AN_INTEGER) for value in values if _integer(value) is None]
        for index, value in enumerate(sorted(values)):
            messages.append(_error_text(f"values[{index}][{name}]", value, names.label_value(value)))
        _raise_if_any(*messages)
        if operator in {">", "<"}:
            return _comparison(name, values.pop(), greater=operator == ">")
        expected = operator in {"in", "=", "=="}
        return lambda labels: (labels.get(name) in values) is expected

    def _identifier(self) -> str:
        token = self._next()
        if token in _SPECIAL:
            raise _SelectorError(f"found '{token}', expected: identifier")
        return token

    def _value(self) -> str:
        return "" if self._peek() in {",", _END} else self._identifier()

    def _set(self) -> set[str]:
        """Read `(a,b)`; a missing value is the empty string."""
        if (token := self._next()) != "(":
            raise _SelectorError(f"found '{token}' expected: '('")
        if self._peek() in _SPECIAL - {",", ")"}:
            raise _SelectorError(f"found '{self._peek()}', expected: ',', ')' or identifier")
        values: set[str] = set()
        while True:
            values.add("" if self._peek() in {",", ")"} else self._identifier())
            after = self._next()
            if after == ")":
                return values
            if after != ",":
                raise _SelectorError(f"found '{after}', expected: ',' or ')'")
            if self._peek() in _SPECIAL - {",", ")"}:
                raise _SelectorError(f"found '{self._peek()}', expected: ',', or identifier")


def _error_text(where: str, value: str, problems: list[str]) -> str:
    return f"{where}: Invalid value: {field_errors.quote(value)}: {'; '.join(problems)}" if problems else ""


def _raise_if_any(*messages: str) -> None:
    texts = [text for text in messages if text]
    if texts:
        raise _SelectorError(texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]")


def _comparison(name: str, limit: str, *, greater: bool) -> Requirement:
    def matches(labels: dict[str, str]) -> bool:
        own = _integer(labels.get(name, ""))
        return own is not None and (own > int(limit) if greater else own < int(limit))

    return matches


def _integer(text: str) -> int | None:
    if not re.fullmatch(r"[+-]?[0-9]+", text):
        return None
    number = int(text)
    return number if -_INTEGER_LIMIT <= number < _INTEGER_LIMIT else None
