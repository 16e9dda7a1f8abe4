from collections.abc import Callable
from typing import Any

import pytest

from acrcmk.api.conditions import Reason
from acrcmk.domain.outcome import Blocked, Ready
from acrcmk.domain.steps import references
from tests.unit.domain import builders

OTHER = {"acrcmk-owner": "cluster/team-b/images"}
REFERENCES: list[tuple[dict[str, Any], str, Callable[..., Any], Any]] = [
    (
        {"identity": {"resourceId": str(builders.IDENTITY_ID)}},
        "identity",
        references.decide_identity,
        builders.identity,
    ),
    ({"vault": {"resourceId": str(builders.VAULT_ID)}}, "vault", references.decide_vault, builders.vault),
    ({"key": {"identifier": builders.KEY_URI}}, "key", references.decide_key, builders.key),
]


@pytest.mark.parametrize(("spec", "field", "decide", "build"), REFERENCES)
@pytest.mark.parametrize("tags", [OTHER, {"ACRCMK-Owner": "CLUSTER/team-b/images"}])
def test_another_objects_resource_cannot_be_referred_to(
    spec: dict[str, Any], field: str, decide: Any, build: Any, tags: dict[str, str]
) -> None:
    decision = decide(builders.desired(**spec), builders.observed(**{field: build(tags=tags)}))
    assert isinstance(decision, Blocked)
    assert decision.reason is Reason.OWNED_BY_OTHER
    assert not decision.unlocks
    assert "team-b/images" in decision.message


@pytest.mark.parametrize(("spec", "field", "decide", "build"), REFERENCES)
@pytest.mark.parametrize("tags", [{}, {"team": "a"}, builders.OWN_TAGS])
def test_what_no_other_object_owns_can_be_referred_to(
    spec: dict[str, Any], field: str, decide: Any, build: Any, tags: dict[str, str]
) -> None:
    assert isinstance(decide(builders.desired(**spec), builders.observed(**{field: build(tags=tags)})), Ready)
