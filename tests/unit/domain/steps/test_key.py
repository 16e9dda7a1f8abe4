import dataclasses
import datetime
from typing import Any

import pytest

from acrcmk.api import status as statuses
from acrcmk.api.conditions import Reason
from acrcmk.domain.desired import Desired
from acrcmk.domain.ids import KeyIdentifier
from acrcmk.domain.observed import Observed
from acrcmk.domain.outcome import Act, Blocked, Progressing, Ready, Stalled
from acrcmk.domain.steps import key
from acrcmk.domain.writes import CreateKey
from tests.unit.domain import builders
from tests.unit.domain.builders import KEY_URI, VERSION_1, VERSION_2

MANUAL = {"rotation": {"mode": "Manual"}}


def observed(desired: Desired, **changes: Any) -> Observed:
    current = changes.pop("current", builders.key())
    fields = {
        "vault": builders.vault(),
        "key": current,
        "key_identifier": key.desired_identifier(desired, current, None) if current else None,
        "target_version": current,
    }
    return Observed(**{**fields, **changes})


def test_a_missing_key_is_created_as_the_spec_says() -> None:
    desired = builders.desired(key={"type": "RSA-HSM", "size": 3072})
    decision = key.decide(desired, observed(desired, current=None))
    assert isinstance(decision, Act)
    assert decision.writes == (
        CreateKey(vault=builders.VAULT_ID, name="acr-cmk", type="RSA-HSM", size=3072, tags=builders.OWN_TAGS),
    )


@pytest.mark.parametrize("vault", [None, builders.vault(provisioning_state="RegisteringDns")])
def test_a_vault_that_is_not_done_is_waited_for(vault: Any) -> None:
    desired = builders.desired()
    decision = key.decide(desired, observed(desired, current=None, vault=vault))
    assert isinstance(decision, Progressing)
    assert decision.reason is Reason.WAITING


def pinned(identifier: str) -> statuses.EncryptedRegistryStatus:
    return statuses.EncryptedRegistryStatus(key=statuses.KeyStatus(name="acr-cmk", identifier=identifier))


@pytest.mark.parametrize(
    ("spec", "status", "registry", "version"),
    [
        ({}, None, None, None),
        ({}, pinned(f"{KEY_URI}/{VERSION_1}"), builders.registry(), None),
        (MANUAL, None, None, VERSION_2),
        (MANUAL, pinned(f"{KEY_URI}/{VERSION_1}"), None, VERSION_1),
        (MANUAL, pinned(KEY_URI), builders.registry(), VERSION_1),
        (MANUAL, pinned("https://other.vault.azure.net/keys/k/" + VERSION_1), None, VERSION_2),
        ({"rotation": {"mode": "Manual", "version": VERSION_1}}, None, None, VERSION_1),
        ({"identifier": KEY_URI}, pinned(f"{KEY_URI}/{VERSION_1}"), builders.registry(), None),
        ({"identifier": f"{KEY_URI}/{VERSION_1}"}, None, None, VERSION_1),
    ],
)
def test_the_identifier_given_to_the_registry(
    spec: dict[str, Any], status: statuses.EncryptedRegistryStatus | None, registry: Any, version: str | None
) -> None:
    desired = builders.desired(key=spec, status=status)
    actual = key.desired_identifier(desired, builders.key(version=VERSION_2), registry)
    assert actual == KeyIdentifier.parse("/".join(filter(None, (KEY_URI, version))))


@pytest.mark.parametrize(
    ("spec", "changes", "kind", "reason"),
    [
        ({}, {"tags": {}}, Blocked, Reason.ALREADY_EXISTS),
        ({}, {"tags": {"acrcmk-owner": "cluster/b/c"}}, Stalled, Reason.OWNERSHIP_CONFLICT),
        ({"identifier": KEY_URI}, {"type": "EC", "tags": {}}, Stalled, Reason.KEY_TYPE_UNSUPPORTED),
        ({}, {"size": 4096}, Stalled, Reason.IMMUTABLE_FIELD_CHANGED),
        ({}, {"type": "RSA-HSM"}, Stalled, Reason.IMMUTABLE_FIELD_CHANGED),
        ({}, {"enabled": False}, Blocked, Reason.KEY_DISABLED),
        ({}, {"expires": builders.NOW}, Blocked, Reason.KEY_EXPIRED),
        ({}, {"not_before": builders.NOW + datetime.timedelta(days=1)}, Blocked, Reason.KEY_DISABLED),
    ],
)
def test_a_key_that_the_registry_could_not_use(
    spec: dict[str, Any], changes: dict[str, Any], kind: type, reason: Reason
) -> None:
    desired = builders.desired(key=spec)
    decision = key.decide(desired, observed(desired, current=builders.key(**changes)))
    assert isinstance(decision, kind)
    assert decision.reason is reason


def test_the_version_in_question_counts_not_the_current_one() -> None:
    desired = builders.desired(key={"rotation": {"mode": "Manual", "version": VERSION_1}})
    current = builders.key(version=VERSION_2)
    disabled = dataclasses.replace(builders.key(), enabled=False)
    assert isinstance(key.decide(desired, observed(desired, current=current, target_version=disabled)), Blocked)
    missing = key.decide(desired, observed(desired, current=current, target_version=None))
    assert isinstance(missing, Stalled)
    assert missing.reason is Reason.KEY_NOT_FOUND
    assert isinstance(key.decide(desired, observed(desired, current=current, target_version=builders.key())), Ready)


def test_an_identifier_of_another_vault_is_refused() -> None:
    desired = builders.desired(key={"identifier": "https://other.vault.azure.net/keys/k"})
    decision = key.decide(desired, observed(desired, current=None))
    assert isinstance(decision, Stalled)
    assert decision.reason is Reason.KEY_VAULT_MISMATCH


def test_an_existing_key_that_is_missing_blocks_and_is_not_created() -> None:
    desired = builders.desired(key={"identifier": KEY_URI})
    decision = key.decide(desired, observed(desired, current=None))
    assert isinstance(decision, Blocked)
    assert decision.reason is Reason.KEY_NOT_FOUND


def test_an_existing_key_may_be_of_any_size_and_owner() -> None:
    desired = builders.desired(key={"identifier": KEY_URI})
    actual = builders.key(size=4096, tags={})
    assert isinstance(key.decide(desired, observed(desired, current=actual)), Ready)
