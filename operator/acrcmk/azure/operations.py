"""Long operations on registries that this process began: where to ask why one failed.

Whether an operation is over is read from the registry itself, so nothing here is needed to go on after a restart;
only Azure's words on a failure are, since the registry does not show them (azure-behaviour.md 1.1).
"""

import dataclasses
import datetime
from collections.abc import Callable, Mapping

from acrcmk.domain.failures import AzureFailure
from acrcmk.domain.names import ResourceId
from acrcmk.domain.resources import Attempt


@dataclasses.dataclass(kw_only=True)
class _Operation:
    url: str
    correlation_id: str | None
    known: bool = False


class Operations:
    """Remembers the last operation and the failures in a row of each registry; `now` gives UTC."""

    def __init__(self, *, now: Callable[[], datetime.datetime]) -> None:
        self._now = now
        self._operations: dict[ResourceId, _Operation] = {}
        self._attempts: dict[ResourceId, Attempt] = {}

    def began(self, registry: ResourceId, headers: Mapping[str, str]) -> None:
        """Remember the operation that an answer's headers name, if they do."""
        url = headers.get("azure-asyncoperation")
        if url:
            correlation_id = headers.get("x-ms-correlation-request-id")
            self._operations[registry] = _Operation(url=url, correlation_id=correlation_id)

    def to_ask(self, registry: ResourceId) -> str | None:
        """Return the URL that tells why the last operation failed, unless that is known already."""
        operation = self._operations.get(registry)
        return operation.url if operation and not operation.known else None

    def failed(self, registry: ResourceId, why: AzureFailure) -> None:
        """Note why the last operation failed."""
        operation = self._operations[registry]
        operation.known = True
        if why.correlation_id is None:
            why.correlation_id = operation.correlation_id
        before = self._attempts.get(registry)
        self._attempts[registry] = Attempt(failure=why, count=before.count + 1 if before else 1, at=self._now())

    def succeeded(self, registry: ResourceId) -> None:
        """Forget a registry with which all is well."""
        self._operations.pop(registry, None)
        self._attempts.pop(registry, None)

    def attempt(self, registry: ResourceId) -> Attempt | None:
        """Return the failures in a row, the last one's words included."""
        return self._attempts.get(registry)
