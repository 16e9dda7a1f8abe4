"""Step `access`: the grant that lets the identity get, wrap and unwrap with the key.

A grant takes effect up to 10 minutes after it is written (azure-behaviour.md 3), and only the registry's use of the key
proves it: until then the step is `Progressing(Propagating)` and lets the step `registry` try. Any role or policy that
lets the registry use the key is a grant: where the identity or the vault is not the object's own and no grant is
visible, the registry is tried first, and a grant is written only once Azure has refused the key.
"""

import dataclasses
import datetime

from acrcmk.api.conditions import ConditionType, Reason
from acrcmk.api.spec import Grant
from acrcmk.domain import ids, ledger, queries, remedies
from acrcmk.domain.desired import Desired
from acrcmk.domain.failures import AzureFailure, Kind
from acrcmk.domain.ids import KeyIdentifier
from acrcmk.domain.observed import Observed
from acrcmk.domain.outcome import Act, Blocked, Decision, Outcome, Progressing, Ready
from acrcmk.domain.port import Azure
from acrcmk.domain.resources import AccessPolicy, Identity, Registry, RoleAssignment, Vault
from acrcmk.domain.writes import AddAccessPolicy, AssignRole

KEY_PERMISSIONS = frozenset({"get", "wrapkey", "unwrapkey"})
"""The permissions that a registry needs, in lower case."""
ROLE_NAME = "Key Vault Crypto Service Encryption User"
_KEY_REFUSED = {Reason.PROPAGATING, Reason.KEY_ACCESS_DENIED}
"""Reasons of RegistryReady after Azure refused the key."""


async def observe(desired: Desired, observed: Observed, azure: Azure) -> Observed:
    """Read the role assignments of the identity at the scope; access policies are part of the vault."""
    identity, vault = needed(observed)
    if not vault.rbac:
        return observed
    if not _is_own_vault(desired):
        # The scope of the grant is the key, which must exist first.
        key = await azure.read(queries.GetKey(vault=desired.vault_id, name=desired.key_name))
        observed = dataclasses.replace(observed, key=key)
        if key is None:
            return observed
    assignments = queries.ListRoleAssignments(scope=_scope(desired), principal=identity.principal_id)
    return dataclasses.replace(observed, assignments=await azure.read(assignments))


def decide(desired: Desired, observed: Observed) -> Decision:
    """Grant what is missing; Ready once the registry has used the key through the grant."""
    identity, vault = needed(observed)
    grant = f"identity {identity.id.name} to use keys of vault {vault.id.name}"
    granted, accepted = _granted(observed, identity, vault), _accepted(observed.registry, identity, vault)
    if accepted and (granted or not _is_own(desired)):
        return Ready(message=f"Access is granted for {grant}, and the registry uses it.")
    if not granted:
        return _missing_grant(desired, observed, grant)
    if _key_was_refused(desired, observed) and not within_budget(desired, observed):
        return _denied(desired, observed)
    return Progressing(
        reason=Reason.PROPAGATING,
        message=f"Access is granted for {grant}; it can take Azure up to 10 minutes until the registry can use it.",
        unlocks=True,
    )


def explain(desired: Desired, observed: Observed, failure: AzureFailure, *, doing: str) -> Outcome:
    """Take an existing role assignment for a grant; tell who may not write one what somebody else can run."""
    if failure.kind is Kind.ALREADY_GRANTED:
        return Progressing(
            reason=Reason.PROPAGATING,
            message="Azure reports that the role is assigned already; the registry is tried with it.",
            unlocks=True,
        )
    outcome = remedies.outcome_of(failure, doing=doing)
    if failure.kind is Kind.AUTHORIZATION and isinstance(outcome, Blocked):
        return dataclasses.replace(outcome, message=f"{outcome.message} {_command(desired, observed)}")
    return outcome


def within_budget(desired: Desired, observed: Observed) -> bool:
    """Whether the grant may not have taken effect yet, by the time at which it was made."""
    age = grant_age(desired, observed)
    return age is None or age < desired.defaults.access_budget


def grant_age(desired: Desired, observed: Observed) -> datetime.timedelta | None:
    """Return how long ago the grant was made or, where that is unknown, was found not to work; None at first."""
    since = _granted_since(desired, observed)
    if since is None:
        condition = desired.status.condition(ConditionType.VAULT_ACCESS_READY)
        since = condition.last_transition_time if condition and condition.status == "False" else None
    return desired.now - since if since else None


def needed(observed: Observed) -> tuple[Identity, Vault]:
    """Return what the steps before this one observed; both exist once this step runs."""
    if observed.identity is None or observed.vault is None:
        raise ValueError("the step access runs only once the identity and the vault exist")
    return observed.identity, observed.vault


def _missing_grant(desired: Desired, observed: Observed, grant: str) -> Decision:
    identity, vault = needed(observed)
    may_be_granted_otherwise = not _is_own(desired) or desired.spec.vault.grant is Grant.EXTERNAL
    if may_be_granted_otherwise and not _key_was_refused(desired, observed):
        return Progressing(
            reason=Reason.PROPAGATING,
            message=f"No grant is visible for {grant}; the registry is tried without.",
            unlocks=True,
        )
    if desired.spec.vault.grant is Grant.EXTERNAL:
        return _denied(desired, observed)
    if vault.rbac and not _is_own_vault(desired) and observed.key is None:
        waiting = f"Key {desired.key_name} does not exist yet; access to it is granted once it does."
        return Progressing(reason=Reason.WAITING, message=waiting)
    return Act(
        writes=(_grant(desired, identity, vault),),
        meanwhile=Progressing(reason=Reason.CREATING, message=f"Granting access for {grant}."),
    )


def _denied(desired: Desired, observed: Observed) -> Blocked:
    identity, vault = needed(observed)
    return Blocked(
        reason=Reason.KEY_ACCESS_DENIED,
        message=f"Azure refuses identity {identity.id.name} the use of key {desired.key_name} in vault {vault.id.name}."
        f" Check that the grant exists, that the key is enabled, and that the vault's firewall allows trusted Azure "
        f"services. {_command(desired, observed)}",
        unlocks=True,
    )


def _command(desired: Desired, observed: Observed) -> str:
    """Return the command by which somebody else grants access."""
    identity, vault = needed(observed)
    if not vault.rbac:
        return (
            f"To grant access: az keyvault set-policy --name {vault.id.name} --object-id {identity.principal_id} "
            "--key-permissions get wrapKey unwrapKey."
        )
    return (
        f'To grant access: az role assignment create --role "{ROLE_NAME}" '
        f"--assignee-object-id {identity.principal_id} --assignee-principal-type ServicePrincipal "
        f"--scope {_scope(desired)}."
    )


def _is_own_vault(desired: Desired) -> bool:
    """Whether the vault was created for this object, so that a grant on all its keys exposes no other key."""
    return desired.spec.vault.resource_id is None and ledger.has_created(desired.ledger, str(desired.vault_id))


def _is_own(desired: Desired) -> bool:
    """Whether nobody else has a reason to grant access: identity and vault are this object's own."""
    return desired.spec.identity.resource_id is None and desired.spec.vault.resource_id is None


def _scope(desired: Desired) -> str:
    return str(desired.vault_id) if _is_own_vault(desired) else desired.key_id


def _key_was_refused(desired: Desired, observed: Observed) -> bool:
    """Whether the registry was tried and Azure refused the key, at once or at the end of an operation.

    The cause of a failed operation is unknown after a restart; a missing grant is the usual one.
    """
    registry = observed.registry
    if registry is not None and registry.failed:
        return registry.last_failure is None or registry.last_failure.failure.kind is Kind.KEY_ACCESS
    condition = desired.status.condition(ConditionType.REGISTRY_READY)
    return condition is not None and condition.reason in _KEY_REFUSED


def _granted_since(desired: Desired, observed: Observed) -> datetime.datetime | None:
    """Return when the grant was made: by Azure's record of the role assignment, or by the ledger."""
    identity, vault = needed(observed)
    if vault.rbac:
        created = [assignment.created for assignment in observed.assignments if _assigns_role(assignment)]
        known = [time for time in created if time is not None]
        return max(known, default=None)
    policy = ids.access_policy_id(identity.principal_id, vault=vault.id)
    return next((entry.since for entry in desired.ledger if ids.equal(entry.id, policy)), None)


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
            tenant=vault.tenant_id,
            principal=identity.principal_id,
            key_permissions=KEY_PERMISSIONS,
        )
    role = ids.role_definition_id(subscription=vault.id.subscription, role=ids.CRYPTO_SERVICE_ENCRYPTION_USER)
    scope = _scope(desired)
    return AssignRole(
        scope=scope,
        name=ids.role_assignment_name(scope=scope, principal=identity.principal_id, role=role),
        principal=identity.principal_id,
        role_definition=role,
    )


def _accepted(registry: Registry | None, identity: Identity, vault: Vault) -> bool:
    """Whether the registry uses a key of this vault as this identity."""
    if registry is None or not registry.succeeded:
        return False
    encryption = registry.encryption
    uses = encryption.enabled and encryption.key_identifier and ids.equal(encryption.identity, identity.client_id)
    return bool(uses) and KeyIdentifier.parse(encryption.key_identifier or "").host == ids.vault_host(vault.uri)
