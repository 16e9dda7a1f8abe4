"""Soft delete of a vault's objects: deleting, deleted, recovering, purged, the same for keys, secrets and certificates.

A deleted object is being deleted for `key_delete`, then deleted until it is recovered or purged, or
until the vault's retention ends.
"""

import dataclasses
from collections.abc import Callable
from typing import Generic, TypeVar

from acrcmk_lab.azure.arm import errors
from acrcmk_lab.azure.state.state import State

DAY = 86400


@dataclasses.dataclass(kw_only=True)
class Item:
    """An object with soft delete.

    Deleted at `deleted_at` (simulated seconds), it is listed as deleted from `settled_at`.
    """

    name: str
    deleted_at: float | None = None
    settled_at: float = 0.0
    recovering: bool = False


I = TypeVar("I", bound=Item)  # noqa: E741 - an item


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Collection(Generic[I]):
    """A vault's objects of one kind, by lower-case name; `days` is the retention of deleted objects.

    `purged` are the simulated times at which the names of purged objects are free again, by noun and name.
    """

    noun: str
    live: dict[str, I]
    deleted: dict[str, I]
    days: int
    purged: dict[tuple[str, str], float]


class SoftDelete:
    """Soft delete of the objects of all vaults."""

    def __init__(self, state: State) -> None:
        self._state = state

    def check_free(self, collection: Collection[I], *, name: str) -> None:
        """Check a name; AzureError if a deleted object still uses it."""
        deleted = collection.deleted.get(name.lower())
        if deleted and deleted.settled_at > self._state.clock.now():
            raise errors.error("KVD_BEING_DELETED", Type=collection.noun, name=name)
        if deleted:
            raise errors.error("KVD_DELETED_CONFLICT", Type=collection.noun, kind=collection.noun.lower(), name=name)

    def delete(self, collection: Collection[I], item: I) -> None:
        """Delete an object: absent at once, listed as deleted after `key_delete`."""
        del collection.live[item.name.lower()]
        now = self._state.clock.now()
        item.deleted_at = now
        item.settled_at = now + self._state.draw(self._state.settings.key_delete)
        collection.deleted[item.name.lower()] = item

        def expire() -> None:
            if item.deleted_at == now:
                self.purge(collection, item)

        self._state.clock.call_at(now + collection.days * DAY, callback=expire)

    def recover(self, collection: Collection[I], item: I, *, then: Callable[[], None] = lambda: None) -> None:
        """Start to recover a deleted object; done after `key_recover`, when `then` is called."""

        def complete() -> None:
            if collection.deleted.pop(item.name.lower(), None) is item:
                item.deleted_at, item.recovering = None, False
                collection.live[item.name.lower()] = item
                then()

        item.recovering = True
        self._state.clock.call_in(self._state.draw(self._state.settings.key_recover), callback=complete)

    def purge(self, collection: Collection[I], item: I) -> None:
        """Purge a deleted object; a backup of it cannot be restored until `key_purge` has passed."""
        collection.deleted.pop(item.name.lower(), None)
        free_at = self._state.clock.now() + self._state.draw(self._state.settings.key_purge)
        collection.purged[collection.noun, item.name.lower()] = free_at

    def check_restorable(self, collection: Collection[I], *, identifier: str, name: str) -> None:
        """Check a name for a restore; AzureError if an object has it, or had it until a moment ago."""
        self.check_free(collection, name=name)
        purged = collection.purged.get((collection.noun, name.lower()), 0.0) > self._state.clock.now()
        if purged or name.lower() in collection.live:
            kind = collection.noun.lower()
            raise errors.error("KVD_RESTORE_CONFLICT", kind=kind, id=identifier)
