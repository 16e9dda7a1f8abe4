"""A request that prepares the lab for a recording."""

import dataclasses
import datetime
from typing import Any

from acrcmk_lab.azure.arm import ids
from acrcmk_lab.replay import observations

Json = Any
GROUP = observations.GROUP
IDENTITY = "microsoft.managedidentity/userassignedidentities/*"
VAULT = "microsoft.keyvault/vaults/*"
REGISTRY = "microsoft.containerregistry/registries/*"
DELETED_VAULT = "microsoft.keyvault/locations/*/deletedvaults/*"
ROLE_ASSIGNMENT = "microsoft.authorization/roleassignments/*"
DIAGNOSTIC_SETTING = "microsoft.insights/diagnosticsettings/*"
CREDENTIAL = f"{IDENTITY}/federatedidentitycredentials/*"
REPLICATION, WEBHOOK = f"{REGISTRY}/replications/*", f"{REGISTRY}/webhooks/*"
CREATABLE_TYPES = (
    GROUP,
    IDENTITY,
    CREDENTIAL,
    VAULT,
    DELETED_VAULT,
    REGISTRY,
    REPLICATION,
    WEBHOOK,
    ROLE_ASSIGNMENT,
    DIAGNOSTIC_SETTING,
)
"""The types that the lab can create, in the order in which they must be created."""
DEFAULT_LOCATION = "westus"
DEFAULT_VERSIONS = {
    GROUP: "2021-04-01",
    IDENTITY: "2018-11-30",
    CREDENTIAL: "2023-01-31",
    VAULT: "2019-09-01",
    DELETED_VAULT: "2019-09-01",
    REGISTRY: "2021-09-01",
    REPLICATION: "2021-09-01",
    WEBHOOK: "2021-09-01",
    DIAGNOSTIC_SETTING: "2021-05-01-preview",
    ROLE_ASSIGNMENT: "2022-04-01",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Author:
    """Who wrote a resource, as its body shows: a name and `User`, an application's id, or an object id."""

    name: str
    kind: str


NO_AUTHOR = Author(name="", kind="nobody")


@dataclasses.dataclass(frozen=True, kw_only=True)
class SetupRequest:
    """One request sent before the recording begins; `expected` is the resource as recorded, for binding ids.

    `settings` are settings of the lab for this request alone. Requests to a vault's own endpoint have a
    `data_plane_url`; their `id` is that of the vault.
    """

    id: str
    method: str
    version: str
    body: dict[str, Json] | None = None
    timestamp: datetime.datetime | None = None
    expected: dict[str, Json] = dataclasses.field(default_factory=dict)
    author: Author | None = None
    data_plane_url: str = ""
    settings: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def url(self) -> str:
        """The URL of the request."""
        return self.data_plane_url or f"https://{observations.ARM_HOST}{self.id}?api-version={self.version}"

    @property
    def rank(self) -> int:
        """The position among requests of the same time."""
        template = ids.route(self.id).template
        return CREATABLE_TYPES.index(template) if template in CREATABLE_TYPES else len(CREATABLE_TYPES)
