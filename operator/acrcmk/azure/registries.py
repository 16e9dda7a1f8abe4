"""Container registries."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from azure.core.rest import HttpRequest
from azure.mgmt.containerregistry import models

from acrcmk.azure import calls, errors, registry_models
from acrcmk.azure.clients import ClientFactory
from acrcmk.azure.operations import Operations
from acrcmk.domain.failures import AzureFailure, Kind
from acrcmk.domain.names import ResourceId
from acrcmk.domain.resources import Registry
from acrcmk.domain.writes import CreateRegistry, UpdateRegistry


class Registries:
    """Reads, creates and changes registries."""

    def __init__(self, clients: ClientFactory, operations: Operations) -> None:
        self._clients = clients
        self._operations = operations
        self._creating: set[ResourceId] = set()

    async def get(self, wanted: ResourceId) -> Registry | None:
        """Read a registry; when its last operation failed, with Azure's words on why."""
        operations = self._clients.of(wanted.subscription).registries.registries
        found = await calls.read(operations.get(wanted.group, wanted.name))
        if found is None:
            return None
        registry = registry_models.registry(found)
        if registry.succeeded:
            self._operations.succeeded(wanted)
        if registry.failed:
            await self._ask_why(wanted)
        return dataclasses.replace(registry, attempt=self._operations.attempt(wanted))

    async def name_free(self, subscription: str, name: str) -> bool:
        """Say whether a registry of this name could be created."""
        operations = self._clients.of(subscription).registries.registries
        async with calls.failing():
            answer = await operations.check_name_availability(
                models.RegistryNameCheckRequest(name=name, type="Microsoft.ContainerRegistry/registries")
            )
        return bool(answer.name_available)

    async def create(self, write: CreateRegistry) -> None:
        """Begin to create a registry with one PUT.

        Two objects of this operator that claim one name must not PUT over each other before the first one's tag is
        to be seen, so the second is told to come back.
        """
        if write.id in self._creating:
            raise AzureFailure(kind=Kind.BUSY, text=f"Registry {write.id.name} is being created for another object.")
        operations = self._clients.of(write.id.subscription).registries.registries
        self._creating.add(write.id)
        try:
            async with calls.failing():
                await operations.begin_create(
                    write.id.group,
                    write.id.name,
                    registry_models.create_body(write),
                    polling=False,
                    raw_response_hook=self._remember(write.id),
                )
        finally:
            self._creating.discard(write.id)

    async def update(self, write: UpdateRegistry) -> None:
        """Begin to change what is stated, with PATCH."""
        operations = self._clients.of(write.id.subscription).registries.registries
        async with calls.failing():
            await operations.begin_update(
                write.id.group,
                write.id.name,
                registry_models.update_body(write),
                polling=False,
                raw_response_hook=self._remember(write.id),
            )

    def _remember(self, registry: ResourceId) -> Any:
        def hook(response: Any) -> None:
            self._operations.began(registry, response.http_response.headers)

        return hook

    async def _ask_why(self, registry: ResourceId) -> None:
        url = self._operations.to_ask(registry)
        if url is None:
            return
        client = self._clients.of(registry.subscription).registries
        async with calls.failing():
            response = await client.send_request(HttpRequest("GET", url))
        why = _why(response.json() if response.content else {})
        headers = {} if why else response.headers
        error = why or {
            "code": "",
            "message": f"the operation's status is gone (HTTP {response.status_code})",
        }
        self._operations.failed(
            registry,
            errors.failure(status=400, code=error["code"], message=error["message"], headers=headers),
        )


def _why(status: Mapping[str, Any]) -> dict[str, str] | None:
    """Read `{"status":"Failed","error":{"code","message"}}`."""
    error = status.get("error")
    if not isinstance(error, Mapping):
        return None
    return {"code": str(error.get("code") or ""), "message": str(error.get("message") or "")}
