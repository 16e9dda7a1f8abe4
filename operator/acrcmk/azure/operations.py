"""Long-running operations on registries that this process started: where to read why one failed.

Whether an operation has ended is read from the registry itself, so nothing here is needed after a restart; only the
cause of a failure is, since the registry does not show it (azure-behaviour.md 1.1).
"""

import dataclasses
import datetime
from collections.abc import Callable, Mapping

from acrcmk.domain.failures import AzureFailure
from acrcmk.domain.ids import ResourceId
from acrcmk.domain.resources import FailedOperation


@dataclasses.dataclass(kw_only=True)
class _Operation:
    url: str
    correlation_id: str | None
    cause_known: bool = False


class Operations:
    """The last operation and the failures in a row of each registry; `now` gives UTC."""

    def __init__(self, *, now: Callable[[], datetime.datetime]) -> None:
        self._now = now
        self._operations: dict[ResourceId, _Operation] = {}
        self._failures: dict[ResourceId, FailedOperation] = {}

    def record_started(self, registry: ResourceId, headers: Mapping[str, str]) -> None:
        """Record the operation that the headers of an answer name, where they do."""
        url = headers.get("azure-asyncoperation")
        if url:
            correlation_id = headers.get("x-ms-correlation-request-id")
            self._operations[registry] = _Operation(url=url, correlation_id=correlation_id)

    def status_url(self, registry: ResourceId) -> str | None:
        """Return the URL that tells why the last operation failed, unless the cause is known already."""
        operation = self._operations.get(registry)
        return operation.url if operation and not operation.cause_known else None

    def record_failure(self, registry: ResourceId, cause: AzureFailure) -> None:
        """Record why the last operation failed."""
        operation = self._operations[registry]
        operation.cause_known = True
        if cause.correlation_id is None:
            cause.correlation_id = operation.correlation_id
        before = self._failures.get(registry)
        count = before.count + 1 if before else 1
        self._failures[registry] = FailedOperation(failure=cause, count=count, at=self._now())

    def forget(self, registry: ResourceId) -> None:
        """Forget a registry whose last operation succeeded."""
        self._operations.pop(registry, None)
        self._failures.pop(registry, None)

    def last_failure(self, registry: ResourceId) -> FailedOperation | None:
        """Return the failures in a row, with the cause of the last one."""
        return self._failures.get(registry)
