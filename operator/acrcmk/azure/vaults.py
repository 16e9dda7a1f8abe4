"""Key vaults and their access policies, through ARM."""

from azure.mgmt.keyvault import models
from azure.mgmt.keyvault.aio.operations import VaultsOperations

from acrcmk.azure import errors
from acrcmk.azure.clients import ClientFactory
from acrcmk.azure.service import Handlers, enum_text
from acrcmk.domain import queries
from acrcmk.domain.ids import ResourceId
from acrcmk.domain.resources import OPEN, AccessPolicy, Firewall, NameAvailability, Vault
from acrcmk.domain.writes import AddAccessPolicy, CreateVault, UpdateVault

_PERMISSIONS = {"get": "get", "wrapkey": "wrapKey", "unwrapkey": "unwrapKey"}
"""Key permissions in Azure's spelling."""


class Vaults:
    """Reads, creates and changes vaults. A vault is never read, changed and PUT back."""

    def __init__(self, clients: ClientFactory) -> None:
        self._clients = clients
        self.handlers: Handlers = {
            queries.GetVault: self._get,
            queries.CheckVaultName: self._check_name,
            queries.VaultIsDeleted: self._is_deleted,
            CreateVault: self._create,
            UpdateVault: self._update,
            AddAccessPolicy: self._add_access_policy,
        }

    async def _get(self, query: queries.GetVault) -> Vault | None:
        vault = await errors.or_none(self._operations(query.id).get(query.id.group, query.id.name))
        return _vault(vault) if vault else None

    async def _check_name(self, query: queries.CheckVaultName) -> NameAvailability:
        parameters = models.VaultCheckNameAvailabilityParameters(name=query.id.name)
        async with errors.translated():
            answer = await self._operations(query.id).check_name_availability(parameters)
        return NameAvailability(
            available=bool(answer.name_available), reason=enum_text(answer.reason), message=answer.message or ""
        )

    async def _is_deleted(self, query: queries.VaultIsDeleted) -> bool:
        call = self._operations(query.id).get_deleted(query.id.name, query.location)
        return await errors.or_none(call) is not None

    async def _create(self, write: CreateVault) -> Vault:
        """Begin to create a vault; Azure answers it with the state `RegisteringDns`, later `Succeeded`."""
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
        async with errors.translated():
            poller = await self._operations(write.id).begin_create_or_update(
                write.id.group, write.id.name, body, polling=False
            )
            return _vault(await poller.result())

    async def _update(self, write: UpdateVault) -> Vault:
        properties = models.VaultPatchProperties(
            sku=models.Sku(family="A", name=write.sku) if write.sku else None,
            enable_purge_protection=write.purge_protection,
            network_acls=_network_acls(write.firewall) if write.firewall else None,
        )
        body = models.VaultPatchParameters(tags=dict(write.tags) if write.tags else None, properties=properties)
        async with errors.translated():
            return _vault(await self._operations(write.id).update(write.id.group, write.id.name, body))

    async def _add_access_policy(self, write: AddAccessPolicy) -> None:
        """Add an access policy by `accessPolicies/add`, which leaves the other entries unchanged."""
        entry = models.AccessPolicyEntry(
            tenant_id=write.tenant,
            object_id=write.principal,
            permissions=models.Permissions(
                keys_property=[_PERMISSIONS[name] for name in sorted(write.key_permissions)]
            ),
        )
        body = models.VaultAccessPolicyParameters(
            properties=models.VaultAccessPolicyProperties(access_policies=[entry])
        )
        async with errors.translated():
            await self._operations(write.vault).update_access_policy(write.vault.group, write.vault.name, "add", body)

    def _operations(self, vault: ResourceId) -> VaultsOperations:
        return self._clients.of(vault.subscription).vaults.vaults


def _vault(vault: models.Vault) -> Vault:
    properties = vault.properties
    return Vault(
        id=ResourceId.parse(str(vault.id)),
        uri=str(properties.vault_uri or ""),
        tenant_id=str(properties.tenant_id),
        # Azure omits the state of a few old vaults; then no operation is in progress.
        provisioning_state=enum_text(properties.provisioning_state) or "Succeeded",
        location=str(vault.location),
        tags=vault.tags or {},
        sku=enum_text(properties.sku.name),
        rbac=bool(properties.enable_rbac_authorization),
        purge_protection=bool(properties.enable_purge_protection),
        retention_days=properties.soft_delete_retention_in_days or 90,
        firewall=_firewall(properties.network_acls),
        public_network_access=enum_text(properties.public_network_access) or "Enabled",
        policies=tuple(_policy(entry) for entry in properties.access_policies or ()),
    )


def _policy(entry: models.AccessPolicyEntry) -> AccessPolicy:
    # An entry for an application on behalf of a principal is no grant to that principal alone.
    return AccessPolicy(
        object_id="" if entry.application_id else str(entry.object_id),
        key_permissions=frozenset(enum_text(name).casefold() for name in entry.permissions.keys_property or ()),
    )


def _firewall(acls: models.NetworkRuleSet | None) -> Firewall:
    if acls is None:
        return OPEN
    return Firewall(
        default_action=enum_text(acls.default_action) or OPEN.default_action,
        bypass=enum_text(acls.bypass) or OPEN.bypass,
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
