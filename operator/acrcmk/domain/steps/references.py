"""Steps `identity-reference`, `vault-reference`, `key-reference`: what the spec refers to must not be another object's.

They run before any write, so that an object that refers to another team's vault changes nothing in Azure.
"""

import dataclasses

from acrcmk.domain import ownership, queries
from acrcmk.domain.desired import Desired
from acrcmk.domain.observed import Observed
from acrcmk.domain.outcome import Decision, Ready
from acrcmk.domain.port import Azure


async def observe_identity(desired: Desired, observed: Observed, azure: Azure) -> Observed:
    """Read an identity that the spec refers to."""
    if desired.spec.identity.resource_id is None:
        return observed
    return dataclasses.replace(observed, identity=await azure.read(queries.GetIdentity(id=desired.identity_id)))


def decide_identity(desired: Desired, observed: Observed) -> Decision:
    """Refuse another object's identity."""
    if desired.spec.identity.resource_id is None or observed.identity is None:
        return Ready(message=f"Identity {desired.identity_id.name} belongs to no other object.")
    return ownership.foreign_reference(
        desired,
        what=f"Identity {observed.identity.id}",
        tags=observed.identity.tags,
        field="spec.identity.resourceId",
    ) or Ready(message=f"Identity {desired.identity_id.name} belongs to no other object.")


async def observe_vault(desired: Desired, observed: Observed, azure: Azure) -> Observed:
    """Read a vault that the spec refers to."""
    if desired.spec.vault.resource_id is None:
        return observed
    return dataclasses.replace(observed, vault=await azure.read(queries.GetVault(id=desired.vault_id)))


def decide_vault(desired: Desired, observed: Observed) -> Decision:
    """Refuse another object's vault."""
    if desired.spec.vault.resource_id is None or observed.vault is None:
        return Ready(message=f"Vault {desired.vault_id.name} belongs to no other object.")
    return ownership.foreign_reference(
        desired, what=f"Vault {observed.vault.id}", tags=observed.vault.tags, field="spec.vault.resourceId"
    ) or Ready(message=f"Vault {desired.vault_id.name} belongs to no other object.")


async def observe_key(desired: Desired, observed: Observed, azure: Azure) -> Observed:
    """Read a key that the spec refers to, where its vault exists."""
    if desired.spec.key.identifier is None or observed.vault is None:
        return observed
    key = queries.GetKey(vault=desired.vault_id, name=desired.key_name)
    return dataclasses.replace(observed, key=await azure.read(key))


def decide_key(desired: Desired, observed: Observed) -> Decision:
    """Refuse another object's key."""
    if desired.spec.key.identifier is None or observed.key is None:
        return Ready(message=f"Key {desired.key_name} belongs to no other object.")
    return ownership.foreign_reference(
        desired,
        what=f"Key {observed.key.identifier.unversioned}",
        tags=observed.key.tags,
        field="spec.key.identifier",
    ) or Ready(message=f"Key {desired.key_name} belongs to no other object.")
