"""What the API serves: one `Resource` per group, version and plural name."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from acrcmk_lab.kube import errors, objects, strategy
from acrcmk_lab.kube.objects import Object
from acrcmk_lab.kube.store import Collection
from acrcmk_lab.kube.table import Column

ALL_VERBS: Final = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
STATUS_VERBS: Final = ("get", "patch", "update")


@dataclass(frozen=True)
class Resource:
    """One served resource. `schema` is structural; `rules` are its compiled validations."""

    group: str
    version: str
    plural: str
    singular: str
    kind: str
    list_kind: str
    namespaced: bool
    schema: Object
    strategy: "strategy.Strategy"
    columns: tuple[Column, ...]
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    status: bool = False
    custom: bool = False
    selectable: tuple[str, ...] = ()
    collection: Collection = field(default=("", ""))

    def __post_init__(self) -> None:
        if self.collection == ("", ""):
            object.__setattr__(self, "collection", (self.group, self.plural))

    @property
    def api_version(self) -> str:
        return objects.group_version(self.group, self.version)

    @property
    def selectable_fields(self) -> tuple[str, ...]:
        """What field selectors may ask for: `selectable` beside what all objects have."""
        return ("metadata.name", *(("metadata.namespace",) if self.namespaced else ()), *self.selectable)

    def missing(self, name: str) -> errors.StatusError:
        return errors.not_found(self.group, self.plural, name)


class Catalogue:
    """All served resources, by group and version, in the order in which they came."""

    def __init__(self) -> None:
        self._resources: dict[tuple[str, str, str], Resource] = {}

    def __iter__(self) -> Iterator[Resource]:
        return iter(list(self._resources.values()))

    def add(self, resource: Resource) -> None:
        self._resources[resource.group, resource.version, resource.plural] = resource

    def discard(self, group: str, plural: str) -> None:
        """Stop serving all versions of a resource."""
        for key in [key for key in self._resources if (key[0], key[2]) == (group, plural)]:
            del self._resources[key]

    def find(self, group: str, version: str, plural: str) -> Resource | None:
        return self._resources.get((group, version, plural))

    def groups(self) -> list[str]:
        """Return the names of the groups, the core group ("") among them."""
        return list(dict.fromkeys(resource.group for resource in self))

    def versions(self, group: str) -> list[str]:
        return list(dict.fromkeys(resource.version for resource in self if resource.group == group))

    def within(self, group: str, version: str) -> list[Resource]:
        """Return the resources of one group version, ordered by plural name."""
        found = [one for one in self if (one.group, one.version) == (group, version)]
        return sorted(found, key=lambda resource: resource.plural)

    def hub(self, resource: Resource) -> Resource:
        """Return the resource in whose form the objects of `resource` are stored."""
        return resource if resource.custom else self.of_collection(resource.collection) or resource

    def of_collection(self, collection: Collection) -> Resource | None:
        """Return a resource that serves a collection."""
        return next((one for one in self if one.collection == collection), None)
