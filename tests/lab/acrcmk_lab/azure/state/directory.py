"""The lab's Microsoft Entra directory: service principals and users."""

import dataclasses
from collections.abc import Iterator


@dataclasses.dataclass(frozen=True, slots=True)
class Author:
    """The author of a change, as in `systemData`: a user's name, an application's client id."""

    name: str = ""
    _: dataclasses.KW_ONLY
    kind: str = "Application"


@dataclasses.dataclass(kw_only=True)
class Principal:
    """A principal; `visible_at` is when role assignments can refer to it.

    `resource_id` is that of the managed identity behind it, "" for an application of its own;
    `reads_directory` says whether it may read Microsoft Graph, `trusted_service` whether vault firewalls
    treat it as a trusted Microsoft service; `removed_at` is when it was deleted.
    """

    object_id: str
    client_id: str
    kind: str = "ServicePrincipal"
    name: str = ""
    visible_at: float = 0.0
    resource_id: str = ""
    reads_directory: bool = False
    trusted_service: bool = False
    removed_at: float | None = None

    @property
    def author(self) -> Author:
        """The principal as an author."""
        return Author(self.name, kind="User") if self.kind == "User" else Author(self.client_id)


class Directory:
    """All principals of one tenant."""

    def __init__(self) -> None:
        self._by_object: dict[str, Principal] = {}
        self._by_client: dict[str, Principal] = {}
        self._removed: dict[str, Principal] = {}

    def __iter__(self) -> Iterator[Principal]:
        return iter(self._by_object.values())

    def add(self, principal: Principal) -> Principal:
        """Add a principal."""
        self._by_object[principal.object_id.lower()] = principal
        self._by_client[principal.client_id.lower()] = principal
        return principal

    def remove(self, object_id: str, *, now: float) -> None:
        """Delete a principal; its grants stay."""
        principal = self._by_object.pop(object_id.lower(), None)
        if principal:
            self._by_client.pop(principal.client_id.lower(), None)
            principal.removed_at = now
            self._removed[object_id.lower()] = principal

    def removed(self, object_id: str) -> Principal | None:
        return self._removed.get(object_id.lower())

    def by_object(self, object_id: str) -> Principal | None:
        return self._by_object.get(object_id.lower())

    def by_client(self, client_id: str) -> Principal | None:
        return self._by_client.get(client_id.lower())
