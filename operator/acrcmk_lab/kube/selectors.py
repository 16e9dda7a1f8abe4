"""Label and field selectors of lists, watches and collection deletes."""

import re
from collections.abc import Callable
from typing import Final, TypeAlias

from acrcmk_lab.kube import errors, objects
from acrcmk_lab.kube.objects import Object

Selector: TypeAlias = Callable[[Object], bool]
_REQUIREMENT: Final = re.compile(
    r"""\s*(?:
        (?P<absent>!)\s*(?P<name1>[\w./-]+)
      | (?P<name2>[\w./-]+)\s+(?P<set>in|notin)\s*\((?P<values>[^)]*)\)
      | (?P<name3>[\w./-]+)\s*(?P<op>==|!=|=|>|<)\s*(?P<value>[\w.-]*)
      | (?P<name4>[\w./-]+)
    )\s*(?:,|$)""",
    re.VERBOSE,
)


def labels(text: str) -> Selector:
    """Parse a label selector; the empty one selects everything. Raises `StatusError` (400) where it is malformed."""
    requirements: list[Callable[[dict[str, str]], bool]] = []
    position = 0
    while position < len(text):
        found = _REQUIREMENT.match(text, position)
        if not found or found.end() == position:
            raise errors.bad_request(f"unable to parse requirement: found '{text[position:]}', expected: a selector")
        requirements.append(_requirement(found))
        position = found.end()

    def selects(obj: Object) -> bool:
        own = objects.dig(obj, "metadata", "labels") or {}
        return all(requirement(own) for requirement in requirements)

    return selects


_OPERATORS: Final[dict[str, Callable[[str | None, str], bool]]] = {
    "=": lambda own, value: own == value,
    "==": lambda own, value: own == value,
    "!=": lambda own, value: own != value,
    ">": lambda own, value: _number(own) > int(value),
    "<": lambda own, value: _number(own) < int(value),
}


def _requirement(found: re.Match[str]) -> Callable[[dict[str, str]], bool]:
    name = next(found[group] for group in ("name1", "name2", "name3", "name4") if found[group])
    if found["set"]:
        values, wanted = {value.strip() for value in found["values"].split(",")}, found["set"] == "in"
        return lambda own: (own.get(name) in values) is wanted
    if found["op"]:
        operator, value = _OPERATORS[found["op"]], found["value"]
        return lambda own: operator(own.get(name), value)
    present = not found["absent"]
    return lambda own: (name in own) is present


def _number(text: str | None) -> float:
    """Read a label as a number; what is none compares as neither greater nor less."""
    return int(text) if text and text.lstrip("-").isdigit() else float("nan")


def fields(text: str, *, selectable: tuple[str, ...]) -> Selector:
    """Parse a field selector over the paths in `selectable`. Raises `StatusError` (400) for any other path."""
    requirements: list[tuple[tuple[str, ...], bool, str]] = []
    for part in filter(None, text.split(",")):
        found = re.fullmatch(r"\s*([^=!]+?)\s*(==|!=|=)(.*)", part)
        if not found:
            raise errors.bad_request(f"invalid selector: '{text}'; can't understand '{part}'")
        path, operator, value = found.groups()
        if path not in selectable:
            raise errors.bad_request(f"field label not supported: {path}")
        requirements.append((tuple(path.split(".")), operator != "!=", value))

    def selects(obj: Object) -> bool:
        return all((_text(obj, path) == value) is wanted for path, wanted, value in requirements)

    return selects


def _text(obj: Object, path: tuple[str, ...]) -> str:
    value = objects.dig(obj, *path)
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
