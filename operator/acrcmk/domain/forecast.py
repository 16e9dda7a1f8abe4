"""A decorator of the Azure port that applies writes to predicted resources: the runner's mode *forecast*.

With it a plan shows every write up to Ready, where a dry run shows only those of the first reconcile.
"""

import dataclasses
from typing import Any, TypeVar

from acrcmk.domain import queries, resources, writes
from acrcmk.domain.ids import KeyIdentifier
from acrcmk.domain.port import Azure
from acrcmk.domain.queries import Query

T = TypeVar("T")

VERSION = "0" * 32
"""Placeholder for the version of a key that does not exist yet."""


class Forecast:
    """Azure as it would be after the collected `writes`, each of which is taken to succeed at once.

    Ids that Azure assigns are placeholders such as `<client id of NAME>`. `vault_domain` is the cloud's domain of
    vaults, as in `vault.azure.net`.
    """

    def __init__(self, azure: Azure, *, vault_domain: str = "vault.azure.net") -> None:
        self._azure = azure
        self._vault_domain = vault_domain
        self._predicted: dict[Query[Any], Any] = {}
        self.writes: list[writes.Write] = []

    async def read(self, query: Query[T]) -> T:
        """Return the predicted answer to a query where a write changed it, else Azure's."""
        if query in self._predicted:
            answer: T = self._predicted[query]
            return answer
        return await self._azure.read(query)

    async def apply(self, write: writes.Write) -> None:
        """Collect a write and predict its effect."""
        self.writes.append(write)
        query = queries.of_write(write)
        answer = predicted(write, current=await self.read(query), vault_domain=self._vault_domain)
        self._predicted[query] = answer
        if isinstance(write, writes.CreateKey):
            version = queries.GetKey(vault=write.vault, name=write.name, version=answer.identifier.version)
            self._predicted[version] = answer


def predicted(  # noqa: C901, PLR0911 - one case per write
    write: writes.Write, *, current: Any, vault_domain: str = "vault.azure.net"
) -> Any:
    """Return the answer to `queries.of_write(write)` after a write; `current` is the answer before it."""
    match write:
        case writes.CreateGroup():
            return True
        case writes.CreateIdentity():
            return _identity(write)
        case writes.TagIdentity():
            return dataclasses.replace(current, tags=write.tags)
        case writes.CreateVault():
            return _vault(write, vault_domain)
        case writes.UpdateVault():
            return _updated(current, write, "tags", "sku", "purge_protection", "firewall")
        case writes.AddAccessPolicy():
            policy = resources.AccessPolicy(object_id=write.principal, key_permissions=write.key_permissions)
            return dataclasses.replace(current, policies=(*current.policies, policy))
        case writes.AssignRole():
            return (*current, _assignment(write))
        case writes.CreateKey():
            return current or _key(write, vault_domain)
        case writes.CreateRegistry():
            return _registry(write)
        case writes.UpdateRegistry():
            return _updated_registry(current, write)


def _identity(write: writes.CreateIdentity) -> resources.Identity:
    return resources.Identity(
        id=write.id,
        client_id=f"<client id of {write.id.name}>",
        principal_id=f"<principal id of {write.id.name}>",
        tags=write.tags,
    )


def _vault(write: writes.CreateVault, vault_domain: str) -> resources.Vault:
    return resources.Vault(
        id=write.id,
        uri=f"https://{write.id.name}.{vault_domain}/".lower(),
        tenant_id=write.tenant,
        provisioning_state="Succeeded",
        location=write.location,
        tags=write.tags,
        sku=write.sku,
        rbac=write.rbac,
        purge_protection=True,
        retention_days=write.retention_days,
        firewall=write.firewall,
        public_network_access="Enabled",
        policies=(),
    )


def _assignment(write: writes.AssignRole) -> resources.RoleAssignment:
    return resources.RoleAssignment(
        name=write.name, principal_id=write.principal, role_definition_id=write.role_definition
    )


def _key(write: writes.CreateKey, vault_domain: str) -> resources.Key:
    return resources.Key(
        identifier=KeyIdentifier(f"{write.vault.name}.{vault_domain}".lower(), write.name, VERSION),
        type=write.type,
        size=write.size,
        enabled=True,
        operations=frozenset(),
        created=None,
        not_before=None,
        expires=None,
        tags=write.tags,
    )


def _registry(write: writes.CreateRegistry) -> resources.Registry:
    return resources.Registry(
        id=write.id,
        login_server=f"{write.id.name}.azurecr.io".lower(),
        provisioning_state="Succeeded",
        location=write.location,
        tags=write.tags,
        sku="Premium",
        identity_type="UserAssigned",
        identities={write.identity: write.client_id},
        encryption=_encryption(write.key, write.client_id),
        settings=write.settings,
    )


def _updated_registry(current: resources.Registry, write: writes.UpdateRegistry) -> resources.Registry:
    registry: resources.Registry = _updated(dataclasses.replace(current, provisioning_state="Succeeded"), write, "tags")
    if write.identity is not None and write.client_id is not None:
        registry = dataclasses.replace(registry, identities={**registry.identities, write.identity: write.client_id})
    if write.key is not None and write.client_id is not None:
        registry = dataclasses.replace(registry, encryption=_encryption(write.key, write.client_id))
    if write.settings is not None:
        settings = [field.name for field in dataclasses.fields(write.settings)]
        registry = dataclasses.replace(registry, settings=_updated(registry.settings, write.settings, *settings))
    return registry


def _encryption(key: KeyIdentifier, client_id: str) -> resources.Encryption:
    return resources.Encryption(
        status="enabled",
        identity=client_id,
        key_identifier=str(key),
        versioned_key_identifier=f"{key.unversioned}/{key.version or VERSION}",
        key_rotation_enabled=key.version is None,
    )


def _updated(resource: Any, change: Any, *fields: str) -> Any:
    """Return a resource with those fields of a change that are not None."""
    return dataclasses.replace(
        resource, **{name: value for name in fields if (value := getattr(change, name)) is not None}
    )
