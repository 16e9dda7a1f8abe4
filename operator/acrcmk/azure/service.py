"""What the modules of the Azure services share."""

import enum
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

Handlers = Mapping[type, Callable[[Any], Awaitable[Any]]]
"""By the type of a query or a write: the method that answers or applies it."""


class Service(Protocol):
    """One Azure service: to add a read or a write, add it to its handlers."""

    @property
    def handlers(self) -> Handlers:
        """The queries and writes of the service."""


def enum_text(value: str | enum.Enum | None) -> str:
    """Return a value as Azure wrote it, "" for None: the SDK has enumerations for known values and text for others."""
    return str(value.value if isinstance(value, enum.Enum) else value or "")
