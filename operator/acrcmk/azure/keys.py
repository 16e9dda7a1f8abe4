"""Keys through ARM: no data-plane grant is needed, and no vault firewall stands in the way (azure-behaviour.md 2.4)."""

import datetime
from typing import Any

from azure.mgmt.keyvault import models

from acrcmk.azure import calls
from acrcmk.azure.clients import ClientFactory
from acrcmk.azure.words import word
from acrcmk.domain.names import KeyIdentifier, ResourceId
from acrcmk.domain.resources import Key
from acrcmk.domain.writes import CreateKey


class Keys:
    """Reads and creates keys."""

    def __init__(self, clients: ClientFactory) -> None:
        self._clients = clients

    async def get(self, vault: ResourceId, name: str) -> Key | None:
        """Read a key with its current version."""
        found = await calls.read(self._operations(vault).get(vault.group, vault.name, name))
        return _key(found) if found else None

    async def version(self, vault: ResourceId, name: str, version: str) -> Key | None:
        """Read one version of a key."""
        found = await calls.read(self._operations(vault).get_version(vault.group, vault.name, name, version))
        return _key(found) if found else None

    async def in_vault(self, vault: ResourceId) -> tuple[Key, ...]:
        """Read all keys of a vault."""

        async def collect() -> tuple[Key, ...]:
            return tuple([_key(one) async for one in self._operations(vault).list(vault.group, vault.name)])

        return await calls.read(collect()) or ()

    async def create(self, write: CreateKey) -> None:
        """Create a key; Azure answers an existing one as it is, without a new version."""
        properties = models.KeyProperties(
            kty=write.type, key_size=write.size, attributes=models.KeyAttributes(enabled=True)
        )
        body = models.KeyCreateParameters(properties=properties, tags=dict(write.tags))
        async with calls.failing():
            await self._operations(write.vault).create_if_not_exist(
                write.vault.group, write.vault.name, write.name, body
            )

    def _operations(self, vault: ResourceId) -> Any:
        return self._clients.of(vault.subscription).vaults.keys


def _key(found: models.Key) -> Key:
    properties = found.properties
    attributes = properties.attributes or models.KeyAttributes()
    return Key(
        # A list answers keys without a version.
        identifier=KeyIdentifier.parse(str(properties.key_uri_with_version or properties.key_uri)),
        type=word(properties.kty),
        size=properties.key_size,
        enabled=attributes.enabled is not False,
        created=_time(attributes.created),
        not_before=_time(attributes.not_before),
        expires=_time(attributes.expires),
        tags=found.tags or {},
    )


def _time(seconds: int | None) -> datetime.datetime | None:
    return None if seconds is None else datetime.datetime.fromtimestamp(seconds, tz=datetime.UTC)
