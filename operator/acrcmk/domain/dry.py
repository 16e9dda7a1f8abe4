"""A decorator of the Azure port that collects writes instead of applying them: the runner's mode *dry*."""

from typing import TypeVar

from acrcmk.domain.port import Azure
from acrcmk.domain.queries import Query
from acrcmk.domain.writes import Write

T = TypeVar("T")


class DryRun:
    """Azure as it is; `writes` are what the steps would do next, in the order in which they decided it."""

    def __init__(self, azure: Azure) -> None:
        self._azure = azure
        self.writes: list[Write] = []

    async def read(self, query: Query[T]) -> T:
        """Return the answer to a query."""
        return await self._azure.read(query)

    async def apply(self, write: Write) -> None:
        """Collect a write."""
        self.writes.append(write)
