"""Paths, comparison and merge of objects with a schema.

Follows sigs.k8s.io/structured-merge-diff/v6/typed; how a schema becomes types follows kube-openapi/pkg/schemaconv.
"""

import dataclasses
from collections.abc import Iterable
from typing import Any, Final, Literal, TypeAlias

from acrcmk_lab.kube.apimachinery import objects
from acrcmk_lab.kube.apimachinery.objects import Object
from acrcmk_lab.kube.apply import fieldset
from acrcmk_lab.kube.apply.fieldset import FieldSet, Path

Relation: TypeAlias = Literal["scalar", "atomic", "map", "set", "keyed"]
MISSING: Final = object()
_CONTAINERS: Final = frozenset({"map", "keyed", "set"})


class MergeError(Exception):
    """The value cannot be merged by its schema."""


@dataclasses.dataclass(frozen=True)
class Type:
    """How values of a schema are merged; `preserve` (unknown fields) is inherited from the schemas around it."""

    schema: Object | None
    preserve: bool = False

    def relation(self, value: Any) -> Relation:
        """Return how a value of this type is merged."""
        schema = self.schema or {}
        if isinstance(value, dict):
            return "atomic" if schema.get("x-kubernetes-map-type") == "atomic" else "map"
        if isinstance(value, list):
            kind = schema.get("x-kubernetes-list-type", "atomic")
            return {"map": "keyed", "set": "set"}.get(kind, "atomic")  # type: ignore[return-value]
        return "scalar"

    def child(self, name: str) -> "Type | None":
        """Return the type of a field; None where the schema has no such field."""
        schema = self.schema or {}
        properties, additional = schema.get("properties") or {}, schema.get("additionalProperties")
        preserve = self.preserve or bool(schema.get("x-kubernetes-preserve-unknown-fields"))
        if name in properties:
            return Type(properties[name], preserve)
        if isinstance(additional, dict):
            return Type(additional, preserve)
        if additional or (additional is None and (preserve or not properties)):
            return Type(None, preserve=True)
        return None

    def names(self, name: str) -> bool:
        """Return whether the schema lists the field by name."""
        return name in ((self.schema or {}).get("properties") or {})

    def items(self) -> "Type":
        return Type((self.schema or {}).get("items"), self.preserve)

    def element(self, item: Any) -> str:
        """Return the path element of an item of a set or a list map."""
        schema = self.schema or {}
        if schema.get("x-kubernetes-list-type") == "set":
            return fieldset.value(_scalar(item))
        names = schema.get("x-kubernetes-list-map-keys") or []
        if not isinstance(item, dict):
            elements = "a null element" if item is None else "non-map elements"
            raise MergeError(f"associative list with keys may not have {elements}")
        properties = (schema.get("items") or {}).get("properties") or {}
        keys = {
            name: item.get(name, (properties.get(name) or {}).get("default"))
            for name in names
            if name in item or "default" in (properties.get(name) or {})
        }
        if not keys:
            missing = " ".join(f'"{name}"' for name in names)
            raise MergeError(
                f"associative list with keys has an element that omits all key fields [{missing}] "
                "(and doesn't have default values for any key fields)"
            )
        return fieldset.key(keys)


def _scalar(item: Any) -> Any:
    """Return an item of a set. Raises `MergeError` where the value cannot be an item."""
    if item is None:
        raise MergeError("associative list without keys has an element that's an explicit null")
    if isinstance(item, dict):
        raise MergeError("associative list without keys has an element that's a map type")
    if isinstance(item, list):
        raise MergeError("not supported: associative list with lists as elements")
    return item


def paths(value: Any, kind: Type) -> FieldSet:
    """Return the set of the fields of `value`."""
    field_paths: set[Path] = set()
    _paths(value, kind, (), field_paths)
    field_paths.discard(())
    return frozenset(field_paths)


def _paths(value: Any, kind: Type, path: Path, field_paths: set[Path]) -> None:
    relation = kind.relation(value)
    if relation in {"scalar", "atomic"}:
        field_paths.add(path)
    elif relation == "map":
        for name, item in value.items():
            where = (*path, fieldset.field(name))
            _paths(item, kind.child(name) or Type(None), where, field_paths)
            if item is None or item == {} or not kind.names(name):
                field_paths.add(where)
    else:
        for item in value:
            where = (*path, kind.element(item))
            _paths(item, kind.items(), where, field_paths)
            field_paths.add(where)


@dataclasses.dataclass(frozen=True)
class Comparison:
    """The paths that differ between two objects."""

    removed: FieldSet
    modified: FieldSet
    added: FieldSet

    def without(self, roots: Iterable[str]) -> "Comparison":
        """Return the comparison without the top-level fields `roots`."""
        kept = tuple(roots)
        return Comparison(
            fieldset.without(self.removed, kept),
            fieldset.without(self.modified, kept),
            fieldset.without(self.added, kept),
        )


class _Differ:
    def __init__(self) -> None:
        self.removed: set[Path] = set()
        self.modified: set[Path] = set()
        self.added: set[Path] = set()

    def walk(self, left: Any, right: Any, kind: Type, path: Path) -> None:
        leaf = self._is_leaf(left, right, kind)
        if leaf and left is not MISSING and right is not MISSING:
            if not objects.equal(left, right):
                self.modified.add(path)
                self._walk_replaced(left, right, kind, path)
            return
        if not leaf:
            for element, before, after, inner in _pairs(left, right, kind):
                self.walk(before, after, inner, (*path, element))
        if left is MISSING:
            self.added.add(path)
        elif right is MISSING:
            self.removed.add(path)

    def _walk_replaced(self, left: Any, right: Any, kind: Type, path: Path) -> None:
        """Compare values of different kinds, a map and a list, say: all children are removed or added."""
        if kind.relation(left) == kind.relation(right):
            return
        for before, after in ((left, MISSING), (MISSING, right)):
            side = right if before is MISSING else left
            if kind.relation(side) in _CONTAINERS:
                for element, old, new, inner in _pairs(before, after, kind):
                    self.walk(old, new, inner, (*path, element))

    def _is_leaf(self, left: Any, right: Any, kind: Type) -> bool:
        relations = {kind.relation(side) for side in (left, right) if side is not MISSING and side is not None}
        return len(relations) != 1 or relations <= {"scalar", "atomic"} or not (_content(left) or _content(right))


def _content(value: Any) -> Any:
    return None if value is MISSING else value


def compare(left: Object, right: Object, kind: Type) -> Comparison:
    """Return what changed from `left` to `right`."""
    differ = _Differ()
    differ.walk(left, right, kind, ())
    root: FieldSet = frozenset({()})
    return Comparison(
        frozenset(differ.removed) - root, frozenset(differ.modified) - root, frozenset(differ.added) - root
    )


def _pairs(left: Any, right: Any, kind: Type) -> list[tuple[str, Any, Any, Type]]:
    """Return the children of two containers by path element; `MISSING` where one side has no such child."""
    if isinstance(left, dict) or isinstance(right, dict):
        sides = [side if isinstance(side, dict) else {} for side in (left, right)]
        names = list(dict.fromkeys([*sides[0], *sides[1]]))
        return [
            (
                fieldset.field(name),
                sides[0].get(name, MISSING),
                sides[1].get(name, MISSING),
                kind.child(name) or Type(None),
            )
            for name in names
        ]
    indexes = [index(side if isinstance(side, list) else [], kind) for side in (left, right)]
    elements = list(dict.fromkeys([*indexes[0], *indexes[1]]))
    inner = kind.items()
    return [
        (element, indexes[0].get(element, MISSING), indexes[1].get(element, MISSING), inner) for element in elements
    ]


def index(items: list[Any], kind: Type) -> dict[str, Any]:
    """Return the items of a set or a list map by path element; of items with the same key the first."""
    by_element: dict[str, Any] = {}
    for item in items:
        by_element.setdefault(kind.element(item), item)
    return by_element


def merge(live: Any, applied: Any, kind: Type) -> Any:
    """Return `live` with the values of `applied`; nothing is removed."""
    if applied is MISSING:
        return live
    if applied is None and live is not MISSING and kind.relation(live) in _CONTAINERS and live:
        return live
    if live is MISSING or live is None or applied is None:
        return applied
    relations = {kind.relation(live), kind.relation(applied)}
    if relations == {"map"}:
        return _merge_maps(live, applied, kind)
    if len(relations) == 1 and relations <= {"keyed", "set"}:
        return _merge_lists(live, applied, kind)
    return applied


def _merge_maps(live: Object, applied: Object, kind: Type) -> Object:
    names = dict.fromkeys([*live, *applied])
    return {
        name: merge(live.get(name, MISSING), applied.get(name, MISSING), kind.child(name) or Type(None))
        for name in names
    }


def _merge_lists(live: list[Any], applied: list[Any], kind: Type) -> list[Any]:
    left, right, inner = index(live, kind), index(applied, kind), kind.items()
    order = _merged_order(list(left), list(right))
    return [merge(left.get(element, MISSING), right.get(element, MISSING), inner) for element in order]


def _merged_order(left: list[str], right: list[str]) -> list[str]:
    """Return the order of a merged list: shared items as in `right`, the others of `left` beside their neighbours."""
    order: list[str] = []
    shared = [element for element in right if element in left]
    at = to = 0
    while at < len(left) or to < len(right):
        own = left[at] if at < len(left) else None
        other = right[to] if to < len(right) else None
        next_shared = next((element for element in shared if element not in order), None)
        if own is not None and own != other and (own in order or (own in right and other and own != next_shared)):
            at += 1  # already in `order`, or added later in its place in `right`
        elif own is not None and own not in right:
            order.append(own)
            at += 1
        elif other is not None:
            order.append(other)
            at += own == other
            to += 1
    return order


def remove(value: Any, removed: FieldSet, kind: Type) -> Any:
    """Return `value` without the items and fields at the paths in `removed`; None where nothing is left."""
    relation = kind.relation(value)
    if relation == "scalar":
        return value
    if relation == "atomic" or not value:
        return None
    if relation == "map":
        kept = {}
        for name, item in value.items():
            element = fieldset.field(name)
            if (element,) not in removed:
                kept[name] = _remove_below(item, removed, element, kind.child(name) or Type(None))
        return kept or None
    kept_items = []
    for item in value:
        element = kind.element(item)
        if (element,) not in removed:
            kept_items.append(_remove_below(item, removed, element, kind.items()))
    return kept_items or None


def _remove_below(item: Any, removed: FieldSet, element: str, kind: Type) -> Any:
    below = frozenset(path[1:] for path in removed if len(path) > 1 and path[0] == element)
    return remove(item, below, kind) if below else item


def with_named_parents(members: FieldSet, kind: Type) -> FieldSet:
    """Add the parents that the schema lists by name: removing all of a struct's fields removes the struct."""
    with_parents = set(members)
    for path in members:
        here: Type | None = kind
        for depth, element in enumerate(path[:-1], start=1):
            name = element[2:] if element.startswith("f:") else None
            if here is not None and name is not None and here.names(name):
                with_parents.add(path[:depth])
            here = (here.child(name) if name is not None else here.items()) if here else None
    return frozenset(with_parents)
