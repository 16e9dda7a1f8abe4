"""Step `vault`: the key vault, purge-protected, open to trusted Azure services, in the access mode of the spec."""

import dataclasses
import ipaddress

from acrcmk.api import spec as specs
from acrcmk.api.conditions import Reason
from acrcmk.domain import names, ownership, resources
from acrcmk.domain.decision import Act, Decision
from acrcmk.domain.outcome import Blocked, Outcome, Progressing, Ready, Stalled
from acrcmk.domain.ports import Azure
from acrcmk.domain.resources import OPEN, Firewall, Vault
from acrcmk.domain.subject import Subject
from acrcmk.domain.writes import CreateVault, UpdateVault


@dataclasses.dataclass(frozen=True, kw_only=True)
class Observed:
    """The vault, or None when it is not there."""

    vault: resources.Vault | None


async def observe(subject: Subject, azure: Azure) -> Observed:
    """Read the vault."""
    return Observed(vault=await azure.vault(subject.vault_id))


def decide(subject: Subject, observed: Observed) -> Decision:
    """Create or mend a vault that is ours; a referenced one must be fit for the purpose as it is."""
    vault = observed.vault
    if vault is None:
        return _create(subject) if subject.owns_vault else _missing(subject)
    if subject.owns_vault:
        refusal = ownership.refusal(
            subject, what=f"Vault {vault.id}", tags=vault.tags, reference="spec.vault.resourceId"
        )
        if refusal:
            return refusal
    mending = _mend(subject, vault) if subject.owns_vault else None
    return _unfit(subject, vault) or _in_work(vault) or mending or _ready(vault)


def _create(subject: Subject) -> Act:
    spec = subject.spec.vault
    create = CreateVault(
        id=subject.vault_id,
        location=subject.spec.location,
        tenant=subject.defaults.tenant,
        tags=subject.tags,
        sku=spec.sku,
        rbac=_rbac(subject),
        retention_days=spec.soft_delete_retention_days,
        firewall=_wanted_firewall(spec) or OPEN,
    )
    return Act(
        writes=(create,),
        meanwhile=Progressing(reason=Reason.CREATING, message=f"Creating vault {subject.vault_id.name}."),
    )


def _in_work(vault: Vault) -> Outcome | None:
    """Wait while Azure registers the vault's name. A grant needs only the vault itself, and takes longer to spread."""
    if vault.succeeded:
        return None
    return Progressing(
        reason=Reason.CREATING,
        message=f"Vault {vault.id.name} is {vault.provisioning_state}: Azure is at work.",
        unlocks=True,
    )


def _unfit(subject: Subject, vault: Vault) -> Outcome | None:
    """Say why a vault cannot be used by editing nothing but the spec, or by somebody else's hand in Azure."""
    if vault.rbac != _rbac(subject):
        return _mode_mismatch(subject, vault)
    if subject.owns_vault:
        return _fixed(subject, vault)
    if not vault.purge_protection:
        return Blocked(
            reason=Reason.PURGE_PROTECTION_DISABLED,
            message=f"Vault {vault.id} has no purge protection: whoever deletes and purges its key makes every image "
            f"unreadable. Enable it: az keyvault update --name {vault.id.name} --enable-purge-protection true.",
        )
    if _shuts_out_azure(vault):
        return Blocked(
            reason=Reason.VAULT_FIREWALL_BLOCKS_AZURE,
            message=f"The firewall of vault {vault.id} does not let trusted Azure services through, so the registry "
            f"cannot reach the key. Let them: az keyvault update --name {vault.id.name} --bypass AzureServices.",
        )
    return None


def _fixed(subject: Subject, vault: Vault) -> Outcome | None:
    """Find what Azure fixed when our vault was created and the spec now says otherwise."""
    spec = subject.spec
    differs = []
    if names.location(vault.location) != names.location(spec.location):
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


def _mend(subject: Subject, vault: Vault) -> Act | None:
    """Change what differs on our own vault, field by field."""
    spec = subject.spec.vault
    update = UpdateVault(
        id=vault.id,
        tags=ownership.missing_tags(subject, vault.tags),
        sku="premium" if spec.sku == "premium" and not names.same(vault.sku, "premium") else None,
        purge_protection=None if vault.purge_protection else True,
        firewall=_firewall_change(spec, vault),
    )
    if update == UpdateVault(id=vault.id):
        return None
    return Act(
        writes=(update,),
        meanwhile=Progressing(reason=Reason.UPDATING, message=f"Doing: {update}."),
    )


def _firewall_change(spec: specs.VaultSpec, vault: Vault) -> Firewall | None:
    """Return the firewall to set, or None when it is right.

    Without `spec.vault.firewall` the vault is created open; a firewall that somebody puts up later stays, as long as
    trusted services pass.
    """
    wanted = _wanted_firewall(spec)
    if wanted is None:
        shut = vault.firewall.default_action == "Deny" and not names.same(vault.firewall.bypass, "AzureServices")
        return dataclasses.replace(vault.firewall, bypass="AzureServices") if shut else None
    return None if _normal(wanted) == _normal(vault.firewall) else wanted


def _wanted_firewall(spec: specs.VaultSpec) -> Firewall | None:
    if spec.firewall is None:
        return None
    return Firewall(
        default_action="Deny",
        ip_rules=frozenset(spec.firewall.ip_rules),
        subnet_ids=frozenset(spec.firewall.subnet_ids),
    )


def _normal(firewall: Firewall) -> Firewall:
    """Spell a firewall one way: Azure answers single addresses as /32 and subnet ids in lower case."""
    return Firewall(
        default_action=firewall.default_action,
        bypass=firewall.bypass.casefold(),
        ip_rules=frozenset(str(ipaddress.ip_network(rule, strict=False)) for rule in firewall.ip_rules),
        subnet_ids=frozenset(subnet.casefold() for subnet in firewall.subnet_ids),
    )


def _shuts_out_azure(vault: Vault) -> bool:
    """Say whether trusted services are refused; a security perimeter overrides the bypass (azure-behaviour.md 2.3)."""
    if names.same(vault.public_network_access, "SecuredByPerimeter"):
        return True
    closed = vault.firewall.default_action == "Deny" or names.same(vault.public_network_access, "Disabled")
    return closed and not names.same(vault.firewall.bypass, "AzureServices")


def _rbac(subject: Subject) -> bool:
    return subject.spec.vault.access == "RBAC"


def _mode_mismatch(subject: Subject, vault: Vault) -> Stalled:
    uses = "RBAC" if vault.rbac else "AccessPolicy"
    flag = "true" if _rbac(subject) else "false"
    return Stalled(
        reason=Reason.VAULT_ACCESS_MODE_MISMATCH,
        message=f"Vault {vault.id} grants access by {uses}, spec.vault.access says {subject.spec.vault.access}. "
        f"Set spec.vault.access: {uses}. The operator never switches a vault: every grant in the old mode would stop "
        f"working at once. To switch it yourself, grant first, then: az keyvault update --name {vault.id.name} "
        f"--enable-rbac-authorization {flag}.",
    )


def _missing(subject: Subject) -> Blocked:
    return Blocked(
        reason=Reason.VAULT_NOT_FOUND,
        message=f"Vault {subject.vault_id}, named by spec.vault.resourceId, does not exist. "
        "Create it, or correct the id.",
    )


def _ready(vault: Vault) -> Ready:
    return Ready(message=f"Vault {vault.id.name} exists, purge-protected and open to trusted Azure services.")
