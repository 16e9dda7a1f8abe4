"""Stored objects and their keys."""

import functools
from typing import NamedTuple, TypeAlias

from acrcmk_lab.kube.apimachinery import objects
from acrcmk_lab.kube.apimachinery.objects import Object

Collection: TypeAlias = tuple[str, str]
"""API group and plural name; all versions of a resource share one collection."""


class Key(NamedTuple):
    """The key of an object; `namespace` is empty for cluster-scoped objects, `name` for a whole collection."""

    collection: Collection
    namespace: str
    name: str


class Stored:
    """One version of one object, with its JSON encoded at most once.

    `defaulted_on_read` is whether the object has defaults that were not written: the next update is stored even if it
    changes nothing else.
    """

    def __init__(self, obj: Object, *, revision: int, defaulted_on_read: bool = False) -> None:
        self.obj = obj
        self.revision = revision
        self.defaulted_on_read = defaulted_on_read

    @functools.cached_property
    def encoded(self) -> bytes:
        """The object as JSON."""
        return objects.encode(self.obj)
