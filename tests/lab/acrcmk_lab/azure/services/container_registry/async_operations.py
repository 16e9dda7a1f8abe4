"""Container Registry's long-running operations on registries and replications."""

import base64
import dataclasses
import hashlib
import uuid
from collections.abc import Callable

from acrcmk_lab.azure.arm import errors, operations, timestamps
from acrcmk_lab.azure.arm.messages import Body, Response
from acrcmk_lab.azure.arm.operations import Call, Operation
from acrcmk_lab.azure.services.container_registry import models
from acrcmk_lab.azure.state.state import State

NAMESPACE = models.NAMESPACE
_RETRY_SECONDS = 10
"""Recorded: Retry-After of a deletion, and of operations on replications."""
CERTIFICATE_LENGTH = 2200
"""Recorded: the certificate in a signed URL is about this long."""


@dataclasses.dataclass(kw_only=True)
class AsyncOperation:
    """An operation that runs until simulated time `end`; `error` is its failure, if any."""

    status: str
    end: float
    error: Body | None = None


class RegistryOperations:
    """All operations of the provider, by the path that polls them."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._running: dict[str, AsyncOperation] = {}
        self._deletions: dict[str, float] = {}
        self._certificate = base64.urlsafe_b64encode(
            hashlib.shake_256(str(state.seed).encode()).digest(CERTIFICATE_LENGTH * 3 // 4)
        ).decode()

    def operations(self) -> list[Operation]:
        return [
            *operations.crud(NAMESPACE, path="registries/*/operationStatuses/*", get=self.status),
            *operations.crud(NAMESPACE, path="registries/*/replications/*/operationStatuses/*", get=self.status),
            *operations.crud(NAMESPACE, path="locations/*/operationResults/*", get=self.deletion_result),
        ]

    def begin(
        self,
        call: Call,
        *,
        owner: str,
        status: str,
        done: Callable[[AsyncOperation], None],
        failure: Body | None = None,
    ) -> tuple[AsyncOperation, dict[str, str]]:
        """Begin an operation on a resource id; return it and the headers of its 201."""
        seconds = self._state.draw(self._state.settings.acr_operation)
        end = self._state.log_delay("acr_operation", resource=owner, seconds=seconds)
        operation = AsyncOperation(status=status, end=end, error=failure)
        path = f"{owner}/operationStatuses/{self._id(owner)}"
        self._running[path.lower()] = operation
        self._state.clock.call_in(seconds, callback=lambda: done(operation))
        headers = {"azure-asyncoperation": self._signed(path, version=call.version)}
        seconds = self._state.settings.acr_operation_retry_after or self._retry_after(owner)
        if seconds:
            headers["Retry-After"] = str(seconds)
        return operation, headers

    async def status(self, call: Call) -> Response:
        """Return the status; recorded: each response carries a newly signed URL."""
        operation = self._running.get(call.route.path.lower())
        if operation is None:
            raise errors.error("ACR_CHILD_NOT_FOUND", name=call.names[-1])
        headers = {"azure-asyncoperation": self._signed(call.route.path, version=call.version)}
        if self._state.clock.now() < operation.end:
            seconds = self._retry_after(call.route.path.rsplit("/", 2)[0])
            if seconds:
                headers["Retry-After"] = str(seconds)
            return Response(200, body={"status": operation.status}, headers=headers)
        if operation.error:
            return Response(200, body={"status": "Failed", "error": operation.error}, headers=headers)
        return Response(200, body={"status": "Succeeded"}, headers=headers)

    def begin_deletion(self, call: Call, *, owner: str, location: str, done: Callable[[], None]) -> dict[str, str]:
        """Begin to delete a resource id; return the headers of its 202."""
        seconds = self._state.draw(self._state.settings.acr_delete)
        end = self._state.log_delay("acr_delete", resource=owner, seconds=seconds)
        scope = f"/subscriptions/{call.route.subscription}/providers/{NAMESPACE}"
        path = f"{scope}/locations/{location}/operationResults/{self._id(owner)}"
        self._deletions[path.lower()] = end
        self._state.clock.call_in(seconds, callback=done)
        return {"Location": self._signed(path, version=call.version), "Retry-After": str(self._retry_seconds())}

    async def deletion_result(self, call: Call) -> Response:
        end = self._deletions.get(call.route.path.lower())
        if end is None:
            raise errors.error("ACR_CHILD_NOT_FOUND", name=call.names[-1])
        if self._state.clock.now() >= end:
            return Response(200)
        return Response(202, body=None, headers={"Location": self._signed(call.route.path, version=call.version)})

    def _retry_after(self, owner: str) -> int:
        """Return the seconds of Retry-After; recorded: operations on replications have it, on registries do not."""
        return self._retry_seconds() if "/replications/" in owner.lower() else 0

    def _retry_seconds(self) -> int:
        return self._state.clock.client_seconds(_RETRY_SECONDS)

    def _id(self, owner: str) -> str:
        """Recorded: the type's name and a GUID of version 1."""
        kind = owner.rsplit("/", 2)[-2].lower()
        bits = self._state.random.getrandbits(128)
        return f"{kind}-{uuid.UUID(int=bits & ~(0xF << 76) | (1 << 76))}"

    def _signed(self, path: str, *, version: str) -> str:
        """Return a URL whose time, signature and hash differ in every response, as recorded."""
        ticks = timestamps.ticks(self._state.clock.utc())
        signature = hashlib.sha256(f"{path}{ticks}{self._state.random.random()}".encode()).hexdigest()
        return (
            f"{self._state.url}{path}?api-version={version}&t={ticks}"
            f"&c={self._certificate}&s={signature}&h={signature[::-1][:43]}"
        )
