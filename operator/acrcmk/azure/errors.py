"""Classify the errors of the SDK by one table, read from top to bottom.

ACR's codes for failures of customer-managed keys are not public, so they are recognised by their text
(azure-behaviour.md 1.7). Every 409 is a ResourceExistsError in the SDK, so the code decides, not the class
(azure-behaviour.md 6).
"""

import contextlib
import dataclasses
import http
import re
from collections.abc import AsyncIterator, Awaitable, Mapping
from typing import Any, TypeVar

from azure.core import exceptions

from acrcmk.domain.failures import AzureFailure, Kind

T = TypeVar("T")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """A kind of failure and what it is recognised by; None and "" match everything."""

    kind: Kind
    status: range | None = None
    code: str = ""
    text: str = ""

    def matches(self, *, status: int, code: str, text: str) -> bool:
        """Whether a failure matches this row."""
        return (
            (self.status is None or status in self.status)
            and (not self.code or re.fullmatch(self.code, code, re.IGNORECASE) is not None)
            and (not self.text or re.search(self.text, text, re.IGNORECASE) is not None)
        )


TABLE = (
    Row(kind=Kind.THROTTLED, status=range(429, 430)),
    Row(kind=Kind.AUTHENTICATION, status=range(401, 402)),
    Row(kind=Kind.KEY_ACCESS, text=r"Failed to access KeyId|does not have access to identity"),
    Row(kind=Kind.AUTHORIZATION, code=r"AuthorizationFailed|LinkedAuthorizationFailed|ForbiddenByRbac"),
    Row(kind=Kind.AUTHORIZATION, status=range(403, 404)),
    Row(kind=Kind.GROUP_NOT_FOUND, code="ResourceGroupNotFound"),
    Row(kind=Kind.SUBSCRIPTION_NOT_FOUND, code="SubscriptionNotFound|InvalidSubscriptionId"),
    Row(kind=Kind.NOT_REGISTERED, code="MissingSubscriptionRegistration"),
    Row(kind=Kind.NAME_TAKEN, code="AlreadyInUse|VaultAlreadyExists"),
    Row(
        kind=Kind.VAULT_DELETED,
        status=range(409, 410),
        text="vault with the same name already exists in deleted state",
    ),
    Row(kind=Kind.KEY_DELETED, status=range(409, 410), text="deleted but recoverable state"),
    Row(kind=Kind.REPLICATING, code="PrincipalNotFound|ParentResourceNotFound"),
    Row(kind=Kind.BUSY, status=range(409, 410)),
    Row(kind=Kind.BUSY, status=range(412, 413)),
    Row(kind=Kind.UNAVAILABLE, status=range(500, 600)),
    Row(kind=Kind.UNAVAILABLE, status=range(408, 409)),
    Row(kind=Kind.REJECTED),
)


def classify(error: exceptions.AzureError) -> AzureFailure:
    """Return an SDK error as a failure with Azure's own text, correlation id and Retry-After (seconds)."""
    if not isinstance(error, exceptions.HttpResponseError) or error.response is None:
        kind = Kind.AUTHENTICATION if isinstance(error, exceptions.ClientAuthenticationError) else Kind.UNAVAILABLE
        return AzureFailure(kind=kind, text=_one_line(str(error.message)))
    # Every response of a pipeline has headers; the SDK's common base class of them does not say so.
    headers: Mapping[str, Any] = getattr(error.response, "headers", {})
    code = str(error.error.code or "") if error.error else ""
    message = str(error.error.message or "") if error.error else str(error.message)
    return failure(status=int(error.status_code or 0), code=code, message=message, headers=headers)


def failure(*, status: int, code: str, message: str, headers: Mapping[str, Any]) -> AzureFailure:
    """Classify by HTTP status, code and text; a `Retry-After` that is not a number of seconds is ignored."""
    kind = next(row.kind for row in TABLE if row.matches(status=status, code=code, text=message))
    retry_after = str(headers.get("Retry-After", ""))
    return AzureFailure(
        kind=kind,
        text=_one_line(f"{code}: {message}" if code else message or f"HTTP {status}"),
        status=status,
        correlation_id=headers.get("x-ms-correlation-request-id"),
        retry_after=float(retry_after) if retry_after.isdigit() else None,
    )


@contextlib.asynccontextmanager
async def translated() -> AsyncIterator[None]:
    """Raise `AzureFailure` for what the SDK raises."""
    try:
        yield
    except exceptions.AzureError as error:
        raise classify(error) from error


async def or_none(call: Awaitable[T]) -> T | None:
    """Await a read; None where Azure answers that the resource, or its group, does not exist."""
    try:
        async with translated():
            return await call
    except AzureFailure as failure:
        if is_missing(failure):
            return None
        raise


def is_missing(failure: AzureFailure) -> bool:
    """Whether a failed read means that the resource, or its resource group, does not exist."""
    return failure.status == http.HTTPStatus.NOT_FOUND and failure.kind is not Kind.SUBSCRIPTION_NOT_FOUND


def _one_line(text: str) -> str:
    return " ".join(text.split())
