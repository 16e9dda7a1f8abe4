"""A model of Azure in memory, behind the domain's own port: enough to see whether passes converge.

Time is the number of passes. Answers may get lost before or after the write was done.
"""

import dataclasses
import uuid
from collections.abc import Iterator

from acrcmk.domain import names, resources, writes
from acrcmk.domain.failures import AzureFailure, Kind
from acrcmk.domain.names import KeyIdentifier, ResourceId
from tests.unit.domain import builders

LOST = AzureFailure(kind=Kind.UNAVAILABLE, text="connection reset")
REFUSED = AzureFailure(kind=Kind.KEY_ACCESS, text="Failed to access KeyId")


@dataclasses.dataclass
class ModelAzure:
    """`delay` passes go by until a vault is registered, a grant works and a registry is done."""

    generation: str = "C"
    refuses_later: bool = False
    delay: int = 1
    losses: Iterator[str] = dataclasses.field(default_factory=lambda: iter(()))
    now: int = 0
    groups: set[str] = dataclasses.field(default_factory=lambda: {"rg"})
    identities_: dict[ResourceId, resources.Identity] = dataclasses.field(default_factory=dict)
    vaults: dict[ResourceId, resources.Vault] = dataclasses.field(default_factory=dict)
    assignments: dict[str, resources.RoleAssignment] = dataclasses.field(default_factory=dict)
    keys_: dict[tuple[ResourceId, str], resources.Key] = dataclasses.field(default_factory=dict)
    registries: dict[ResourceId, resources.Registry] = dataclasses.field(default_factory=dict)
    granted_at: int | None = None
    done_at: dict[ResourceId, int] = dataclasses.field(default_factory=dict)
    final: dict[ResourceId, resources.Registry] = dataclasses.field(default_factory=dict)
    written: list[writes.Write] = dataclasses.field(default_factory=list)

    def tick(self) -> None:
        """Let one pass worth of time go by."""
        self.now += 1
        for key in [one for one, at in self.done_at.items() if at <= self.now]:
            del self.done_at[key]
            if key in self.vaults:
                self.vaults[key] = dataclasses.replace(self.vaults[key], provisioning_state="Succeeded")
            else:
                self.registries[key] = self.final.pop(key)

    async def group_exists(self, subscription: str, name: str) -> bool:
        return name in self.groups

    async def identity(self, wanted: ResourceId) -> resources.Identity | None:
        return self.identities_.get(wanted)

    async def identities(self, subscription: str, group: str) -> tuple[resources.Identity, ...]:
        return tuple(self.identities_.values())

    async def vault(self, wanted: ResourceId) -> resources.Vault | None:
        return self.vaults.get(wanted)

    async def role_assignments(self, scope: ResourceId, principal: str) -> tuple[resources.RoleAssignment, ...]:
        return tuple(one for one in self.assignments.values() if one.principal_id == principal)

    async def key(self, vault: ResourceId, name: str) -> resources.Key | None:
        return self.keys_.get((vault, name))

    async def key_version(self, vault: ResourceId, name: str, version: str) -> resources.Key | None:
        found = self.keys_.get((vault, name))
        return found if found and found.identifier.version == version else None

    async def keys(self, vault: ResourceId) -> tuple[resources.Key, ...]:
        return tuple(one for (holder, _), one in self.keys_.items() if holder == vault)

    async def registry(self, wanted: ResourceId) -> resources.Registry | None:
        return self.registries.get(wanted)

    async def registry_name_free(self, subscription: str, name: str) -> bool:
        return True

    async def vault_name_free(self, subscription: str, name: str) -> bool:
        return True

    async def vault_deleted(self, wanted: ResourceId, location: str) -> bool:
        return False

    async def apply(self, write: writes.Write) -> None:
        loss = next(self.losses, "")
        if loss == "before":
            raise LOST
        self.written.append(write)
        self._do(write)
        if loss == "after":
            raise LOST

    def _do(self, write: writes.Write) -> None:  # noqa: C901 - one case per write
        match write:
            case writes.CreateGroup():
                self.groups.add(write.name)
            case writes.CreateIdentity():
                self.identities_.setdefault(write.id, identity(write.id, tags=write.tags))
            case writes.TagIdentity():
                self.identities_[write.id] = dataclasses.replace(self.identities_[write.id], tags=write.tags)
            case writes.CreateVault():
                self.vaults[write.id] = self._vault(write)
                self.done_at[write.id] = self.now + self.delay
            case writes.UpdateVault():
                self.vaults[write.id] = _changed(
                    self.vaults[write.id], write, "tags", "sku", "purge_protection", "firewall"
                )
            case writes.AddAccessPolicy():
                policy = resources.AccessPolicy(object_id=write.principal, key_permissions=write.key_permissions)
                found = self.vaults[write.vault]
                self.vaults[write.vault] = dataclasses.replace(found, policies=(*found.policies, policy))
                self.granted_at = self.now if self.granted_at is None else self.granted_at
            case writes.AssignRole():
                self.assignments[write.name] = resources.RoleAssignment(
                    name=write.name, principal_id=write.principal, role_definition_id=write.role_definition
                )
                self.granted_at = self.now if self.granted_at is None else self.granted_at
            case writes.CreateKey():
                assert self.vaults[write.vault].succeeded, "no key before the vault is done"
                uri = f"https://{write.vault.name}.vault.azure.net/keys/{write.name}/{builders.VERSION_1}"
                key = builders.key(
                    identifier=KeyIdentifier.parse(uri), type=write.type, size=write.size, tags=write.tags
                )
                self.keys_.setdefault((write.vault, write.name), key)
            case writes.CreateRegistry():
                assert write.id not in self.registries or self.registries[write.id].failed, "a registry is put once"
                self._operate(write.id, "Creating", self._registry(write))
            case writes.UpdateRegistry():
                assert self.registries[write.id].provisioning_state in {"Succeeded", "Failed"}
                self._operate(write.id, "Updating", self._updated(write))

    def _operate(self, key: ResourceId, state: str, final: resources.Registry) -> None:
        works = self.granted_at is not None and self.now >= self.granted_at + self.delay
        if not works and not self.refuses_later:
            raise REFUSED
        before = self.registries.get(key)
        if self.generation == "A":
            self.registries[key] = final if works else dataclasses.replace(final, provisioning_state="Failed")
            return
        hidden = before or dataclasses.replace(final, identities={}, encryption=resources.Encryption(status="disabled"))
        shown = final if self.generation == "C" else hidden
        self.registries[key] = dataclasses.replace(shown, provisioning_state=state)
        self.final[key] = final if works else dataclasses.replace(shown, provisioning_state="Failed")
        self.done_at[key] = self.now + self.delay

    def _vault(self, write: writes.CreateVault) -> resources.Vault:
        return builders.vault(
            id=write.id,
            uri=f"https://{write.id.name}.vault.azure.net",
            provisioning_state="RegisteringDns",
            tags=write.tags,
            sku=write.sku,
            rbac=write.rbac,
            retention_days=write.retention_days,
            firewall=write.firewall,
        )

    def _registry(self, write: writes.CreateRegistry) -> resources.Registry:
        found = builders.registry(
            id=write.id,
            tags=write.tags,
            identities={write.identity: write.client_id},
            encryption=_encryption(write.key, write.client_id),
        )
        return dataclasses.replace(found, settings=_stated(found.settings, write.settings))

    def _updated(self, write: writes.UpdateRegistry) -> resources.Registry:
        found = dataclasses.replace(self.registries[write.id], provisioning_state="Succeeded")
        if write.tags is not None:
            found = dataclasses.replace(found, tags=write.tags)
        if write.identity is not None:
            attached = {**found.identities, write.identity: self.identities_[write.identity].client_id}
            found = dataclasses.replace(found, identities=attached)
        if write.key is not None and write.client_id is not None:
            found = dataclasses.replace(found, encryption=_encryption(write.key, write.client_id))
        if write.settings is not None:
            found = dataclasses.replace(found, settings=_stated(found.settings, write.settings))
        return found


def identity(wanted: ResourceId, *, tags: resources.Tags) -> resources.Identity:
    """An identity with ids of its own."""
    client, principal = (str(uuid.uuid5(uuid.NAMESPACE_URL, f"{kind} {wanted}")) for kind in ("client", "principal"))
    return resources.Identity(id=wanted, client_id=client, principal_id=principal, tags=tags)


def _encryption(key: KeyIdentifier, client_id: str) -> resources.Encryption:
    return builders.encryption(
        identity=client_id,
        key_identifier=str(key),
        versioned_key_identifier=f"{key.unversioned}/{key.version or builders.VERSION_1}",
        key_rotation_enabled=key.version is None,
    )


def _stated(found: resources.RegistrySettings, change: resources.RegistrySettings) -> resources.RegistrySettings:
    stated = {name: value for name, value in vars(change).items() if value is not None}
    return dataclasses.replace(found, **stated)


def _changed(found: resources.Vault, write: writes.UpdateVault, *fields: str) -> resources.Vault:
    stated = {name: getattr(write, name) for name in fields if getattr(write, name) is not None}
    return dataclasses.replace(found, **stated)


def role_of(model: ModelAzure) -> set[str]:
    """The roles that are assigned, by their last part."""
    return {one.role_definition_id.rpartition("/")[2] for one in model.assignments.values()}


CRYPTO = {names.CRYPTO_SERVICE_ENCRYPTION_USER}
