"""A decorator of the Azure port that remembers settled resources while Azure works on another one.

While a vault or a registry is being created an object is reconciled every few seconds; without this each of these
reconciles would read all five resources again. What is remembered belongs to one object, is less than a minute old
and is dropped by a write; a check for drift never uses it.
"""

import datetime
from typing import Any, TypeVar

from acrcmk.domain import queries
from acrcmk.domain.port import Azure
from acrcmk.domain.queries import Query
from acrcmk.domain.resources import Identity, Key, Resource, RoleAssignment, Vault
from acrcmk.domain.writes import Write

T = TypeVar("T")

_MAX_AGE = datetime.timedelta(minutes=1)

Answers = dict[Query[Any], tuple[datetime.datetime, Any]]
"""Settled answers, with the time at which they were read."""


class Recent:
    """Azure for one object; `answers` outlives the reconcile, `now` is its time."""

    def __init__(self, azure: Azure, answers: Answers, *, now: datetime.datetime) -> None:
        self._azure = azure
        self._answers = answers
        self._now = now

    async def read(self, query: Query[T]) -> T:
        """Return the answer to a query, from memory where it is settled and recent."""
        known = self._answers.get(query)
        if known is not None and self._now - known[0] < _MAX_AGE:
            answer: T = known[1]
            return answer
        return self._remember(query, await self._azure.read(query))

    async def apply(self, write: Write) -> Resource | None:
        """Apply a write and forget what was read of its target."""
        try:
            answer = await self._azure.apply(write)
        finally:
            for query in [query for query in self._answers if query.target == write.target]:
                del self._answers[query]
        if answer is not None:
            self._remember(queries.of_write(write), (answer,) if isinstance(answer, RoleAssignment) else answer)
        return answer

    def _remember(self, query: Query[T], answer: T) -> T:
        if _is_settled(query, answer):
            self._answers[query] = (self._now, answer)
        return answer


def _is_settled(query: Query[Any], answer: Any) -> bool:
    """Whether an answer stays true while Azure works on another resource, unless somebody changes it."""
    if isinstance(query, queries.GetRegistry):
        return answer is None and not query.fresh
    return isinstance(answer, Identity | Key | tuple) or (isinstance(answer, Vault) and answer.succeeded)
