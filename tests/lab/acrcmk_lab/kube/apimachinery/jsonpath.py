"""The JSONPath of printer columns: fields, indexes, slices, wildcards, descent, filters as `[?(@.type=="Ready")]`."""

import dataclasses
import json
import operator
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from acrcmk_lab.kube.apimachinery import objects

_TOKEN: Final = re.compile(
    r"""
      \.?\[\?\(\s*@(?P<filter>(?:\.[\w-]+)+)\s*(?:(?P<op>==|!=|>=|<=|>|<)\s*(?P<value>"[^"]*"|'[^']*'|[\w.-]+))?\s*\)\]
    | \.?\['(?P<quoted>(?:\\.|[^'\\])*)'\]
    | \.?\[(?P<slice>-?\d*:-?\d*)\]
    | \.?\[(?P<indexes>-?\d+(?:,-?\d+)*)\]
    | \.?\[(?P<all>\*)\]
    | (?P<descent>\.)(?=\.)
    | \.(?P<name>(?:\\.|[^.\[\\{}])+|$)
    """,
    re.VERBOSE,
)


class PathError(ValueError):
    """The text is not a JSONPath that columns support."""


class _ComparisonError(Exception):
    """A filter compares values of different types; then the path has no results."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Filter:
    path: tuple[str, ...]
    operator: str | None
    value: Any

    def accepts(self, item: Any) -> bool:
        operand = objects.dig(item, *self.path)
        if self.operator is None or operand is None:
            return operand is not None
        if _type(operand) is not _type(self.value):
            raise _ComparisonError
        return _COMPARISONS[self.operator](operand, self.value)


_COMPARISONS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


def _type(value: Any) -> type:
    return float if type(value) is int else type(value)


class _Descent:
    """A value and all below it."""


def parse(text: str) -> tuple[Any, ...]:
    """Parse a path into steps for `find`. Raises `PathError`."""
    steps: list[Any] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if not match:
            raise PathError(f"unrecognized character in JSONPath at {text[position:]!r}")
        steps += _steps(match)
        position = match.end()
    return tuple(steps)


def _steps(match: re.Match[str]) -> list[Any]:
    if match["filter"]:
        return [
            _Filter(path=tuple(match["filter"][1:].split(".")), operator=match["op"], value=_literal(match["value"]))
        ]
    if match["slice"]:
        return [slice(*(int(end) if end else None for end in match["slice"].split(":")))]
    if match["indexes"]:
        return [[int(index) for index in match["indexes"].split(",")]]
    if match["descent"]:
        return [_Descent()]
    if match["all"] or match["name"] == "*":
        return [None]
    names = re.findall(r"(?:\\.|[^.\\])+", match["quoted"]) if match["quoted"] else [match["name"] or ""]
    return [re.sub(r"\\(.)", r"\1", name) for name in names]


def _literal(text: str | None) -> Any:
    if text is None or text[0] in "\"'":
        return text and text[1:-1]
    try:
        return json.loads(text)
    except ValueError:
        raise PathError(f"unreadable value in JSONPath: {text}") from None


def find(value: Any, steps: tuple[Any, ...]) -> list[Any]:
    """Return all values at the path."""
    values = [value]
    for step in steps:
        try:
            values = [item for parent in values for item in _follow(parent, step)]
        except _ComparisonError:
            return []
    return values


def _follow(value: Any, step: Any) -> Iterator[Any]:
    if isinstance(step, str):
        if isinstance(value, dict) and step in value:
            yield value[step]
    elif isinstance(step, list):
        items = value if isinstance(value, list) else []
        yield from (items[index] for index in step if -len(items) <= index < len(items))
    elif isinstance(step, slice):
        yield from value[step] if isinstance(value, list) else ()
    elif isinstance(step, _Descent):
        yield from _below(value)
    else:
        yield from (child for child in _children(value) if step is None or step.accepts(child))


def _children(value: Any) -> list[Any]:
    return value if isinstance(value, list) else list(value.values()) if isinstance(value, dict) else []


def _below(value: Any) -> Iterator[Any]:
    yield value
    for child in _children(value):
        yield from _below(child)
