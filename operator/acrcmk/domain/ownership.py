"""Which resources belong to an object: those in its ledger, and those that carry its owner tag."""

from acrcmk import api
from acrcmk.api.conditions import Reason
from acrcmk.domain import ids, ledger
from acrcmk.domain.desired import Desired, EncryptedRegistry
from acrcmk.domain.outcome import Blocked, Outcome, Stalled
from acrcmk.domain.resources import Tags


def refusal(
    registry: EncryptedRegistry, *, what: str, id_: str, tags: Tags, reference: str | None = None
) -> Outcome | None:
    """Return why a resource may not be managed by this object, or None when it may.

    `what` names the resource, `reference` the spec field that would use it without managing it, where there is one.
    Tools and policies change the case of tags or remove them, so case is ignored and the ledger replaces a lost tag.
    """
    owner = ids.owner_of(tags)
    if ids.equal(owner, registry.owner) or (owner is None and ledger.contains(registry.status.resources, id_)):
        return None
    hand_over = f"to hand it over to this object, set its tag {api.OWNER_TAG}={registry.owner}"
    if owner is None:
        use_it = f"to use it as it is, set {reference}; " if reference else ""
        return Blocked(
            reason=Reason.ALREADY_EXISTS,
            message=f"{what} exists, but was not created by this object, so it is left unchanged. "
            f"Name another resource in the spec; {use_it}{hand_over}.",
        )
    cluster, _, name = owner.partition("/")
    if ids.equal(name, f"{registry.namespace}/{registry.name}"):
        return Blocked(
            reason=Reason.OWNERSHIP_CONFLICT,
            message=f"{what} belongs to the object of the same name in another cluster: its tag {api.OWNER_TAG} is "
            f"{owner}. Where this cluster replaces that one, set the operator's ACRCMK_CLUSTER_ID={cluster}; "
            f"or {hand_over}.",
        )
    share = f"to share it, use one that no object owns and set {reference} in each object; " if reference else ""
    return Stalled(
        reason=Reason.OWNERSHIP_CONFLICT,
        message=f"{what} belongs to another object: its tag {api.OWNER_TAG} is {owner}. "
        f"Name another resource in the spec; {share}{hand_over}.",
    )


def foreign_reference(registry: EncryptedRegistry, *, what: str, tags: Tags, field: str) -> Blocked | None:
    """Return why a resource may not be referred to, or None when it may: it must not belong to another object."""
    owner = ids.owner_of(tags)
    if owner is None or ids.equal(owner, registry.owner):
        return None
    return Blocked(
        reason=Reason.OWNED_BY_OTHER,
        message=f"{what}, named by {field}, belongs to another object: its tag {api.OWNER_TAG} is {owner}. "
        f"Refer to a resource that no object owns.",
    )


def missing_tags(desired: Desired, tags: Tags) -> dict[str, str] | None:
    """Return all tags that a resource should have, those of other tools included, or None when none is missing.

    Tag names are case-insensitive in Azure, values are not.
    """
    present = {name.casefold(): value for name, value in tags.items()}
    if all(_kept(name, value, present.get(name.casefold())) for name, value in desired.tags.items()):
        return None
    replaced = {name.casefold() for name in desired.tags}
    return {**{name: value for name, value in tags.items() if name.casefold() not in replaced}, **desired.tags}


def _kept(name: str, desired: str, actual: str | None) -> bool:
    """Whether a tag has its value; the case of the owner tag's value does not matter."""
    return ids.equal(desired, actual) if name == api.OWNER_TAG else desired == actual
