"""The object being reconciled, and the Azure resources that it stands for."""

import dataclasses
import datetime
from collections.abc import Mapping

from acrcmk import api
from acrcmk.api.conditions import ConditionType
from acrcmk.api.spec import EncryptedRegistrySpec
from acrcmk.api.status import EncryptedRegistryStatus, Entries
from acrcmk.domain import ids
from acrcmk.domain.ids import ResourceId


@dataclasses.dataclass(frozen=True, kw_only=True)
class Defaults:
    """Values of the operator's settings that every object shares."""

    subscription: str | None
    """Subscription of objects whose spec names none."""
    tenant: str
    """Microsoft Entra tenant (UUID)."""
    cluster: str
    """Cluster part of the owner tag."""
    access_budget: datetime.timedelta
    """How long a refused key is explained by a grant that Azure has not propagated yet (up to 10 minutes)."""
    resync: datetime.timedelta
    """Time between two checks for drift."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class EncryptedRegistry:
    """One parsed object at the start of a reconcile; `now` is UTC."""

    namespace: str
    name: str
    spec: EncryptedRegistrySpec
    status: EncryptedRegistryStatus
    defaults: Defaults
    now: datetime.datetime
    recreate: str | None = None
    """The registry name that the annotation `acrcmk.dev/recreate` allows to create anew."""

    @property
    def owner(self) -> str:
        """The value of the owner tag."""
        return ids.owner(cluster=self.defaults.cluster, namespace=self.namespace, name=self.name)

    @property
    def was_ready(self) -> bool:
        """Whether the object was reported as Ready."""
        condition = self.status.condition(ConditionType.READY)
        return condition is not None and condition.status == "True"

    @property
    def tags(self) -> Mapping[str, str]:
        """The tags of everything that is created for this object."""
        return {**self.spec.tags, api.OWNER_TAG: self.owner}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Desired(EncryptedRegistry):
    """An object with the ids of the Azure resources that it asks for."""

    registry_id: ResourceId
    identity_id: ResourceId
    vault_id: ResourceId
    key_name: str
    ledger: Entries
    """The ledger of status, and what was added to it since the reconcile began."""

    @property
    def key_id(self) -> str:
        """The ARM id of the key."""
        return ids.key_id(self.key_name, vault=self.vault_id)
