import pytest

from acrcmk.api.conditions import Reason
from acrcmk.domain.observed import Observed
from acrcmk.domain.outcome import Act, Blocked, Ready, Stalled
from acrcmk.domain.steps import identity
from acrcmk.domain.writes import CreateIdentity, TagIdentity
from tests.unit.domain import builders

REFERENCE = {"resourceId": str(builders.IDENTITY_ID)}


def test_a_missing_identity_is_created_with_our_tag() -> None:
    decision = identity.decide(builders.desired(tags={"team": "a"}), Observed(identity=None))
    assert isinstance(decision, Act)
    assert decision.writes == (
        CreateIdentity(id=builders.IDENTITY_ID, location="westeurope", tags={"team": "a", **builders.OWN_TAGS}),
    )


def test_an_identity_of_ours_is_ready() -> None:
    decision = identity.decide(builders.desired(), Observed(identity=builders.identity()))
    assert isinstance(decision, Ready)


def test_a_missing_tag_is_added_and_foreign_ones_stay() -> None:
    actual = builders.identity(tags={**builders.OWN_TAGS, "cost-center": "42"})
    decision = identity.decide(builders.desired(tags={"team": "a"}), Observed(identity=actual))
    assert isinstance(decision, Act)
    (write,) = decision.writes
    assert isinstance(write, TagIdentity)
    assert write.tags == {"cost-center": "42", "team": "a", **builders.OWN_TAGS}


@pytest.mark.parametrize(
    ("tags", "kind", "reason"),
    [
        ({}, Blocked, Reason.ALREADY_EXISTS),
        ({"acrcmk-owner": "cluster/team-b/other"}, Stalled, Reason.OWNERSHIP_CONFLICT),
        ({"Acrcmk-Owner": "cluster/team-b/other"}, Stalled, Reason.OWNERSHIP_CONFLICT),
    ],
)
def test_what_is_not_ours_is_never_changed(tags: dict[str, str], kind: type, reason: Reason) -> None:
    decision = identity.decide(builders.desired(), Observed(identity=builders.identity(tags=tags)))
    assert isinstance(decision, kind)
    assert decision.reason is reason
    assert f"acrcmk-owner={builders.OWNER}" in decision.message


def test_a_referenced_identity_is_only_looked_at() -> None:
    actual = Observed(identity=builders.identity(tags={}))
    assert isinstance(identity.decide(builders.desired(identity=REFERENCE), actual), Ready)


def test_a_referenced_identity_that_is_missing_blocks() -> None:
    decision = identity.decide(builders.desired(identity=REFERENCE), Observed(identity=None))
    assert isinstance(decision, Blocked)
    assert decision.reason is Reason.IDENTITY_NOT_FOUND
