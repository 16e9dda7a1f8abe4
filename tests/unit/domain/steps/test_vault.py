from typing import Any

import pytest

from acrcmk.api.conditions import Reason
from acrcmk.domain.observed import Observed
from acrcmk.domain.outcome import Act, Blocked, Progressing, Ready, Stalled
from acrcmk.domain.resources import OPEN, Firewall
from acrcmk.domain.steps import vault
from acrcmk.domain.writes import CreateVault, UpdateVault
from tests.unit.domain import builders

REFERENCE = {"resourceId": str(builders.VAULT_ID)}
SHUT = Firewall(default_action="Deny", bypass="None")


def test_a_missing_vault_is_created_purge_protected_with_its_access_mode_stated() -> None:
    decision = vault.decide(
        builders.desired(vault={"name": "kv-images", "access": "AccessPolicy"}), Observed(vault=None)
    )
    assert isinstance(decision, Act)
    assert decision.writes == (
        CreateVault(
            id=builders.VAULT_ID,
            location="westeurope",
            tenant=builders.TENANT,
            tags=builders.OWN_TAGS,
            sku="standard",
            rbac=False,
            retention_days=90,
            firewall=OPEN,
        ),
    )


def test_a_vault_that_registers_its_name_is_waited_for() -> None:
    actual = builders.vault(provisioning_state="RegisteringDns")
    decision = vault.decide(builders.desired(), Observed(vault=actual))
    assert isinstance(decision, Progressing)
    assert decision.retry_after is None
    assert decision.unlocks, "a grant needs only the vault itself"


@pytest.mark.parametrize(
    ("spec", "actual"),
    [
        ({"name": "kv-images"}, {}),
        ({"name": "kv-images"}, {"location": "West Europe"}),
        ({"name": "kv-images"}, {"firewall": Firewall(default_action="Deny", ip_rules=frozenset({"1.2.3.4/32"}))}),
        (
            {"name": "kv-images", "firewall": {"ipRules": ["1.2.3.4"]}},
            {"firewall": Firewall(default_action="Deny", ip_rules=frozenset({"1.2.3.4/32"}))},
        ),
        ({"name": "kv-images"}, {"sku": "Standard"}),
        (REFERENCE, {"tags": {}}),
        (REFERENCE, {"tags": {}, "firewall": Firewall(default_action="Deny")}),
    ],
)
def test_no_write_for_what_differs_only_in_spelling_or_is_fine(spec: dict[str, Any], actual: dict[str, Any]) -> None:
    decision = vault.decide(builders.desired(vault=spec), Observed(vault=builders.vault(**actual)))
    assert isinstance(decision, Ready)


@pytest.mark.parametrize(
    ("spec", "actual", "change"),
    [
        ({}, {"purge_protection": False}, {"purge_protection": True}),
        ({"sku": "premium"}, {}, {"sku": "premium"}),
        ({}, {"firewall": SHUT}, {"firewall": Firewall(default_action="Deny")}),
        (
            {"firewall": {"ipRules": ["1.2.3.4"]}},
            {},
            {"firewall": Firewall(default_action="Deny", ip_rules=frozenset({"1.2.3.4"}))},
        ),
        ({}, {"tags": {**builders.OWN_TAGS, "x": "y"}}, None),
    ],
)
def test_a_vault_of_ours_is_mended_field_by_field(
    spec: dict[str, Any], actual: dict[str, Any], change: dict[str, Any] | None
) -> None:
    decision = vault.decide(
        builders.desired(vault={"name": "kv-images", **spec}), Observed(vault=builders.vault(**actual))
    )
    if change is None:
        assert isinstance(decision, Ready)
    else:
        assert isinstance(decision, Act)
        assert decision.writes == (UpdateVault(id=builders.VAULT_ID, **change),)


@pytest.mark.parametrize(
    ("spec", "actual", "kind", "reason"),
    [
        (REFERENCE, {"purge_protection": False}, Blocked, Reason.PURGE_PROTECTION_DISABLED),
        (REFERENCE, {"firewall": SHUT}, Blocked, Reason.VAULT_FIREWALL_BLOCKS_AZURE),
        (
            REFERENCE,
            {"public_network_access": "Disabled", "firewall": SHUT},
            Blocked,
            Reason.VAULT_FIREWALL_BLOCKS_AZURE,
        ),
        (
            REFERENCE,
            {"public_network_access": "SecuredByPerimeter"},
            Blocked,
            Reason.VAULT_FIREWALL_BLOCKS_AZURE,
        ),
        (REFERENCE, {"rbac": False}, Stalled, Reason.VAULT_ACCESS_MODE_MISMATCH),
        ({"name": "kv-images"}, {"rbac": False}, Stalled, Reason.VAULT_ACCESS_MODE_MISMATCH),
        ({"name": "kv-images"}, {"retention_days": 7}, Stalled, Reason.IMMUTABLE_FIELD_CHANGED),
        ({"name": "kv-images"}, {"location": "northeurope"}, Stalled, Reason.IMMUTABLE_FIELD_CHANGED),
        ({"name": "kv-images"}, {"tags": {}}, Blocked, Reason.ALREADY_EXISTS),
    ],
)
def test_an_unfit_vault_is_reported_with_the_way_out(
    spec: dict[str, Any], actual: dict[str, Any], kind: type, reason: Reason
) -> None:
    decision = vault.decide(builders.desired(vault=spec), Observed(vault=builders.vault(**actual)))
    assert isinstance(decision, kind)
    assert decision.reason is reason
    assert "kv-images" in decision.message


def test_a_referenced_vault_that_is_missing_blocks() -> None:
    decision = vault.decide(builders.desired(vault=REFERENCE), Observed(vault=None))
    assert isinstance(decision, Blocked)
    assert decision.reason is Reason.VAULT_NOT_FOUND


def test_a_referenced_vault_that_is_soft_deleted_is_to_be_recovered() -> None:
    decision = vault.decide(builders.desired(vault=REFERENCE), Observed(vault=None, vault_deleted=True))
    assert isinstance(decision, Blocked)
    assert decision.reason is Reason.VAULT_SOFT_DELETED
    assert "az keyvault recover --name kv-images" in decision.message
