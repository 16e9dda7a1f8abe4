"""A decorator of the Azure port that stops repeating a change that Azure accepts and that something reverts.

Azure Policy with the effect Modify replaces values of a request, and other tools change them back: without a limit
the operator would repeat the same change for ever.
"""

import dataclasses
import datetime
from typing import Any, TypeVar

from acrcmk.domain.failures import AzureFailure, Kind
from acrcmk.domain.port import Azure
from acrcmk.domain.queries import Query
from acrcmk.domain.resources import Identity, Registry, Resource, Vault
from acrcmk.domain.writes import TagIdentity, UpdateRegistry, UpdateVault, Write

T = TypeVar("T")

_MAX_REPEATS = 3
_MEMORY = datetime.timedelta(hours=1)
"""Time after which a change that was reverted is tried once more."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Repeated:
    """A change, how often it was accepted in a row, and when last."""

    write: Write
    count: int
    at: datetime.datetime


History = dict[str, Repeated]
"""The last changes of an object's resources, by what they change; lost in a restart."""


class Kept:
    """Azure for one object; `resync` is when a change that was not kept is looked at again."""

    def __init__(self, azure: Azure, history: History, *, now: datetime.datetime, resync: datetime.timedelta) -> None:
        self._azure = azure
        self._history = history
        self._now = now
        self._resync = resync
        self._seen: dict[str, Any] = {}

    async def read(self, query: Query[T]) -> T:
        """Return the answer to a query; a failed registry has kept nothing, so its history is dropped."""
        answer = await self._azure.read(query)
        if isinstance(answer, Identity | Vault | Registry):
            self._seen[query.target] = answer
        if isinstance(answer, Registry) and answer.failed:
            for key in [key for key, change in self._history.items() if change.write.target == query.target]:
                del self._history[key]
        return answer

    async def apply(self, write: Write) -> Resource | None:
        """Apply a write; raises `AzureFailure` (CHANGE_NOT_KEPT) where it was applied several times in vain."""
        if not isinstance(write, TagIdentity | UpdateVault | UpdateRegistry):
            return await self._azure.apply(write)
        key = f"{write.target}: {write}"
        last = self._history.get(key)
        repeated = last is not None and last.write == write and self._now - last.at < _MEMORY
        if repeated and last is not None and last.count >= _MAX_REPEATS:
            raise AzureFailure(
                kind=Kind.CHANGE_NOT_KEPT,
                text=differences(write, self._seen.get(write.target)),
                retry_after=self._resync.total_seconds(),
            )
        answer = await self._azure.apply(write)
        count = last.count + 1 if last is not None and last.write == write else 1
        self._history[key] = Repeated(write=write, count=count, at=self._now)
        return answer


def differences(write: TagIdentity | UpdateVault | UpdateRegistry, resource: Any) -> str:
    """Return which fields differ: the value in Azure and the one that the spec asks for."""
    pairs: list[tuple[str, Any, Any]] = []
    for field in dataclasses.fields(write):
        desired, actual = getattr(write, field.name), getattr(resource, field.name, None)
        if desired is None or field.name in {"id", "client_id", "identity_type"}:
            continue
        if field.name == "tags":
            pairs += [(f"tag {name}", (actual or {}).get(name), value) for name, value in sorted(desired.items())]
        elif dataclasses.is_dataclass(desired):
            pairs += [
                (part.name, getattr(actual, part.name, None), value)
                for part in dataclasses.fields(desired)
                if (value := getattr(desired, part.name)) is not None
            ]
        else:
            pairs.append((field.name, actual, desired))
    return "; ".join(
        f"{name.replace('_', ' ')} is {_text(actual)}, the spec asks for {_text(desired)}"
        for name, actual, desired in pairs
        if actual != desired
    )


def _text(value: Any) -> str:
    if isinstance(value, frozenset):
        return ", ".join(sorted(map(str, value))) or "empty"
    return "not set" if value is None else str(value)
