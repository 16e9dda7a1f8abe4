"""Sets of field paths, and their encoding as `FieldsV1`.

A path is a tuple of elements as FieldsV1 writes them: `f:name` for a field, `k:{"type":"Ready"}` for an item of a list
map, `v:"text"` for an item of a set. So the algebra of field sets is the algebra of Python's frozensets.
"""

import json
from collections.abc import Iterable
from typing import Any, TypeAlias

from acrcmk_lab.kube.apimachinery import field_errors
from acrcmk_lab.kube.apimachinery.objects import Object

Path: TypeAlias = tuple[str, ...]
FieldSet: TypeAlias = frozenset[Path]
EMPTY: FieldSet = frozenset()


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def field(name: str) -> str:
    return f"f:{name}"


def key(values: Object) -> str:
    return f"k:{_compact(values)}"


def value(item: Any) -> str:
    return f"v:{_compact(item)}"


def decode(fields: Object) -> FieldSet:
    """Decode FieldsV1: an empty object is a member of the set, and so is an object with the key `.`."""
    decoded: set[Path] = set()
    _decode(fields, (), decoded)
    return frozenset(decoded)


def _decode(fields: Object, path: Path, decoded: set[Path]) -> None:
    if path and (not fields or "." in fields):
        decoded.add(path)
    for element, children in fields.items():
        if element != ".":
            _decode(children, (*path, element), decoded)


def encode(paths: Iterable[Path]) -> Object:
    """Encode as FieldsV1."""
    root: Object = {}
    members = set(paths)
    for path in sorted(members):
        node = root
        for depth, element in enumerate(path, start=1):
            inner = node.setdefault(element, {})
            if depth < len(path) and path[:depth] in members:
                inner.setdefault(".", {})
            node = inner
    return root


def ordered(paths: Iterable[Path]) -> list[Path]:
    """Return the paths in the order of the real server: at every level the members first, then their children."""
    return sorted(paths, key=lambda path: [(depth < len(path), part) for depth, part in enumerate(path, start=1)])


def without(paths: FieldSet, roots: Iterable[str]) -> FieldSet:
    """Return the paths that are not in the top-level fields `roots`."""
    heads = {field(root) for root in roots}
    return frozenset(path for path in paths if path[0] not in heads)


def text(path: Path) -> str:
    """Return a path as messages about conflicts have it: `.status.conditions[type="Ready"].status`."""
    return "".join(_element_text(element) for element in path)


def _element_text(element: str) -> str:
    kind, content = element[0], element[2:]
    if kind == "k":
        parts = (f"{name}={_scalar_text(item)}" for name, item in json.loads(content).items())
        return f"[{','.join(parts)}]"
    if kind == "v":
        return f"[={_scalar_text(json.loads(content))}]"
    return f".{content}" if kind == "f" else f"[{content}]"


def _scalar_text(item: Any) -> str:
    return field_errors.quote(item) if isinstance(item, str) else _compact(item)
