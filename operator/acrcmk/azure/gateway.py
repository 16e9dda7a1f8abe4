"""The port to Azure over the real SDK, put together from the services."""

from typing import Any, TypeVar

from acrcmk.azure.authorization import Authorization
from acrcmk.azure.clients import ClientFactory
from acrcmk.azure.groups import Groups
from acrcmk.azure.identities import Identities
from acrcmk.azure.keys import Keys
from acrcmk.azure.operations import Operations
from acrcmk.azure.registries import Registries
from acrcmk.azure.service import Service
from acrcmk.azure.vaults import Vaults
from acrcmk.domain.queries import Query
from acrcmk.domain.resources import Resource
from acrcmk.domain.writes import Write

T = TypeVar("T")


class Gateway:
    """`domain.port.Azure`; each query and write goes to the service that handles its type."""

    def __init__(self, clients: ClientFactory, operations: Operations) -> None:
        services: tuple[Service, ...] = (
            Groups(clients),
            Identities(clients),
            Vaults(clients),
            Authorization(clients),
            Keys(clients),
            Registries(clients, operations),
        )
        self._handlers = {type_: handler for service in services for type_, handler in service.handlers.items()}

    async def read(self, query: Query[T]) -> T:
        """Return the answer to a query; raises `AzureFailure`."""
        answer: T = await self._handlers[type(query)](query)
        return answer

    async def apply(self, write: Write) -> Resource | None:
        """Begin a write and return the resource in Azure's answer; raises `AzureFailure`."""
        answer: Any = await self._handlers[type(write)](write)
        resource: Resource | None = answer
        return resource
