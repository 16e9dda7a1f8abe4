"""Step `access`: the grant that lets the identity get, wrap and unwrap with the key.

A grant takes effect up to 10 minutes after it is written (azure-behaviour.md 3), and only the registry's use of the key
proves it: until then the step is `Progressing(Propagating)` and lets the step `registry` try.
"""

import dataclasses

from acrcmk.api.conditions import ConditionType, Reason
from acrcmk.domain import ids, queries
from acrcmk.domain.desired import Desired
from acrcmk.domain.ids import KeyIdentifier
from acrcmk.domain.observed import Observed
from acrcmk.domain.outcome import Act, Decision, Progressing, Ready
from acrcmk.domain.port import Azure
from acrcmk.domain.resources import AccessPolicy, Identity, Registry, RoleAssignment, Vault
from acrcmk.domain.writes import AddAccessPolicy, AssignRole

KEY_PERMISSIONS = frozenset({"get", "wrapkey", "unwrapkey"})
"""The permissions that a registry needs, in lower case."""


async def observe(desired: Desired, observed: Observed, azure: Azure) -> Observed:
    """Read the role assignments of the identity at the vault; access policies are part of the vault."""
    identity, vault = _needed(observed)
    if not vault.rbac:
        return observed
    assignments = queries.ListRoleAssignments(scope=str(desired.vault_id), principal=identity.principal_id)
    return dataclasses.replace(observed, assignments=await azure.read(assignments))


def decide(desired: Desired, observed: Observed) -> Decision:
    """Grant what is missing; Ready once the registry has used the key through the grant."""
    identity, vault = _needed(observed)
    grant = f"identity {identity.id.name} to use keys of vault {vault.id.name}"
    if not _granted(observed, identity, vault):
        return Act(
            writes=(_grant(desired, identity, vault),),
            meanwhile=Progressing(reason=Reason.CREATING, message=f"Granting access for {grant}."),
        )
    if _accepted(desired, observed.registry, identity, vault):
        return Ready(message=f"Access is granted for {grant}, and the registry uses it.")
    return Progressing(
        reason=Reason.PROPAGATING,
        message=f"Access is granted for {grant}; it can take Azure up to 10 minutes until the registry can use it.",
        unlocks=True,
    )


def _needed(observed: Observed) -> tuple[Identity, Vault]:
    """Return what the steps before this one observed; both exist once this step runs."""
    if observed.identity is None or observed.vault is None:
        raise ValueError("the step access runs only once the identity and the vault exist")
    return observed.identity, observed.vault


def _granted(observed: Observed, identity: Identity, vault: Vault) -> bool:
    if vault.rbac:
        return any(_assigns_role(assignment) for assignment in observed.assignments)
    return any(_grants_permissions(policy, identity) for policy in vault.policies)


def _assigns_role(assignment: RoleAssignment) -> bool:
    return ids.equal(assignment.role_definition_id.rpartition("/")[2], ids.CRYPTO_SERVICE_ENCRYPTION_USER)


def _grants_permissions(policy: AccessPolicy, identity: Identity) -> bool:
    enough = policy.key_permissions >= KEY_PERMISSIONS or "all" in policy.key_permissions
    return enough and ids.equal(policy.object_id, identity.principal_id)


def _grant(desired: Desired, identity: Identity, vault: Vault) -> AssignRole | AddAccessPolicy:
    if not vault.rbac:
        return AddAccessPolicy(
            vault=vault.id,
            tenant=desired.defaults.tenant,
            principal=identity.principal_id,
            key_permissions=KEY_PERMISSIONS,
        )
    role = ids.role_definition_id(subscription=vault.id.subscription, role=ids.CRYPTO_SERVICE_ENCRYPTION_USER)
    scope = str(vault.id)
    return AssignRole(
        scope=scope,
        name=ids.role_assignment_name(scope=scope, principal=identity.principal_id, role=role),
        principal=identity.principal_id,
        role_definition=role,
    )


def _accepted(desired: Desired, registry: Registry | None, identity: Identity, vault: Vault) -> bool:
    """Whether the registry uses a key of this vault as this identity.

    While an operation is in progress the registry's fields are unreliable; what was proved before it still holds.
    """
    if registry is None or registry.failed:
        return False
    if not registry.succeeded:
        return _proved_before(desired, identity)
    encryption = registry.encryption
    uses = encryption.enabled and encryption.key_identifier and ids.equal(encryption.identity, identity.client_id)
    return bool(uses) and KeyIdentifier.parse(encryption.key_identifier or "").host == ids.vault_host(vault.uri)


def _proved_before(desired: Desired, identity: Identity) -> bool:
    condition = desired.status.condition(ConditionType.VAULT_ACCESS_READY)
    reported = desired.status.identity
    return bool(
        condition
        and condition.status == "True"
        and reported
        and ids.equal(reported.principal_id, identity.principal_id)
    )
