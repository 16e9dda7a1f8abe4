"""The JSONPath of printer columns: fields, indexes, slices, wildcards, descent, filters as `[?(@.type=="Ready")]`."""

import json
import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
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
    """The text is not a JSONPath that columns may use."""


class _ComparisonError(Exception):
    """A filter compares values of different types; then the whole path leads nowhere."""


@dataclass(frozen=True)
class _Filter:
    path: tuple[str, ...]
    operator: str | None
    value: Any

    def accepts(self, item: Any) -> bool:
        found = objects.dig(item, *self.path)
        if self.operator is None or found is None:
            return found is not None
        if _type(found) is not _type(self.value):
            raise _ComparisonError
        return _COMPARISONS[self.operator](found, self.value)


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
        found = _TOKEN.match(text, position)
        if not found:
            raise PathError(f"unrecognized character in JSONPath at {text[position:]!r}")
        steps += _steps(found)
        position = found.end()
    return tuple(steps)


def _steps(found: re.Match[str]) -> list[Any]:
    if found["filter"]:
        return [_Filter(tuple(found["filter"][1:].split(".")), found["op"], _literal(found["value"]))]
    if found["slice"]:
        return [slice(*(int(end) if end else None for end in found["slice"].split(":")))]
    if found["indexes"]:
        return [[int(index) for index in found["indexes"].split(",")]]
    if found["descent"]:
        return [_Descent()]
    if found["all"] or found["name"] == "*":
        return [None]
    names = re.findall(r"(?:\\.|[^.\\])+", found["quoted"]) if found["quoted"] else [found["name"] or ""]
    return [re.sub(r"\\(.)", r"\1", name) for name in names]


def _literal(text: str | None) -> Any:
    if text is None or text[0] in "\"'":
        return text and text[1:-1]
    try:
        return json.loads(text)
    except ValueError:
        raise PathError(f"unreadable value in JSONPath: {text}") from None


def find(value: Any, steps: tuple[Any, ...]) -> list[Any]:
    """Return all that the path leads to."""
    found = [value]
    for step in steps:
        try:
            found = [item for one in found for item in _follow(one, step)]
        except _ComparisonError:
            return []
    return found


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
