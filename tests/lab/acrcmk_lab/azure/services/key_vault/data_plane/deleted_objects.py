"""Deleting, recovering and purging through a vault's own endpoint, the same for keys, secrets and certificates."""

import typing
from collections.abc import Callable
from dataclasses import dataclass

from acrcmk_lab.azure import catalogue, messages, softdelete, world
from acrcmk_lab.azure.providers import dataplanecalls, vaultmodel

I = typing.TypeVar("I", bound=softdelete.Item)  # noqa: E741 - an item

I_contra = typing.TypeVar("I_contra", bound=softdelete.Item, contravariant=True)


class Life(typing.Protocol[I_contra]):
    """What deletes, recovers and purges objects of one kind."""

    def delete(self, vault: vaultmodel.Vault, item: I_contra, /) -> None: ...

    def recover(self, vault: vaultmodel.Vault, item: I_contra, /) -> None: ...

    def purge(self, vault: vaultmodel.Vault, item: I_contra, /) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(typing.Generic[I]):
    """One kind of object: where it is kept, what deletes it, how it is found and shown.

    `shown` is what a deleted or recovered one answers, `listed` its row in lists; `missing` the catalogue's
    id for one that is not deleted; `look` the data action to look at deleted ones, under the area.
    """

    area: dataplanecalls.Area
    shelf: Callable[[vaultmodel.Vault], softdelete.Shelf[I]]
    life: Life[I]
    found: Callable[[dataplanecalls.Call], I]
    shown: Callable[[dataplanecalls.Call, I], messages.Body]
    listed: Callable[[dataplanecalls.Call, I], messages.Body]
    missing: str
    look: str = "read"


class Deletions(typing.Generic[I]):
    """The operations on deleted objects of one kind."""

    def __init__(self, state: world.World, *, kind: Kind[I]) -> None:
        self._world = state
        self._kind = kind

    def offers(self) -> list[dataplanecalls.Operation]:
        """Return the operations, for the front door."""
        area, deleted = self._kind.area, f"deleted{self._kind.area}"
        rows: list[tuple[str, str, dataplanecalls.Handler, str, str]] = [
            ("DELETE", f"{area}/*", self.delete, "delete", "delete"),
            ("GET", deleted, self.index, "list", self._kind.look),
            ("GET", f"{deleted}/*", self.get, "get", self._kind.look),
            ("DELETE", f"{deleted}/*", self.purge, "purge", "purge/action"),
            ("POST", f"{deleted}/*/recover", self.recover, "recover", "recover/action"),
        ]
        return dataplanecalls.offers(area, rows)

    def delete(self, call: dataplanecalls.Call) -> messages.Answer:
        item = self._kind.found(call)
        self._kind.life.delete(call.vault, item)
        return self._answer(call, item)

    def index(self, call: dataplanecalls.Call) -> messages.Answer:
        items = self._kind.shelf(call.vault).deleted
        settled = {name: item for name, item in items.items() if self._settled(item)}
        return dataplanecalls.page(
            call, {name: {**self._deletion(call, i), **self._kind.listed(call, i)} for name, i in settled.items()}
        )

    def get(self, call: dataplanecalls.Call) -> messages.Answer:
        item = self._kind.shelf(call.vault).deleted.get(call.names[0].lower())
        if item is None or not self._settled(item):
            raise self._missing(call)
        return self._answer(call, item)

    def recover(self, call: dataplanecalls.Call) -> messages.Answer:
        item = self._held(call)
        if not item.recovering:
            self._kind.life.recover(call.vault, item)
        return messages.Answer(200, self._kind.shown(call, item))

    def purge(self, call: dataplanecalls.Call) -> messages.Answer:
        item = self._held(call)
        if call.vault.purge_protection:
            raise catalogue.refusal("KVD_PURGE_PROTECTED", vault=call.vault.name, loc=call.vault.location)
        self._kind.life.purge(call.vault, item)
        return messages.Answer(204)

    def _held(self, call: dataplanecalls.Call) -> I:
        """Return the deleted object of a path; those who act on one hear why it is not there [R]."""
        shelf, name = self._kind.shelf(call.vault), call.names[0]
        item = shelf.deleted.get(name.lower())
        if item and self._settled(item):
            return item
        if item:
            raise catalogue.refusal("KVD_BEING_DELETED", Type=shelf.noun, name=name)
        if name.lower() in shelf.live:
            raise catalogue.refusal("KVD_NOT_DELETED", Type=shelf.noun, name=name)
        raise self._missing(call)

    def _settled(self, item: I) -> bool:
        return item.settled_at <= self._world.clock.now()

    def _missing(self, call: dataplanecalls.Call) -> messages.RefusedError:
        return catalogue.refusal(self._kind.missing, name=call.names[0])

    def _answer(self, call: dataplanecalls.Call, item: I) -> messages.Answer:
        return messages.Answer(200, {**self._deletion(call, item), **self._kind.shown(call, item)})

    def _deletion(self, call: dataplanecalls.Call, item: I) -> messages.Body:
        deleted = int(self._world.clock.utc(item.deleted_at or 0.0).timestamp())
        return {
            "recoveryId": f"{call.url}/deleted{self._kind.area}/{item.name}",
            "deletedDate": deleted,
            "scheduledPurgeDate": deleted + call.vault.recovery.days * softdelete.DAY,
        }
