"""Step `vault`: the key vault, purge-protected, open to trusted Azure services, in the access mode of the spec."""

import dataclasses
import ipaddress

from acrcmk.api.conditions import Reason
from acrcmk.api.spec import VaultSpec
from acrcmk.domain import ids, ownership, queries
from acrcmk.domain.desired import Desired
from acrcmk.domain.observed import Observed
from acrcmk.domain.outcome import Act, Blocked, Decision, Outcome, Progressing, Ready, Stalled
from acrcmk.domain.port import Azure
from acrcmk.domain.resources import OPEN, Firewall, Vault
from acrcmk.domain.writes import CreateVault, UpdateVault


async def observe(desired: Desired, observed: Observed, azure: Azure) -> Observed:
    """Read the vault and, where the spec refers to one that does not exist, whether it is soft-deleted."""
    vault = await azure.read(queries.GetVault(id=desired.vault_id))
    if vault is not None or not _is_referenced(desired):
        return dataclasses.replace(observed, vault=vault)
    deleted = queries.VaultIsDeleted(id=desired.vault_id, location=ids.location(desired.spec.location))
    return dataclasses.replace(observed, vault=None, vault_deleted=await azure.read(deleted))


def decide(desired: Desired, observed: Observed) -> Decision:
    """Create or update a vault that the spec names; one that it refers to must be usable as it is."""
    vault = observed.vault
    if _is_referenced(desired):
        return (
            _missing(desired, observed)
            if vault is None
            else _unusable(desired, vault) or _in_progress(vault) or _ready(vault)
        )
    if vault is None:
        return _create(desired)
    refusal = ownership.refusal(
        desired, what=f"Vault {vault.id}", id_=str(vault.id), tags=vault.tags, reference="spec.vault.resourceId"
    )
    if refusal:
        return refusal
    return _unusable(desired, vault) or _in_progress(vault) or _update(desired, vault) or _ready(vault)


def _is_referenced(desired: Desired) -> bool:
    return desired.spec.vault.resource_id is not None


def _create(desired: Desired) -> Act:
    spec = desired.spec.vault
    create = CreateVault(
        id=desired.vault_id,
        location=desired.spec.location,
        tenant=desired.defaults.tenant,
        tags=desired.tags,
        sku=spec.sku,
        rbac=_rbac(desired),
        retention_days=spec.soft_delete_retention_days,
        firewall=_desired_firewall(spec) or OPEN,
    )
    return Act(
        writes=(create,),
        meanwhile=Progressing(reason=Reason.CREATING, message=f"Creating vault {desired.vault_id.name}."),
    )


def _in_progress(vault: Vault) -> Outcome | None:
    """Wait while Azure registers the vault's host name; a grant needs only the vault itself, so it need not wait."""
    if vault.succeeded:
        return None
    return Progressing(
        reason=Reason.CREATING,
        message=f"Vault {vault.id.name} is being created (provisioning state {vault.provisioning_state}).",
        unlocks=True,
    )


def _unusable(desired: Desired, vault: Vault) -> Outcome | None:
    """Return why a vault cannot be used until somebody changes the spec or the vault."""
    if vault.rbac != _rbac(desired):
        return _mode_mismatch(desired, vault)
    perimeter = ids.equal(vault.public_network_access, "SecuredByPerimeter")
    if not _is_referenced(desired):
        return _fixed_property(desired, vault) or (_firewall_blocks(vault) if perimeter else None)
    if not vault.purge_protection:
        return Blocked(
            reason=Reason.PURGE_PROTECTION_DISABLED,
            message=f"Vault {vault.id} has no purge protection: whoever deletes and purges its key makes every image "
            f"unreadable. Enable it: az keyvault update --name {vault.id.name} --enable-purge-protection true.",
        )
    return _firewall_blocks(vault) if _blocks_trusted_services(vault) else None


def _firewall_blocks(vault: Vault) -> Blocked:
    return Blocked(
        reason=Reason.VAULT_FIREWALL_BLOCKS_AZURE,
        message=f"The firewall of vault {vault.id} (public network access {vault.public_network_access}) does not let "
        f"trusted Azure services through, so the registry cannot reach the key. Allow them: az keyvault update --name "
        f"{vault.id.name} --bypass AzureServices; a vault in a network security perimeter needs an access rule there.",
    )


def _fixed_property(desired: Desired, vault: Vault) -> Outcome | None:
    """Return which properties differ from the spec although Azure fixed them when the vault was created."""
    spec = desired.spec
    differs = []
    if ids.location(vault.location) != ids.location(spec.location):
        differs.append(f"location is {vault.location}, spec.location says {spec.location}")
    if vault.retention_days != spec.vault.soft_delete_retention_days:
        differs.append(
            f"soft-delete retention is {vault.retention_days} days, "
            f"spec.vault.softDeleteRetentionDays says {spec.vault.soft_delete_retention_days}"
        )
    if not differs:
        return None
    return Stalled(
        reason=Reason.IMMUTABLE_FIELD_CHANGED,
        message=f"Vault {vault.id}: {'; '.join(differs)}. Azure fixes this at creation: correct the spec.",
    )


def _update(desired: Desired, vault: Vault) -> Act | None:
    """Return the PATCH of the fields that differ from the spec."""
    spec = desired.spec.vault
    update = UpdateVault(
        id=vault.id,
        sku="premium" if spec.sku == "premium" and not ids.equal(vault.sku, "premium") else None,
        purge_protection=None if vault.purge_protection else True,
        firewall=_firewall_change(spec, vault),
    )
    if update == UpdateVault(id=vault.id):
        # Tags come last and alone: something in Azure that changes them must not hold up the rest.
        update = dataclasses.replace(update, tags=ownership.missing_tags(desired, vault.tags))
    if update == UpdateVault(id=vault.id):
        return None
    return Act(
        writes=(update,),
        meanwhile=Progressing(reason=Reason.UPDATING, message=f"In progress: {update}."),
    )


def _firewall_change(spec: VaultSpec, vault: Vault) -> Firewall | None:
    """Return the firewall to set, or None when it needs no change.

    Without `spec.vault.firewall` the vault is created open; a firewall that is configured later in Azure stays, as
    long as trusted services can pass it.
    """
    desired = _desired_firewall(spec)
    if desired is None:
        blocks = _blocks_trusted_services(vault)
        return dataclasses.replace(vault.firewall, bypass="AzureServices") if blocks else None
    return None if _normalised(desired) == _normalised(vault.firewall) else desired


def _desired_firewall(spec: VaultSpec) -> Firewall | None:
    if spec.firewall is None:
        return None
    return Firewall(
        default_action="Deny",
        ip_rules=frozenset(spec.firewall.ip_rules),
        subnet_ids=frozenset(spec.firewall.subnet_ids),
    )


def _normalised(firewall: Firewall) -> Firewall:
    """Return a firewall in one spelling: Azure answers single addresses as /32 and subnet ids in lower case."""
    return Firewall(
        default_action=firewall.default_action,
        bypass=firewall.bypass.casefold(),
        ip_rules=frozenset(str(ipaddress.ip_network(rule, strict=False)) for rule in firewall.ip_rules),
        subnet_ids=frozenset(subnet.casefold() for subnet in firewall.subnet_ids),
    )


def _blocks_trusted_services(vault: Vault) -> bool:
    """Whether trusted services cannot reach the vault; a perimeter overrides the bypass (azure-behaviour.md 2.3)."""
    if ids.equal(vault.public_network_access, "SecuredByPerimeter"):
        return True
    closed = vault.firewall.default_action == "Deny" or ids.equal(vault.public_network_access, "Disabled")
    return closed and not ids.equal(vault.firewall.bypass, "AzureServices")


def _rbac(desired: Desired) -> bool:
    return desired.spec.vault.access == "RBAC"


def _mode_mismatch(desired: Desired, vault: Vault) -> Stalled:
    mode = "RBAC" if vault.rbac else "AccessPolicy"
    flag = "true" if _rbac(desired) else "false"
    return Stalled(
        reason=Reason.VAULT_ACCESS_MODE_MISMATCH,
        message=f"Vault {vault.id} uses access mode {mode}, spec.vault.access is {desired.spec.vault.access}. "
        f"Set spec.vault.access: {mode}. The operator never changes the mode of a vault, because every grant of the "
        "old mode would stop working at once. To change it yourself, create the new grants first, then: "
        f"az keyvault update --name {vault.id.name} --enable-rbac-authorization {flag}.",
    )


def _missing(desired: Desired, observed: Observed) -> Blocked:
    if observed.vault_deleted:
        return Blocked(
            reason=Reason.VAULT_SOFT_DELETED,
            message=f"Vault {desired.vault_id}, named by spec.vault.resourceId, is soft-deleted. Recover it: "
            f"az keyvault recover --name {desired.vault_id.name}.",
        )
    return Blocked(
        reason=Reason.VAULT_NOT_FOUND,
        message=f"Vault {desired.vault_id}, named by spec.vault.resourceId, does not exist. "
        "Create it, or correct the id.",
    )


def _ready(vault: Vault) -> Ready:
    return Ready(message=f"Vault {vault.id.name} exists, has purge protection and allows trusted Azure services.")
