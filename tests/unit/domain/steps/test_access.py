from typing import Any

import pytest

from acrcmk.api import status as statuses
from acrcmk.api.conditions import ConditionType, Reason
from acrcmk.domain import ids
from acrcmk.domain.outcome import Act, Progressing, Ready
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
        builders.registry(provisioning_state="Creating"),
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


def test_what_was_proved_before_stands_while_the_registry_is_being_updated() -> None:
    status = statuses.EncryptedRegistryStatus(
        conditions=(builders.condition(ConditionType.VAULT_ACCESS_READY, "True"),),
        identity=statuses.IdentityStatus(principal_id=builders.PRINCIPAL),
    )
    updating = observed(registry=builders.registry(provisioning_state="Updating"))
    assert isinstance(access.decide(builders.desired(status=status), updating), Ready)
    other = observed(registry=updating.registry, identity=builders.identity(principal_id=builders.TENANT))
    assert isinstance(access.decide(builders.desired(status=status), other), Progressing)
