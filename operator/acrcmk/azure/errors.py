"""Classify the errors of the SDK by one table, read from top to bottom.

ACR's codes for failures of customer-managed keys are not public, so they are recognised by their text
(azure-behaviour.md 1.7). Every 409 is a ResourceExistsError in the SDK, so the code decides, not the class
(azure-behaviour.md 6).
"""

import contextlib
import dataclasses
import http
import json
import re
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping
from typing import Any, TypeVar

from azure.core import exceptions
from azure.core.exceptions import ResponseNotReadError
from azure.identity import CredentialUnavailableError

from acrcmk.domain.failures import AzureFailure, Kind
from acrcmk.telemetry import redaction

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


_CONFLICTS = range(409, 410)
_BUSY_CODES = (
    "Conflict|ConflictError|ConflictingOperation|ConcurrentUpdateError|ConcurrentModification|RequestConflict"
    "|AnotherOperationInProgress|OperationInProgress|ResourceBeingDeleted|ResourceGroupBeingDeleted|RetryableError"
)
_POLICY = r"(?:disallowed|denied|not allowed|forbidden|blocked) by (?:a |an |the )?(?:Azure )?polic(?:y|ies)\b"
_NO_PERMISSION = (
    r"does not have (?:authorization|\w+(?: \w+)? permission)|not authorized to perform action"
    r"|does not have permission to perform"
)
_MISSING_CREDENTIAL = r"no managed identity endpoint|token file|credential unavailable|authentication unavailable"
_EXPIRED_CREDENTIAL = r"AADSTS(?:7000222|700024|700027)\b|client secret keys .* expired"
_WRONG_TENANT = r"AADSTS(?:90002|700016|50020|90072)\b"

TABLE = (
    Row(kind=Kind.THROTTLED, status=range(429, 430)),
    Row(kind=Kind.WRONG_TENANT, status=range(401, 404), code="InvalidAuthenticationTokenTenant"),
    Row(kind=Kind.WRONG_TENANT, status=range(401, 402), text=_WRONG_TENANT),
    Row(kind=Kind.CREDENTIAL_EXPIRED, status=range(401, 402), text=_EXPIRED_CREDENTIAL),
    Row(kind=Kind.CREDENTIAL_MISSING, status=range(401, 402), text=_MISSING_CREDENTIAL),
    Row(kind=Kind.AUTHENTICATION, status=range(401, 402)),
    Row(kind=Kind.KEY_ACCESS, text=r"Failed to access KeyId|does not have access to identity"),
    Row(kind=Kind.POLICY_DENIED, code="RequestDisallowedByPolicy"),
    Row(
        kind=Kind.AUTHORIZATION,
        code="AuthorizationFailed|LinkedAuthorizationFailed|DenyAssignmentAuthorizationFailed|ForbiddenByRbac",
    ),
    Row(kind=Kind.AUTHORIZATION, status=range(403, 404), text=_NO_PERMISSION),
    # Key Vault answers this code to a missing access policy too, whose text is one of those above.
    Row(kind=Kind.POLICY_DENIED, code="ForbiddenByPolicy"),
    Row(kind=Kind.POLICY_DENIED, status=range(400, 500), text=_POLICY),
    Row(kind=Kind.LOCKED, code="ScopeLocked"),
    Row(kind=Kind.LOCKED, status=_CONFLICTS, text=r"scope\(s\) are locked"),
    Row(kind=Kind.GROUP_NOT_FOUND, code="ResourceGroupNotFound"),
    Row(kind=Kind.SUBSCRIPTION_NOT_FOUND, code="SubscriptionNotFound|InvalidSubscriptionId"),
    Row(
        kind=Kind.SUBSCRIPTION_DISABLED,
        code="ReadOnlyDisabledSubscription|DisabledSubscription|SubscriptionDisabled|SubscriptionNotRegistered"
        "|SubscriptionIsDisabled",
    ),
    Row(
        kind=Kind.SUBSCRIPTION_DISABLED,
        status=range(400, 500),
        text=r"subscription '?[\w-]+'? is disabled|marked as read.?only",
    ),
    Row(kind=Kind.NOT_REGISTERED, code="MissingSubscriptionRegistration"),
    Row(
        kind=Kind.QUOTA_EXCEEDED,
        code=r"\w*QuotaExceeded\w*|\w*LimitExceeded|ResourceCountExceedsLimit\w*|MaxNumberOf\w+Exceeded",
    ),
    Row(kind=Kind.QUOTA_EXCEEDED, status=range(400, 500), text=r"\bquota\b.*\bexceed|\bexceed\w*\b.*\bquota\b"),
    Row(
        kind=Kind.LOCATION_NOT_AVAILABLE,
        code=r"LocationNotAvailable\w*|LocationNotSupported\w*|InvalidLocation|LocationNotFound\w*|RequestDisallowedByAzure",
    ),
    Row(kind=Kind.LOCATION_CONFLICT, code="InvalidResourceLocation|InvalidResourceGroupLocation"),
    Row(kind=Kind.NAME_TAKEN, code="AlreadyInUse|VaultAlreadyExists"),
    Row(kind=Kind.NAME_NOT_ALLOWED, code="ReservedResourceName|VaultNameNotValid|InvalidResourceName|DisallowedName"),
    Row(kind=Kind.NAME_NOT_ALLOWED, status=range(400, 500), text=r"reserved word|name is disallowed|is a trademark"),
    Row(kind=Kind.ALREADY_GRANTED, code="RoleAssignmentExists"),
    Row(kind=Kind.ACCESS_POLICIES_REJECTED, status=range(400, 500), text=r"invalid value .*'?accessPolicies'?"),
    Row(
        kind=Kind.VAULT_DELETED,
        status=_CONFLICTS,
        text="vault with the same name already exists in deleted state",
    ),
    Row(kind=Kind.KEY_DELETED, status=_CONFLICTS, text="deleted but recoverable state"),
    Row(kind=Kind.REPLICATING, code="PrincipalNotFound|ParentResourceNotFound"),
    Row(kind=Kind.BUSY, status=_CONFLICTS, code=_BUSY_CODES),
    Row(
        kind=Kind.BUSY,
        status=_CONFLICTS,
        text=r"operations? (?:is |are )?(?:already )?in progress|currently being (?:created|updated|deleted)"
        "|another operation|multiple operations on the same",
    ),
    Row(kind=Kind.BUSY, status=range(412, 413)),
    Row(kind=Kind.UNAVAILABLE, status=range(500, 600)),
    Row(kind=Kind.UNAVAILABLE, status=range(408, 409)),
    Row(kind=Kind.REJECTED),
)
"""The first row that matches decides: a 400, 403 or 409 by its code or text, never by its number alone."""


def classify(error: exceptions.AzureError) -> AzureFailure:
    """Return an SDK error as a failure with Azure's own text, correlation id and Retry-After (seconds)."""
    signing_in = isinstance(error, exceptions.ClientAuthenticationError)
    if isinstance(error, CredentialUnavailableError):
        return AzureFailure(kind=Kind.CREDENTIAL_MISSING, text=_shown(str(error.message)))
    if not isinstance(error, exceptions.HttpResponseError) or error.response is None:
        if signing_in:
            return failure(status=http.HTTPStatus.UNAUTHORIZED, code="", message=str(error.message), headers={})
        return AzureFailure(kind=Kind.UNAVAILABLE, text=_shown(str(error.message)))
    # Every response of a pipeline has headers; the SDK's common base class of them does not say so.
    headers: Mapping[str, Any] = getattr(error.response, "headers", {})
    body = _body(error.response)
    status = int(error.status_code or 0)
    if signing_in and http.HTTPStatus.BAD_REQUEST <= status < http.HTTPStatus.TOO_MANY_REQUESTS:
        status = http.HTTPStatus.UNAUTHORIZED  # Entra answers 400 to most of what a credential can lack
    if isinstance(body.get("error"), Mapping):
        return failure_of(body["error"], status=status, headers=headers)
    code = str(error.error.code or "") if error.error else ""
    message = str(error.error.message or "") if error.error else str(error.message)
    return failure(status=status, code=code, message=message, headers=headers)


def failure_of(error: Mapping[str, Any], *, status: int, headers: Mapping[str, Any]) -> AzureFailure:
    """Return ARM's error object (`code`, `message`, `innererror`, `details`, `additionalInfo`) as a failure."""
    nested = list(_nested(error))
    denials = dict.fromkeys(denial for each in nested for denial in _policy_denials(each))
    message = " ".join((str(error.get("message") or ""), *denials))
    return failure(
        status=status,
        code=str(error.get("code") or ""),
        message=message,
        headers=headers,
        inner_codes=tuple(str(each["code"]) for each in nested[1:] if each.get("code")),
    )


def failure(
    *, status: int, code: str, message: str, headers: Mapping[str, Any], inner_codes: tuple[str, ...] = ()
) -> AzureFailure:
    """Classify by HTTP status, codes and text; a `Retry-After` that is not a number of seconds is ignored."""
    codes = (code, *inner_codes)
    kind = next(row.kind for row in TABLE if any(row.matches(status=status, code=each, text=message) for each in codes))
    retry_after = str(headers.get("Retry-After", ""))
    return AzureFailure(
        kind=kind,
        text=_shown(f"{code}: {message}" if code else message or f"HTTP {status}"),
        status=status,
        correlation_id=headers.get("x-ms-correlation-request-id"),
        retry_after=float(retry_after) if retry_after.isdigit() else None,
    )


@contextlib.asynccontextmanager
async def translated() -> AsyncIterator[None]:
    """Raise `AzureFailure` for what the SDK raises; an empty error body raises JSONDecodeError in it."""
    try:
        yield
    except exceptions.AzureError as error:
        raise classify(error) from error
    except json.JSONDecodeError as error:
        raise AzureFailure(kind=Kind.UNAVAILABLE, text="the answer is not JSON") from error


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


def _shown(text: str) -> str:
    """Return a text in one line and without tokens."""
    return redaction.redact_text(" ".join(text.split()))


def _body(response: Any) -> Mapping[str, Any]:
    """Return the JSON object of an answer; empty where it is none, or was not read."""
    try:
        body = json.loads(response.text())
    except (ValueError, TypeError, AttributeError, ResponseNotReadError):
        return {}
    return body if isinstance(body, Mapping) else {}


def _nested(error: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield an error object and those inside it."""
    yield error
    details = error.get("details")
    for inner in (error.get("innererror"), *(details if isinstance(details, list) else ())):
        if isinstance(inner, Mapping):
            yield from _nested(inner)


def _policy_denials(error: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence with definition and assignment for every policy that `additionalInfo` names."""
    additional = error.get("additionalInfo")
    for entry in additional if isinstance(additional, list) else ():
        info = entry.get("info") if isinstance(entry, Mapping) else None
        if isinstance(info, Mapping) and str(entry.get("type")) == "PolicyViolation":
            definition, assignment = (_policy_name(info, f"policy{part}") for part in ("Definition", "Assignment"))
            yield f"Policy definition {definition}, assignment {assignment}."


def _policy_name(info: Mapping[str, Any], part: str) -> str:
    """Return the display name, and in brackets the id or the name."""
    display = info.get(f"{part}DisplayName")
    technical = info.get(f"{part}Id") or info.get(f"{part}Name")
    if display and technical:
        return f"'{display}' ({technical})"
    return f"'{display or technical or 'not named'}'"
