import datetime
from typing import Any

import pytest

from acrcmk.api import status as statuses
from acrcmk.api.conditions import Reason
from acrcmk.domain import ids
from acrcmk.domain.failures import AzureFailure, Kind
from acrcmk.domain.outcome import Act, Blocked, Progressing, Ready
from acrcmk.domain.resources import AccessPolicy, Encryption
from acrcmk.domain.steps import access
from acrcmk.domain.writes import AddAccessPolicy, AssignRole
from tests.unit.domain import builders

GRANTED = AccessPolicy(object_id=builders.PRINCIPAL, key_permissions=access.KEY_PERMISSIONS | {"list"})


observed = builders.observed


def test_rbac_without_an_assignment_assigns_the_one_role_under_a_deterministic_name() -> None:
    decision = access.decide(builders.desired(), observed(assignments=()))
    assert isinstance(decision, Act)
    (write,) = decision.writes
    assert isinstance(write, AssignRole)
    assert write.role_definition.endswith(ids.CRYPTO_SERVICE_ENCRYPTION_USER)
    again = access.decide(builders.desired(), observed(assignments=()))
    assert again == decision


def test_a_recreated_identity_gets_another_assignment_name() -> None:
    one = access.decide(builders.desired(), observed(assignments=()))
    other = access.decide(
        builders.desired(), observed(assignments=(), identity=builders.identity(principal_id=builders.TENANT))
    )
    assert isinstance(one, Act)
    assert isinstance(other, Act)
    assert one.writes[0].name != other.writes[0].name  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "policies",
    [
        (),
        (AccessPolicy(object_id=builders.TENANT, key_permissions=access.KEY_PERMISSIONS),),
        (AccessPolicy(object_id=builders.PRINCIPAL, key_permissions=frozenset({"get"})),),
    ],
)
def test_access_policies_are_added_when_not_enough(policies: tuple[AccessPolicy, ...]) -> None:
    decision = access.decide(
        builders.desired(vault={"name": "kv-images", "access": "AccessPolicy"}),
        observed(vault=builders.vault(rbac=False, policies=policies), assignments=()),
    )
    assert isinstance(decision, Act)
    assert decision.writes == (
        AddAccessPolicy(
            vault=builders.VAULT_ID,
            tenant=builders.TENANT,
            principal=builders.PRINCIPAL,
            key_permissions=access.KEY_PERMISSIONS,
        ),
    )


def test_ready_only_when_the_registry_uses_the_key_through_the_grant() -> None:
    assert isinstance(access.decide(builders.desired(), observed()), Ready)


@pytest.mark.parametrize(
    "registry",
    [
        None,
        builders.registry(provisioning_state="Failed"),
        builders.registry(encryption=Encryption(status="disabled")),
        builders.registry(encryption=builders.encryption(identity=builders.TENANT)),
        builders.registry(encryption=builders.encryption(key_identifier="https://other.vault.azure.net/keys/acr-cmk")),
    ],
)
def test_a_grant_that_nothing_proves_yet_is_propagating_and_lets_the_registry_try(registry: Any) -> None:
    decision = access.decide(builders.desired(), observed(registry=registry))
    assert isinstance(decision, Progressing)
    assert decision.reason is Reason.PROPAGATING
    assert decision.unlocks


REFUSED = {"conditions": (builders.condition("RegistryReady", "False", reason="Propagating"),)}
REFERENCED = {"vault": {"resourceId": str(builders.VAULT_ID)}}
ROLE_SCOPE_KEY = f"{builders.VAULT_ID}/keys/acr-cmk"


def status(**fields: Any) -> statuses.EncryptedRegistryStatus:
    return statuses.EncryptedRegistryStatus(**fields)


def created(*ids: object) -> statuses.EncryptedRegistryStatus:
    """Return a status whose ledger holds these as created for the object."""
    entries = [statuses.ResourceStatus(id=str(id_), purpose="Vault", created_by_operator=True) for id_ in ids]
    return status(resources=tuple(entries))


def test_a_grant_on_the_objects_own_vault_has_the_vault_as_its_scope() -> None:
    desired = builders.desired(status=created(builders.VAULT_ID))
    decision = access.decide(desired, observed(assignments=(), registry=None))
    assert isinstance(decision, Act)
    assert decision.writes[0].scope == str(builders.VAULT_ID)  # type: ignore[union-attr]


@pytest.mark.parametrize("spec", [REFERENCED, {}])
def test_a_grant_on_a_vault_that_the_object_did_not_create_has_the_key_as_its_scope(spec: dict[str, Any]) -> None:
    decision = access.decide(
        builders.desired(status=status(**REFUSED), **spec), observed(assignments=(), registry=None)
    )
    assert isinstance(decision, Act)
    assert decision.writes[0].scope == ROLE_SCOPE_KEY  # type: ignore[union-attr]


def test_a_grant_on_a_key_waits_for_the_key() -> None:
    desired = builders.desired(status=status(**REFUSED), **REFERENCED)
    decision = access.decide(desired, observed(assignments=(), registry=None, key=None))
    assert isinstance(decision, Progressing)
    assert not decision.unlocks


def test_without_a_visible_grant_on_a_referenced_vault_the_registry_is_tried_first() -> None:
    decision = access.decide(builders.desired(**REFERENCED), observed(assignments=(), registry=None))
    assert isinstance(decision, Progressing)
    assert decision.unlocks


def test_a_registry_that_uses_a_referenced_key_proves_a_grant_that_is_not_visible() -> None:
    assert isinstance(access.decide(builders.desired(**REFERENCED), observed(assignments=())), Ready)


def test_an_own_grant_that_was_removed_is_written_again_even_while_the_registry_works() -> None:
    assert isinstance(access.decide(builders.desired(), observed(assignments=())), Act)


EXTERNAL = {"vault": {"name": "kv-images", "grant": "External"}}


def test_an_external_grant_is_never_written_and_its_command_is_in_the_message() -> None:
    first = access.decide(builders.desired(**EXTERNAL), observed(assignments=(), registry=None))
    assert isinstance(first, Progressing)
    assert first.unlocks
    refused = access.decide(
        builders.desired(status=status(**REFUSED), **EXTERNAL), observed(assignments=(), registry=None)
    )
    assert isinstance(refused, Blocked)
    assert refused.unlocks
    assert f"--assignee-object-id {builders.PRINCIPAL}" in refused.message
    assert "az role assignment create" in refused.message


def test_the_command_for_a_vault_with_access_policies_sets_a_policy() -> None:
    spec = {"vault": {"name": "kv-images", "access": "AccessPolicy", "grant": "External"}}
    desired = builders.desired(status=status(**REFUSED), **spec)
    decision = access.decide(desired, observed(assignments=(), registry=None, vault=builders.vault(rbac=False)))
    assert isinstance(decision, Blocked)
    assert "az keyvault set-policy --name kv-images" in decision.message


@pytest.mark.parametrize(("age", "kind"), [(14, Progressing), (16, Blocked)])
def test_the_access_budget_starts_when_the_role_was_assigned(age: int, kind: type) -> None:
    assignment = builders.assignment(created=builders.NOW - datetime.timedelta(minutes=age))
    decision = access.decide(
        builders.desired(status=status(**REFUSED)), observed(assignments=(assignment,), registry=None)
    )
    assert isinstance(decision, kind)
    assert decision.reason is (Reason.PROPAGATING if kind is Progressing else Reason.KEY_ACCESS_DENIED)
    assert decision.unlocks


def test_a_role_that_is_assigned_already_is_a_grant() -> None:
    failure = AzureFailure(kind=Kind.ALREADY_GRANTED, text="RoleAssignmentExists")
    outcome = access.explain(builders.desired(), observed(assignments=()), failure, doing="assign the role")
    assert isinstance(outcome, Progressing)
    assert outcome.unlocks


def test_who_may_not_assign_roles_is_reported_what_somebody_else_can_run() -> None:
    failure = AzureFailure(kind=Kind.AUTHORIZATION, text="AuthorizationFailed: no")
    outcome = access.explain(builders.desired(), observed(assignments=()), failure, doing="assign the role")
    assert isinstance(outcome, Blocked)
    assert outcome.reason is Reason.AUTHORIZATION_FAILED
    assert 'az role assignment create --role "Key Vault Crypto Service Encryption User"' in outcome.message
