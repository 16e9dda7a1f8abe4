"""Subscriptions, resource groups and resources; ids are compared without case."""

import dataclasses
from collections.abc import Callable, Collection, Iterator
from typing import Any, ClassVar, TypeVar, cast

from acrcmk_lab.azure.state.directory import Author


@dataclasses.dataclass(kw_only=True)
class Resource:
    """The members of every resource; times are simulated seconds."""

    TYPE: ClassVar[str] = ""
    # Whether generic resource lists contain it: they have neither children nor extensions.
    TRACKED: ClassVar[bool] = True
    # Whether they show its systemData: recorded for registries, not for vaults.
    LISTED_AUTHORS: ClassVar[bool] = False

    id: str
    name: str
    location: str
    tags: dict[str, str] = dataclasses.field(default_factory=dict)
    created: float = 0.0
    modified: float = 0.0
    created_by: Author = dataclasses.field(default_factory=Author)
    modified_by: Author = dataclasses.field(default_factory=Author)

    @property
    def key(self) -> str:
        """The id as it is compared."""
        return self.id.lower()

    def system_data(self, format_time: Callable[[float], str]) -> dict[str, str]:
        """Return `systemData`; `format_time` formats a simulated time as the provider does."""
        return {
            "createdBy": self.created_by.name,
            "createdByType": self.created_by.kind,
            "createdAt": format_time(self.created),
            "lastModifiedBy": self.modified_by.name,
            "lastModifiedByType": self.modified_by.kind,
            "lastModifiedAt": format_time(self.modified),
        }

    def identities(self) -> Collection[str]:
        """Return the ids, lower case, of the user-assigned identities that the resource holds."""
        return ()

    def listed(self) -> dict[str, Any]:
        """Return what the generic resource list shows, beyond id, name, type, location and tags."""
        return {}


@dataclasses.dataclass(kw_only=True)
class Group:
    """A resource group; `tags` are None until a request has any, `managed_by` is the id of another resource."""

    id: str
    name: str
    location: str
    tags: dict[str, str] | None = None
    managed_by: str | None = None
    state: str = "Succeeded"


R = TypeVar("R", bound=Resource)


class Store:
    """One table per resource class, so that a list of one type does not scan the others."""

    def __init__(self) -> None:
        self.subscriptions: dict[str, str] = {}
        self.subscription_states: dict[str, str] = {}
        self.groups: dict[str, Group] = {}
        self.unregistered: dict[tuple[str, str], str] = {}
        self._tables: dict[type[Resource], dict[str, Resource]] = {}
        self._names: dict[tuple[type[Resource], str], Resource] = {}

    def add_group(self, subscription: str, *, name: str, location: str) -> Group:
        """Create a resource group, and its subscription where that is new; `location` in its short form."""
        self.subscriptions.setdefault(subscription.lower(), subscription)
        group = Group(
            id=f"/subscriptions/{subscription}/resourceGroups/{name}",
            name=name,
            location=location,
        )
        self.groups[group.id.lower()] = group
        return group

    def group(self, subscription: str, name: str) -> Group | None:
        return self.groups.get(f"/subscriptions/{subscription}/resourcegroups/{name}".lower())

    def table(self, kind: type[R]) -> dict[str, R]:
        """Return the live table of one class: lower-case id to resource."""
        return cast("dict[str, R]", self._tables.setdefault(kind, {}))

    def get(self, kind: type[R], resource_id: str) -> R | None:
        return self.table(kind).get(resource_id.lower())

    def put(self, resource: Resource) -> None:
        self._tables.setdefault(type(resource), {})[resource.key] = resource
        self._names[type(resource), resource.name.lower()] = resource

    def remove(self, resource: Resource) -> None:
        self._tables.get(type(resource), {}).pop(resource.key, None)
        if self._names.get((type(resource), resource.name.lower())) is resource:
            del self._names[type(resource), resource.name.lower()]

    def by_name(self, kind: type[R], name: str) -> R | None:
        """Find a resource whose name is unique in all of Azure (vaults, registries)."""
        return cast("R | None", self._names.get((kind, name.lower())))

    def under(self, scope: str, *, kind: type[R]) -> list[R]:
        """Return the resources of a class at or under a scope, in the order of their creation."""
        prefix = scope.lower().rstrip("/") + "/"
        return [r for key, r in self.table(kind).items() if key.startswith(prefix)]

    def find(self, resource_id: str) -> Resource | None:
        """Find a resource of any class."""
        key = resource_id.lower()
        return next((table[key] for table in self._tables.values() if key in table), None)

    def all(self) -> Iterator[Resource]:
        """Yield every resource of every class."""
        for table in self._tables.values():
            yield from table.values()
