import pytest

from acrcmk import api
from acrcmk.domain import tags


@pytest.mark.parametrize("count", [0, 1, 14, 15, 20, 50])
def test_a_key_has_the_owner_tag_first_and_at_most_fifteen_tags(count: int) -> None:
    spec = {f"Tag{number:02}": f"v{number}" for number in reversed(range(count))}
    result = tags.key_tags(spec, "cluster/team-a/images")
    assert next(iter(result.items())) == (api.OWNER_TAG, "cluster/team-a/images")
    assert len(result) == min(count + 1, 15)
    assert list(result)[1:] == sorted(spec)[:14]
    assert all(spec[name] == value for name, value in list(result.items())[1:])


def test_an_owner_tag_in_another_case_is_replaced() -> None:
    assert tags.key_tags({api.OWNER_TAG.upper(): "other", "a": "1"}, "own") == {api.OWNER_TAG: "own", "a": "1"}
