"""Failures of calls to Azure, by kind.

Codes of ACR for failures of customer-managed keys are not public (azure-behaviour.md 7), so the Azure edge classifies
failures by HTTP status, code and text.
"""

import dataclasses
import enum


class Kind(enum.Enum):
    """Kinds of failure that need different handling."""

    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"
    AUTHENTICATION = "authentication"
    AUTHORIZATION = "authorization"
    GROUP_NOT_FOUND = "resource group not found"
    SUBSCRIPTION_NOT_FOUND = "subscription not found"
    NOT_REGISTERED = "resource provider not registered"
    NAME_TAKEN = "name taken"
    VAULT_DELETED = "vault soft-deleted"
    KEY_DELETED = "key soft-deleted"
    KEY_ACCESS = "key access denied"
    CHANGE_NOT_KEPT = "change not kept"
    ALREADY_GRANTED = "already granted"
    BUSY = "another operation in progress"
    REPLICATING = "replication lag"
    REJECTED = "rejected"


@dataclasses.dataclass(kw_only=True, eq=False)
class AzureFailure(Exception):  # noqa: N818 - the SDK's exceptions are called errors
    """A call that Azure refused, or that did not reach Azure.

    `text` is Azure's own (`code: message`), `correlation_id` is for Azure's support, `retry_after` is in seconds.
    """

    kind: Kind
    text: str
    status: int | None = None
    correlation_id: str | None = None
    retry_after: float | None = None

    def __str__(self) -> str:
        return f"{self.text} (correlation id {self.correlation_id})" if self.correlation_id else self.text
