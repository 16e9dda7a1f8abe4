"""Step `access`: the grant that lets the identity get, wrap and unwrap with the key.

A grant that is written is not yet a grant that works: role assignments take up to 10 minutes (azure-behaviour.md 3).
Only
the registry's use of the key proves it; until then the step is `Progressing(Propagating)` and lets the registry try.
"""

import dataclasses

from acrcmk.api.conditions import ConditionType, Reason
from acrcmk.domain import names, resources
from acrcmk.domain.decision import Act, Decision
from acrcmk.domain.names import KeyIdentifier
from acrcmk.domain.outcome import Progressing, Ready
from acrcmk.domain.ports import Azure
from acrcmk.domain.resources import Identity, Registry, RoleAssignment, Vault
from acrcmk.domain.subject import Subject
from acrcmk.domain.writes import AddAccessPolicy, AssignRole

KEY_PERMISSIONS = frozenset({"get", "wrapkey", "unwrapkey"})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Observed:
    """Who shall have access to what, what is granted, and the registry that proves it."""

    identity: Identity | None
    vault: Vault | None
    assignments: tuple[RoleAssignment, ...]
    registry: Registry | None


async def observe(subject: Subject, azure: Azure) -> Observed:
    """Read the grants of the identity on the vault."""
    identity = await azure.identity(subject.identity_id)
    vault = await azure.vault(subject.vault_id)
    rbac = vault is not None and vault.rbac and identity is not None
    return Observed(
        identity=identity,
        vault=vault,
        assignments=await azure.role_assignments(subject.vault_id, identity.principal_id) if rbac and identity else (),
        registry=await azure.registry(subject.registry_id),
    )


def decide(subject: Subject, observed: Observed) -> Decision:
    """Grant what is missing; Ready once Azure has accepted the key through the grant."""
    identity, vault = observed.identity, observed.vault
    if identity is None or vault is None:
        return Progressing(reason=Reason.WAITING, message="The identity or the vault went away during this pass.")
    what = f"identity {identity.id.name} to use keys of vault {vault.id.name}"
    if not _granted(observed, identity, vault):
        return Act(
            writes=(_grant(subject, identity, vault),),
            meanwhile=Progressing(reason=Reason.CREATING, message=f"Granting {what}."),
        )
    if _accepted(subject, observed.registry, identity, vault):
        return Ready(message=f"Access granted for {what}, and used by the registry.")
    return Progressing(
        reason=Reason.PROPAGATING,
        message=f"Access granted for {what}; it may take Azure up to 10 minutes until the registry can use it.",
        unlocks=True,
    )


def _granted(observed: Observed, identity: Identity, vault: Vault) -> bool:
    if vault.rbac:
        return any(_gives_role(one) for one in observed.assignments)
    return any(_gives_permissions(policy, identity) for policy in vault.policies)


def _gives_role(assignment: RoleAssignment) -> bool:
    return names.same(assignment.role_definition_id.rpartition("/")[2], names.CRYPTO_SERVICE_ENCRYPTION_USER)


def _gives_permissions(policy: resources.AccessPolicy, identity: Identity) -> bool:
    enough = policy.key_permissions >= KEY_PERMISSIONS or "all" in policy.key_permissions
    return enough and names.same(policy.object_id, identity.principal_id)


def _grant(subject: Subject, identity: Identity, vault: Vault) -> AssignRole | AddAccessPolicy:
    if not vault.rbac:
        return AddAccessPolicy(
            vault=vault.id,
            tenant=subject.defaults.tenant,
            principal=identity.principal_id,
            key_permissions=KEY_PERMISSIONS,
        )
    role = names.role_definition(subscription=vault.id.subscription, role=names.CRYPTO_SERVICE_ENCRYPTION_USER)
    return AssignRole(
        scope=vault.id,
        name=names.role_assignment(scope=vault.id, principal=identity.principal_id, role=role),
        principal=identity.principal_id,
        role_definition=role,
    )


def _accepted(subject: Subject, registry: Registry | None, identity: Identity, vault: Vault) -> bool:
    """Say whether the registry uses a key of this vault as this identity.

    While an operation runs on the registry nothing it shows is to be believed; what was proved before it stands.
    """
    if registry is None or registry.failed:
        return False
    if not registry.succeeded:
        return _proved_before(subject, identity)
    encryption = registry.encryption
    uses = encryption.enabled and encryption.key_identifier and names.same(encryption.identity, identity.client_id)
    return bool(uses) and KeyIdentifier.parse(encryption.key_identifier or "").host == names.vault_host(vault.uri)


def _proved_before(subject: Subject, identity: Identity) -> bool:
    condition = subject.status.condition(ConditionType.VAULT_ACCESS_READY)
    reported = subject.status.identity
    return bool(
        condition
        and condition.status == "True"
        and reported
        and names.same(reported.principal_id, identity.principal_id)
    )
