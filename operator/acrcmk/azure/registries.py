"""Container registries."""

import dataclasses
import http
from collections.abc import Mapping
from typing import Any

from azure.core.rest import HttpRequest
from azure.mgmt.containerregistry import models
from azure.mgmt.containerregistry.aio.operations import RegistriesOperations

from acrcmk.azure import errors, registry_models
from acrcmk.azure.clients import ClientFactory
from acrcmk.azure.operations import Operations
from acrcmk.azure.service import Handlers, enum_text
from acrcmk.domain.failures import AzureFailure, Kind
from acrcmk.domain.ids import ResourceId
from acrcmk.domain.queries import CheckRegistryName, GetRegistry
from acrcmk.domain.resources import NameAvailability, Registry
from acrcmk.domain.writes import CreateRegistry, UpdateRegistry


class Registries:
    """Reads, creates and changes registries."""

    def __init__(self, clients: ClientFactory, operations: Operations) -> None:
        self._clients = clients
        self._operations = operations
        self._creating: set[ResourceId] = set()
        self.handlers: Handlers = {
            GetRegistry: self._get,
            CheckRegistryName: self._check_name,
            CreateRegistry: self._create,
            UpdateRegistry: self._update,
        }

    async def _get(self, query: GetRegistry) -> Registry | None:
        """Read a registry; when its last operation failed, with the cause."""
        registry = await errors.or_none(self._of(query.id).get(query.id.group, query.id.name))
        return await self._with_last_failure(registry_models.registry(registry)) if registry else None

    async def _check_name(self, query: CheckRegistryName) -> NameAvailability:
        request = models.RegistryNameCheckRequest(name=query.id.name, type="Microsoft.ContainerRegistry/registries")
        async with errors.translated():
            answer = await self._of(query.id).check_name_availability(request)
        return NameAvailability(
            available=bool(answer.name_available), reason=enum_text(answer.reason), message=answer.message or ""
        )

    async def _create(self, write: CreateRegistry) -> Registry:
        """Begin to create a registry by PUT.

        Two objects of this operator that claim one name must not overwrite each other before the owner tag of the
        first one is readable, so the second one has to come back.
        """
        if write.id in self._creating:
            raise AzureFailure(kind=Kind.BUSY, text=f"Registry {write.id.name} is being created for another object.")
        self._creating.add(write.id)
        try:
            async with errors.translated():
                poller = await self._of(write.id).begin_create(
                    write.id.group,
                    write.id.name,
                    registry_models.create_body(write),
                    polling=False,
                    raw_response_hook=self._recorder(write.id),
                )
                registry = await poller.result()
        finally:
            self._creating.discard(write.id)
        return await self._with_last_failure(registry_models.registry(registry))

    async def _update(self, write: UpdateRegistry) -> Registry:
        """Begin to change what the write specifies by PATCH."""
        async with errors.translated():
            poller = await self._of(write.id).begin_update(
                write.id.group,
                write.id.name,
                registry_models.update_body(write),
                polling=False,
                raw_response_hook=self._recorder(write.id),
            )
            registry = await poller.result()
        return await self._with_last_failure(registry_models.registry(registry))

    def _of(self, registry: ResourceId) -> RegistriesOperations:
        return self._clients.of(registry.subscription).registries.registries

    def _recorder(self, registry: ResourceId) -> Any:
        def hook(response: Any) -> None:
            self._operations.record_started(registry, response.http_response.headers)

        return hook

    async def _with_last_failure(self, registry: Registry) -> Registry:
        """Return the registry with the failures of its last operations; a success forgets them."""
        if registry.succeeded:
            self._operations.forget(registry.id)
        if registry.failed:
            await self._read_cause(registry.id)
        return dataclasses.replace(registry, last_failure=self._operations.last_failure(registry.id))

    async def _read_cause(self, registry: ResourceId) -> None:
        """Record why the last operation failed, where its status was not read before; raises nothing."""
        url = self._operations.status_url(registry)
        if url is None:
            return
        client = self._clients.of(registry.subscription).registries
        try:
            async with errors.translated():
                response = await client.send_request(HttpRequest("GET", url))
        except AzureFailure as failure:
            cause = _unknown_cause(str(failure.text))
        else:
            cause = _cause(response)
        self._operations.record_failure(registry, cause)


def _cause(response: Any) -> AzureFailure:
    """Return why an operation failed, of `{"status":"Failed","error":{"code","message"}}` with HTTP 200.

    Any other answer is not about the operation: what is gone stays gone, all else is worth asking again.
    """
    body = _json_object(response)
    error = body.get("error")
    if response.status_code in {http.HTTPStatus.NOT_FOUND, http.HTTPStatus.GONE}:
        return AzureFailure(kind=Kind.REJECTED, text="The status of the operation is no longer available.")
    if response.status_code != http.HTTPStatus.OK:
        status, headers = response.status_code, response.headers
        answer = errors.failure_of(error if isinstance(error, Mapping) else {}, status=status, headers=headers)
        return _unknown_cause(answer.text)
    if isinstance(error, Mapping):
        return errors.failure_of(error, status=http.HTTPStatus.BAD_REQUEST, headers={})
    if body.get("status") in {"Failed", "Canceled", "Succeeded"}:
        return AzureFailure(
            kind=Kind.REJECTED, text=f"The status of the operation is {body['status']}, without a cause."
        )
    return _unknown_cause("Azure has not reported it yet.")


def _unknown_cause(text: str) -> AzureFailure:
    return AzureFailure(kind=Kind.CAUSE_UNKNOWN, text=f"The status of the operation could not be read: {text}")


def _json_object(response: Any) -> Mapping[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, Mapping) else {}
