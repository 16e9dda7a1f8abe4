"""Label and field selectors of lists, watches and collection deletes."""

import re
from collections.abc import Callable
from typing import Final, TypeAlias

from acrcmk_lab.kube.apimachinery import errors, label_selectors, objects
from acrcmk_lab.kube.apimachinery.objects import Object

Selector: TypeAlias = Callable[[Object], bool]
_TERM: Final = re.compile(r"(?:\\.|[^,\\]|\\$)+", re.DOTALL)
_OPERATOR: Final = re.compile(r"(.*?)(!=|==|=)(.*)", re.DOTALL)
_VALUE_PART: Final = re.compile(r"\\(.?)|([=,])|([^\\=,]+)", re.DOTALL)


def labels(text: str) -> Selector:
    """Parse a label selector; the empty one selects everything. Raises `StatusError` (400) where it is malformed."""
    requirements = label_selectors.parse(text)

    def selects(obj: Object) -> bool:
        own = objects.dig(obj, "metadata", "labels") or {}
        return all(requirement(own) for requirement in requirements)

    return selects


def fields(text: str, *, selectable: tuple[str, ...]) -> Selector:
    """Parse a field selector over the paths in `selectable`. Raises `StatusError` (400) for any other path."""
    requirements: list[tuple[tuple[str, ...], bool, str]] = []
    for term in sorted(_TERM.findall(text)):
        match = _OPERATOR.fullmatch(term)
        if not match:
            raise errors.bad_request(f"invalid selector: '{text}'; can't understand '{term}'")
        path, operator, value = match.groups()
        value = _unescaped(value)
        if path not in selectable:
            raise errors.bad_request(f"field label not supported: {path}")
        requirements.append((tuple(path.split(".")), operator != "!=", value))

    def selects(obj: Object) -> bool:
        return all((_text(obj, path) == value) is equal for path, equal, value in requirements)

    return selects


def _unescaped(value: str) -> str:
    """Resolve the backslashes that must stand before `=`, `,` and themselves."""
    parts = []
    for escaped, unescaped, literal in _VALUE_PART.findall(value):
        if unescaped:
            raise errors.bad_request(f"invalid field selector: unescaped character in value: {ord(unescaped)}")
        if not literal and escaped not in {"\\", "=", ","}:
            raise errors.bad_request(f"invalid field selector: invalid escape sequence: \\{escaped}")
        parts.append(literal or escaped)
    return "".join(parts)


def _text(obj: Object, path: tuple[str, ...]) -> str:
    value = objects.dig(obj, *path)
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
