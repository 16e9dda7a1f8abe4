"""Delete, recover and purge on a vault's own host, the same for keys, secrets and certificates."""

import dataclasses
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from acrcmk_lab.azure.arm import errors
from acrcmk_lab.azure.arm.messages import AzureError, Body, Response
from acrcmk_lab.azure.services.key_vault import soft_delete
from acrcmk_lab.azure.services.key_vault.data_plane import operations
from acrcmk_lab.azure.services.key_vault.data_plane.operations import Area, Call, Handler, Operation
from acrcmk_lab.azure.services.key_vault.models import Vault
from acrcmk_lab.azure.services.key_vault.soft_delete import Collection, Item
from acrcmk_lab.azure.state.state import State

I = TypeVar("I", bound=Item)  # noqa: E741 - an item

I_contra = TypeVar("I_contra", bound=Item, contravariant=True)


class Lifecycle(Protocol[I_contra]):
    """Deletes, recovers and purges objects of one kind."""

    def delete(self, vault: Vault, item: I_contra, /) -> None: ...

    def recover(self, vault: Vault, item: I_contra, /) -> None: ...

    def purge(self, vault: Vault, item: I_contra, /) -> None: ...


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Kind(Generic[I]):
    """One kind of object: its collection, lifecycle, lookup and bodies.

    `body` is the body of a deleted or recovered object, `list_item` its row in lists; `not_found_error` the
    error id for an object that is not deleted; `read_action` the data action to read deleted objects.
    """

    area: Area
    collection: Callable[[Vault], Collection[I]]
    lifecycle: Lifecycle[I]
    lookup: Callable[[Call], I]
    body: Callable[[Call, I], Body]
    list_item: Callable[[Call, I], Body]
    not_found_error: str
    read_action: str = "read"


class Deletions(Generic[I]):
    """The operations on deleted objects of one kind."""

    def __init__(self, state: State, *, kind: Kind[I]) -> None:
        self._state = state
        self._kind = kind

    def operations(self) -> list[Operation]:
        """Return the operations."""
        area, deleted = self._kind.area, f"deleted{self._kind.area}"
        rows: list[tuple[str, str, Handler, str, str]] = [
            ("DELETE", f"{area}/*", self.delete, "delete", "delete"),
            ("GET", deleted, self.index, "list", self._kind.read_action),
            ("GET", f"{deleted}/*", self.get, "get", self._kind.read_action),
            ("DELETE", f"{deleted}/*", self.purge, "purge", "purge/action"),
            ("POST", f"{deleted}/*/recover", self.recover, "recover", "recover/action"),
        ]
        return operations.operations(area, rows)

    def delete(self, call: Call) -> Response:
        item = self._kind.lookup(call)
        self._kind.lifecycle.delete(call.vault, item)
        return self._response(call, item)

    def index(self, call: Call) -> Response:
        items = self._kind.collection(call.vault).deleted
        settled = {name: item for name, item in items.items() if self._is_settled(item)}
        return operations.page(
            call, {name: {**self._deletion(call, i), **self._kind.list_item(call, i)} for name, i in settled.items()}
        )

    def get(self, call: Call) -> Response:
        item = self._kind.collection(call.vault).deleted.get(call.names[0].lower())
        if item is None or not self._is_settled(item):
            raise self._not_found(call)
        return self._response(call, item)

    def recover(self, call: Call) -> Response:
        item = self._get_for_action(call)
        if not item.recovering:
            self._kind.lifecycle.recover(call.vault, item)
        return Response(200, body=self._kind.body(call, item))

    def purge(self, call: Call) -> Response:
        item = self._get_for_action(call)
        if call.vault.purge_protection:
            raise errors.error("KVD_PURGE_PROTECTED", vault=call.vault.name, loc=call.vault.location)
        self._kind.lifecycle.purge(call.vault, item)
        return Response(204)

    def _get_for_action(self, call: Call) -> I:
        """Return the deleted object of a path; AzureError with the reason if there is none [R]."""
        collection, name = self._kind.collection(call.vault), call.names[0]
        item = collection.deleted.get(name.lower())
        if item and self._is_settled(item):
            return item
        if item:
            raise errors.error("KVD_BEING_DELETED", Type=collection.noun, name=name)
        if name.lower() in collection.live:
            raise errors.error("KVD_NOT_DELETED", Type=collection.noun, name=name)
        raise self._not_found(call)

    def _is_settled(self, item: I) -> bool:
        return item.settled_at <= self._state.clock.now()

    def _not_found(self, call: Call) -> AzureError:
        return errors.error(self._kind.not_found_error, name=call.names[0])

    def _response(self, call: Call, item: I) -> Response:
        return Response(200, body={**self._deletion(call, item), **self._kind.body(call, item)})

    def _deletion(self, call: Call, item: I) -> Body:
        deleted = int(self._state.clock.utc(item.deleted_at or 0.0).timestamp())
        return {
            "recoveryId": f"{call.url}/deleted{self._kind.area}/{item.name}",
            "deletedDate": deleted,
            "scheduledPurgeDate": deleted + call.vault.recovery.days * soft_delete.DAY,
        }
