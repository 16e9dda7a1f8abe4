"""The JSONPath of printer columns: fields, indexes, wildcards and filters as `[?(@.type=="Ready")]`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from acrcmk_lab.kube import objects

_TOKEN: Final = re.compile(
    r"""
      \.?\[\?\(\s*@(?P<filter>(?:\.[\w-]+)+)\s*(?:(?P<op>==|!=|>=|<=|>|<)\s*(?P<value>"[^"]*"|'[^']*'|[\w.-]+))?\s*\)\]
    | \.?\['(?P<quoted>(?:\\.|[^'\\])*)'\]
    | \.?\[(?P<index>-?\d+)\]
    | \.?\[(?P<all>\*)\]
    | \.(?P<name>(?:\\.|[^.\[\\])+)
    """,
    re.VERBOSE,
)


class PathError(ValueError):
    """The text is not a JSONPath that columns may use."""


@dataclass(frozen=True)
class _Filter:
    path: tuple[str, ...]
    operator: str | None
    value: Any

    def accepts(self, item: Any) -> bool:
        found = objects.dig(item, *self.path)
        if self.operator is None or found is None:
            return found is not None
        if self.operator in {"==", "!="}:
            return (str(found) == str(self.value)) is (self.operator == "==")
        try:
            left, right = float(found), float(self.value)
        except (TypeError, ValueError):
            return False
        return {"<": left < right, ">": left > right, "<=": left <= right, ">=": left >= right}[self.operator]


def parse(text: str) -> tuple[Any, ...]:
    """Parse a path into steps for `find`. Raises `PathError`."""
    steps: list[Any] = []
    position = 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if not found:
            raise PathError(f"unrecognized character in JSONPath at {text[position:]!r}")
        steps.append(_step(found))
        position = found.end()
    return tuple(steps)


def _step(found: re.Match[str]) -> Any:
    if found["filter"]:
        value = found["value"]
        return _Filter(tuple(found["filter"][1:].split(".")), found["op"], value.strip("\"'") if value else None)
    if found["index"]:
        return int(found["index"])
    if found["all"] or found["name"] == "*":
        return None
    return re.sub(r"\\(.)", r"\1", found["name"] or found["quoted"])


def find(value: Any, steps: tuple[Any, ...]) -> list[Any]:
    """Return all that the path leads to."""
    found = [value]
    for step in steps:
        found = [item for one in found for item in _follow(one, step)]
    return found


def _follow(value: Any, step: Any) -> Iterator[Any]:
    if isinstance(step, str):
        if isinstance(value, dict) and step in value:
            yield value[step]
    elif isinstance(step, int):
        if isinstance(value, list) and -len(value) <= step < len(value):
            yield value[step]
    else:
        children = value if isinstance(value, list) else list(value.values()) if isinstance(value, dict) else []
        yield from (child for child in children if step is None or step.accepts(child))
