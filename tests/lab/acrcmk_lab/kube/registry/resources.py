"""What the API serves: one `Resource` per group, version and plural name."""

import dataclasses
from collections.abc import Iterator
from typing import Final

from acrcmk_lab.kube.apimachinery import errors, objects
from acrcmk_lab.kube.apimachinery.objects import Object
from acrcmk_lab.kube.registry.printer_columns import Column
from acrcmk_lab.kube.registry.strategy import Strategy
from acrcmk_lab.kube.storage.stored import Collection

ALL_VERBS: Final = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
STATUS_VERBS: Final = ("get", "patch", "update")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Resource:
    """One served resource. `schema` is structural; `selectable` are the paths that field selectors can use."""

    group: str
    version: str
    plural: str
    singular: str
    kind: str
    list_kind: str
    namespaced: bool
    schema: Object
    strategy: Strategy
    columns: tuple[Column, ...]
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    status: bool = False
    custom: bool = False
    selectable: tuple[str, ...] = ()
    collection: Collection = dataclasses.field(default=("", ""))

    def __post_init__(self) -> None:
        if self.collection == ("", ""):
            object.__setattr__(self, "collection", (self.group, self.plural))

    @property
    def api_version(self) -> str:
        return objects.group_version(self.group, self.version)

    @property
    def selectable_fields(self) -> tuple[str, ...]:
        """All paths that field selectors can use: `selectable`, and those of every object."""
        return ("metadata.name", *(("metadata.namespace",) if self.namespaced else ()), *self.selectable)

    def not_found(self, name: str) -> errors.StatusError:
        return errors.not_found(self.group, self.plural, name)


class ServedResources:
    """All served resources, by group and version, in the order in which they were added."""

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

    def of_version(self, group: str, version: str) -> list[Resource]:
        """Return the resources of one group version, ordered by plural name."""
        resources = [resource for resource in self if (resource.group, resource.version) == (group, version)]
        return sorted(resources, key=lambda resource: resource.plural)

    def storage_version(self, resource: Resource) -> Resource:
        """Return the resource in whose version the objects of `resource` are stored."""
        return resource if resource.custom else self.of_collection(resource.collection) or resource

    def of_collection(self, collection: Collection) -> Resource | None:
        """Return a resource that serves a collection."""
        return next((resource for resource in self if resource.collection == collection), None)
