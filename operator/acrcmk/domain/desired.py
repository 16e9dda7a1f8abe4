"""What a pass is about: the object's wish, and the Azure resources that it stands for."""

import dataclasses
import datetime
from collections.abc import Mapping

from acrcmk import api
from acrcmk.api import spec as specs
from acrcmk.api import status as statuses
from acrcmk.domain import names
from acrcmk.domain.names import ResourceId


@dataclasses.dataclass(frozen=True, kw_only=True)
class Defaults:
    """What the operator fills in where a spec is silent."""

    subscription: str | None
    tenant: str
    access_budget: datetime.timedelta
    """How long a refused key is put down to a grant that has not spread yet (Azure: up to 10 minutes)."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Wish:
    """One object as a pass reads it."""

    namespace: str
    name: str
    cluster: str
    spec: specs.EncryptedRegistrySpec
    status: statuses.EncryptedRegistryStatus
    defaults: Defaults
    now: datetime.datetime

    @property
    def owner(self) -> str:
        """The owner tag's value."""
        return names.owner(cluster=self.cluster, namespace=self.namespace, name=self.name)

    @property
    def tags(self) -> Mapping[str, str]:
        """The tags on everything that is created for this object."""
        return {**self.spec.tags, api.OWNER_TAG: self.owner}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Subject(Wish):
    """A wish whose Azure resources are settled: what a default gave is pinned."""

    registry_id: ResourceId
    identity_id: ResourceId
    vault_id: ResourceId
    key_name: str

    @property
    def owns_identity(self) -> bool:
        """Whether the identity is ours to create and tag."""
        return self.spec.identity.resource_id is None

    @property
    def owns_vault(self) -> bool:
        """Whether the vault is ours to create and change."""
        return self.spec.vault.resource_id is None

    @property
    def owns_key(self) -> bool:
        """Whether the key is ours to create."""
        return self.spec.key.identifier is None
