"""Keys through ARM, which needs no data-plane permission and passes every vault firewall (azure-behaviour.md 2.4)."""

import datetime

from azure.mgmt.keyvault import models
from azure.mgmt.keyvault.aio.operations import KeysOperations

from acrcmk.azure import errors
from acrcmk.azure.clients import ClientFactory
from acrcmk.azure.service import Handlers, enum_text
from acrcmk.domain.ids import KeyIdentifier, ResourceId
from acrcmk.domain.queries import GetKey
from acrcmk.domain.resources import Key
from acrcmk.domain.writes import CreateKey


class Keys:
    """Reads and creates keys."""

    def __init__(self, clients: ClientFactory) -> None:
        self._clients = clients
        self.handlers: Handlers = {GetKey: self._get, CreateKey: self._create}

    async def _get(self, query: GetKey) -> Key | None:
        operations, vault = self._operations(query.vault), query.vault
        call = (
            operations.get(vault.group, vault.name, query.name)
            if query.version is None
            else operations.get_version(vault.group, vault.name, query.name, query.version)
        )
        key = await errors.or_none(call)
        return _key(key) if key else None

    async def _create(self, write: CreateKey) -> Key:
        """Create a key; Azure answers an existing one as it is, without a new version."""
        properties = models.KeyProperties(
            kty=write.type, key_size=write.size, attributes=models.KeyAttributes(enabled=True)
        )
        body = models.KeyCreateParameters(properties=properties, tags=dict(write.tags))
        async with errors.translated():
            return _key(
                await self._operations(write.vault).create_if_not_exist(
                    write.vault.group, write.vault.name, write.name, body
                )
            )

    def _operations(self, vault: ResourceId) -> KeysOperations:
        return self._clients.of(vault.subscription).vaults.keys


def _key(key: models.Key) -> Key:
    properties = key.properties
    attributes = properties.attributes or models.KeyAttributes()
    return Key(
        identifier=KeyIdentifier.parse(str(properties.key_uri_with_version or properties.key_uri)),
        type=enum_text(properties.kty),
        size=properties.key_size,
        enabled=attributes.enabled is not False,
        operations=frozenset(enum_text(name).casefold() for name in properties.key_ops or ()),
        created=_time(attributes.created),
        not_before=_time(attributes.not_before),
        expires=_time(attributes.expires),
        tags=key.tags or {},
    )


def _time(seconds: int | None) -> datetime.datetime | None:
    return None if seconds is None else datetime.datetime.fromtimestamp(seconds, tz=datetime.UTC)
