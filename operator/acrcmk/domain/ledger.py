"""The ledger, `status.resources`: the Azure resources that an object created or adopted, written before the create.

Deletion and replacement work from it, since the spec may have changed since the resources were created.
"""

import datetime
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from acrcmk.api.status import Entries, Purpose, ResourceStatus
from acrcmk.domain import ids, writes
from acrcmk.domain.desired import Desired
from acrcmk.domain.observed import Observed

_CREATED: Mapping[type[writes.Write], Callable[[Any], tuple[str, Purpose]]] = {
    writes.CreateGroup: lambda write: (
        ids.group_id(write.name, subscription=write.subscription),
        Purpose.RESOURCE_GROUP,
    ),
    writes.CreateIdentity: lambda write: (str(write.id), Purpose.IDENTITY),
    writes.CreateVault: lambda write: (str(write.id), Purpose.VAULT),
    writes.AssignRole: lambda write: (ids.role_assignment_id(write.name, scope=write.scope), Purpose.ACCESS),
    writes.AddAccessPolicy: lambda write: (ids.access_policy_id(write.principal, vault=write.vault), Purpose.ACCESS),
    writes.CreateKey: lambda write: (ids.key_id(write.name, vault=write.vault), Purpose.KEY),
    writes.CreateRegistry: lambda write: (str(write.id), Purpose.REGISTRY),
}
"""What each write creates: its id, and what it is for."""


def entry(write: writes.Write, *, now: datetime.datetime) -> ResourceStatus | None:
    """Return the entry of what a write creates; None for a change of something that exists."""
    if type(write) not in _CREATED:
        return None
    id_, purpose = _CREATED[type(write)](write)
    return ResourceStatus(id=id_, purpose=purpose, created_by_operator=True, since=now)


def adopted(desired: Desired, observed: Observed) -> Entries:
    """Return entries of the resources that exist under the owner tag of this object, as after a handover."""
    spec = desired.spec
    candidates = (
        (observed.registry, str(desired.registry_id), Purpose.REGISTRY, True),
        (observed.identity, str(desired.identity_id), Purpose.IDENTITY, spec.identity.resource_id is None),
        (observed.vault, str(desired.vault_id), Purpose.VAULT, spec.vault.resource_id is None),
        (observed.key, desired.key_id, Purpose.KEY, spec.key.identifier is None),
    )
    return tuple(
        ResourceStatus(id=id_, purpose=purpose, created_by_operator=False, since=desired.now)
        for resource, id_, purpose, managed in candidates
        if resource is not None and managed and ids.equal(ids.owner_of(resource.tags), desired.owner)
    )


def with_entries(ledger: Entries, entries: Iterable[ResourceStatus]) -> Entries:
    """Return the ledger with entries added; an entry that it holds already stays as it is. Sorted by id."""
    known = {entry.id.casefold(): entry for entry in (*entries, *ledger)}
    return tuple(known[id_] for id_ in sorted(known))


def has_created(ledger: Entries, id_: str) -> bool:
    """Whether the ledger holds a resource as created for this object."""
    return any(ids.equal(entry.id, id_) and entry.created_by_operator for entry in ledger)


def contains(ledger: Entries, id_: str) -> bool:
    """Whether the ledger holds a resource."""
    return any(ids.equal(entry.id, id_) for entry in ledger)
