"""The two shapes of a call: a read that may find nothing, and any call whose SDK errors become failures."""

import contextlib
from collections.abc import AsyncIterator, Awaitable
from typing import TypeVar

from azure.core import exceptions

from acrcmk.azure import errors

T = TypeVar("T")


@contextlib.asynccontextmanager
async def failing() -> AsyncIterator[None]:
    """Raise `AzureFailure` for what the SDK raises."""
    try:
        yield
    except exceptions.AzureError as error:
        raise errors.classify(error) from error


async def read(call: Awaitable[T]) -> T | None:
    """Await a read; None where Azure answers that there is nothing."""
    try:
        return await call
    except exceptions.AzureError as error:
        failure = errors.classify(error)
        if errors.is_missing(failure):
            return None
        raise failure from error
