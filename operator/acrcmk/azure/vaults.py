"""Key vaults and their access policies, through ARM."""

from azure.mgmt.keyvault import models

from acrcmk.azure import calls
from acrcmk.azure.clients import ClientFactory
from acrcmk.azure.words import word
from acrcmk.domain.names import ResourceId
from acrcmk.domain.resources import OPEN, AccessPolicy, Firewall, Vault
from acrcmk.domain.writes import AddAccessPolicy, CreateVault, UpdateVault

_PERMISSIONS = {"get": "get", "wrapkey": "wrapKey", "unwrapkey": "unwrapKey"}
"""As Azure spells them."""


class Vaults:
    """Reads, creates and changes vaults. A vault is never read, changed and put back."""

    def __init__(self, clients: ClientFactory) -> None:
        self._clients = clients

    async def get(self, wanted: ResourceId) -> Vault | None:
        """Read a vault."""
        operations = self._clients.of(wanted.subscription).vaults.vaults
        found = await calls.read(operations.get(wanted.group, wanted.name))
        return _vault(found) if found else None

    async def name_free(self, subscription: str, name: str) -> bool:
        """Say whether a vault of this name could be created."""
        operations = self._clients.of(subscription).vaults.vaults
        async with calls.failing():
            answer = await operations.check_name_availability(models.VaultCheckNameAvailabilityParameters(name=name))
        return bool(answer.name_available)

    async def deleted(self, wanted: ResourceId, location: str) -> bool:
        """Say whether the vault is soft-deleted."""
        operations = self._clients.of(wanted.subscription).vaults.vaults
        return await calls.read(operations.get_deleted(wanted.name, location)) is not None

    async def create(self, write: CreateVault) -> None:
        """Begin to create a vault; its state is read afterwards (`RegisteringDns`, then `Succeeded`)."""
        operations = self._clients.of(write.id.subscription).vaults.vaults
        body = models.VaultCreateOrUpdateParameters(
            location=write.location,
            tags=dict(write.tags),
            properties=models.VaultProperties(
                tenant_id=write.tenant,
                sku=models.Sku(family="A", name=write.sku),
                access_policies=[],
                enable_rbac_authorization=write.rbac,
                enable_purge_protection=True,
                soft_delete_retention_in_days=write.retention_days,
                network_acls=_network_acls(write.firewall),
            ),
        )
        async with calls.failing():
            await operations.begin_create_or_update(write.id.group, write.id.name, body, polling=False)

    async def update(self, write: UpdateVault) -> None:
        """PATCH what is stated."""
        operations = self._clients.of(write.id.subscription).vaults.vaults
        properties = models.VaultPatchProperties(
            sku=models.Sku(family="A", name=write.sku) if write.sku else None,
            enable_purge_protection=write.purge_protection,
            network_acls=_network_acls(write.firewall) if write.firewall else None,
        )
        body = models.VaultPatchParameters(tags=dict(write.tags) if write.tags else None, properties=properties)
        async with calls.failing():
            await operations.update(write.id.group, write.id.name, body)

    async def add_policy(self, write: AddAccessPolicy) -> None:
        """Add an access policy by `accessPolicies/add`, which leaves everybody else's alone."""
        operations = self._clients.of(write.vault.subscription).vaults.vaults
        entry = models.AccessPolicyEntry(
            tenant_id=write.tenant,
            object_id=write.principal,
            permissions=models.Permissions(keys_property=[_PERMISSIONS[one] for one in sorted(write.key_permissions)]),
        )
        body = models.VaultAccessPolicyParameters(
            properties=models.VaultAccessPolicyProperties(access_policies=[entry])
        )
        async with calls.failing():
            await operations.update_access_policy(write.vault.group, write.vault.name, "add", body)


def _vault(found: models.Vault) -> Vault:
    properties = found.properties
    return Vault(
        id=ResourceId.parse(str(found.id)),
        uri=str(properties.vault_uri or ""),
        # Azure leaves the state out of a few old vaults; then nothing is under way.
        provisioning_state=word(properties.provisioning_state) or "Succeeded",
        location=str(found.location),
        tags=found.tags or {},
        sku=word(properties.sku.name),
        rbac=bool(properties.enable_rbac_authorization),
        purge_protection=bool(properties.enable_purge_protection),
        retention_days=properties.soft_delete_retention_in_days or 90,
        firewall=_firewall(properties.network_acls),
        public_network_access=word(properties.public_network_access) or "Enabled",
        policies=tuple(_policy(one) for one in properties.access_policies or ()),
    )


def _policy(entry: models.AccessPolicyEntry) -> AccessPolicy:
    # An entry for an application on behalf of somebody is no grant to that somebody alone.
    return AccessPolicy(
        object_id="" if entry.application_id else str(entry.object_id),
        key_permissions=frozenset(word(one).casefold() for one in entry.permissions.keys_property or ()),
    )


def _firewall(acls: models.NetworkRuleSet | None) -> Firewall:
    if acls is None:
        return OPEN
    return Firewall(
        default_action=word(acls.default_action) or OPEN.default_action,
        bypass=word(acls.bypass) or OPEN.bypass,
        ip_rules=frozenset(rule.value for rule in acls.ip_rules or ()),
        subnet_ids=frozenset(rule.id for rule in acls.virtual_network_rules or ()),
    )


def _network_acls(firewall: Firewall) -> models.NetworkRuleSet:
    return models.NetworkRuleSet(
        bypass=firewall.bypass,
        default_action=firewall.default_action,
        ip_rules=[models.IPRule(value=rule) for rule in sorted(firewall.ip_rules)],
        virtual_network_rules=[models.VirtualNetworkRule(id=subnet) for subnet in sorted(firewall.subnet_ids)],
    )
