"""The port to Azure: queries are read, writes are applied. Everything else is a decorator around it."""

from typing import Protocol, TypeVar

from acrcmk.domain.queries import Query
from acrcmk.domain.resources import Resource
from acrcmk.domain.writes import Write

T = TypeVar("T")


class Azure(Protocol):
    """Azure as the domain needs it. Both calls raise `failures.AzureFailure`."""

    async def read(self, query: Query[T]) -> T:
        """Return the answer to a query; None where Azure answers 404."""

    async def apply(self, write: Write) -> Resource | None:
        """Begin a write; return the resource as Azure answered it, or None where the answer holds none."""
