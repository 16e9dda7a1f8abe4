"""Whose is what exists under our name? Only what carries our owner tag is ever changed."""

from acrcmk import api
from acrcmk.api.conditions import Reason
from acrcmk.domain import names
from acrcmk.domain.outcome import Blocked, Outcome, Stalled
from acrcmk.domain.resources import Tags
from acrcmk.domain.subject import Wish


def refusal(wish: Wish, *, what: str, tags: Tags, reference: str | None) -> Outcome | None:
    """Return why a resource may not be used as ours, or None when it is.

    `what` names the resource, `reference` the spec field that would use it without owning it, if there is one.
    """
    holder = next((value for key, value in tags.items() if names.same(key, api.OWNER_TAG)), None)
    if holder == wish.owner:
        return None
    hand_over = f"to hand it over to this object, set its tag {api.OWNER_TAG}={wish.owner}"
    if holder is not None:
        return Stalled(
            reason=Reason.OWNERSHIP_CONFLICT,
            message=f"{what} belongs to another object: its tag {api.OWNER_TAG} says {holder}. "
            f"Name another one in the spec, or {hand_over}.",
        )
    use_it = f"to use it as it is, set {reference}; " if reference else ""
    return Blocked(
        reason=Reason.ALREADY_EXISTS,
        message=f"{what} exists, but was not created by this object and is left alone. "
        f"Name another one in the spec; {use_it}{hand_over}.",
    )


def missing_tags(wish: Wish, tags: Tags) -> dict[str, str] | None:
    """Return all tags a resource should carry, foreign ones included, or None when nothing is missing.

    Tag names are case-insensitive in Azure, values are not.
    """
    present = {key.casefold(): value for key, value in tags.items()}
    if all(present.get(key.casefold()) == value for key, value in wish.tags.items()):
        return None
    wanted = {key.casefold() for key in wish.tags}
    return {**{key: value for key, value in tags.items() if key.casefold() not in wanted}, **wish.tags}
