"""The api-version of every Azure service that the operator calls, pinned per cloud.

The SDK's defaults move with its releases, and sovereign clouds get a version months or years after the public one: a
request in a version that a cloud doesn't have fails with `NoRegisteredProviderFound`
(https://github.com/Azure/azure-cli/issues/23888, https://github.com/Azure/azure-cli/issues/18006).
"""

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.policies import SansIOHTTPPolicy


@dataclasses.dataclass(frozen=True, kw_only=True)
class ApiVersions:
    """The api-version of each service."""

    resource_groups: str
    managed_identity: str
    key_vault: str
    authorization: str
    container_registry: str


_PUBLIC = ApiVersions(
    resource_groups="2025-04-01",
    managed_identity="2024-11-30",
    key_vault="2026-05-15",
    authorization="2022-04-01",
    container_registry="2025-11-01",
)
"""The defaults of the SDK packages that the operator is tested with."""

_SOVEREIGN = ApiVersions(
    resource_groups="2021-04-01",
    managed_identity="2023-01-31",
    key_vault="2026-02-01",
    authorization="2022-04-01",
    container_registry="2023-11-01-preview",
)
"""Older versions that the sovereign clouds have, with every property that the operator sets.

- Key Vault: all control plane versions before 2026-02-01 retire on 2027-02-27, and 2026-02-01 is the newest one that
  Azure China lists (https://docs.azure.cn/en-us/key-vault/general/migrate-api-version).
- Container Registry: before 2025-11-01 only preview versions have `anonymousPullEnabled`; this is the one that
  Terraform's azurerm uses in all clouds since 2024-11
  (https://github.com/hashicorp/terraform-provider-azurerm/pull/27983).
- Managed identity: the stable version before 2024-11-30, whose one new property (`isolationScope`) the operator
  doesn't use (https://github.com/Azure/azure-service-operator/issues/3260).
- Resource groups: the operator only reads and creates them, which has not changed since.
"""

BY_CLOUD: Mapping[str, ApiVersions] = {"public": _PUBLIC, "usgovernment": _SOVEREIGN, "china": _SOVEREIGN}
"""Cloud (as in the setting `cloud`) -> service -> api-version; `dataclasses.asdict` makes a dict of a cloud's."""


def of(cloud: str, *, overrides: Mapping[str, str | None]) -> ApiVersions:
    """Return the api-versions of a cloud, with those of `overrides` (by service) that are not None in their place."""
    overridden = {service: version for service, version in overrides.items() if version is not None}
    return dataclasses.replace(BY_CLOUD[cloud], **overridden)


class ApiVersionPolicy(SansIOHTTPPolicy[Any, Any]):
    """Sends every request of a client in one api-version.

    For the clients made for several versions (msi, authorization): they pass on the version of the package that they
    are imported from and ignore the argument `api_version`. Not for clients that follow addresses made by Azure (the
    status of an operation), which have a version of their own.
    """

    def __init__(self, version: str) -> None:
        super().__init__()
        self._version = version

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Replace the api-version in the address."""
        http_request = request.http_request
        http_request.url = re.sub(r"(?<=[?&]api-version=)[^&]*", self._version, http_request.url)
