"""A decorator of the Azure port that reads every query at most once per reconcile."""

import asyncio
import dataclasses
from typing import Any, TypeVar

from acrcmk.domain import queries, writes
from acrcmk.domain.port import Azure
from acrcmk.domain.queries import Query
from acrcmk.domain.resources import Resource, RoleAssignment

T = TypeVar("T")


class Memo:
    """Azure for one reconcile: steps that run at the same time share a read, and a write outdates what it changes."""

    def __init__(self, azure: Azure) -> None:
        self._azure = azure
        self._answers: dict[Query[Any], asyncio.Future[Any]] = {}

    async def read(self, query: Query[T]) -> T:
        """Return the answer to a query, read once."""
        if query not in self._answers:
            self._answers[query] = asyncio.ensure_future(self._azure.read(query))
        answer: T = await self._answers[query]
        return answer

    async def apply(self, write: writes.Write) -> Resource | None:
        """Apply a write and forget what was read of its target, even where the answer was lost.

        The resource in Azure's answer takes the place of the read that would follow.
        """
        answer: Resource | None = None
        try:
            answer = await self._azure.apply(write)
        finally:
            self._answers = {query: read for query, read in self._answers.items() if query.target != write.target}
        if answer is not None:
            known = asyncio.get_running_loop().create_future()
            known.set_result((answer,) if isinstance(answer, RoleAssignment) else answer)
            query = queries.of_write(write)
            self._answers[query] = known
            if isinstance(query, queries.GetRegistry):
                self._answers[dataclasses.replace(query, fresh=True)] = known
        return answer
