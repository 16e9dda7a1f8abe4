"""The SDK's clients, one set per subscription, over one connection pool and one credential."""

import dataclasses
from collections.abc import Callable
from typing import Any

import aiohttp
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.pipeline import policies
from azure.mgmt.authorization.v2022_04_01.aio import AuthorizationManagementClient
from azure.mgmt.containerregistry.aio import ContainerRegistryManagementClient
from azure.mgmt.core.policies import AsyncARMChallengeAuthenticationPolicy
from azure.mgmt.keyvault.aio import KeyVaultManagementClient
from azure.mgmt.msi.v2024_11_30.aio import ManagedServiceIdentityClient
from azure.mgmt.resource.resources.aio import ResourceManagementClient

from acrcmk.azure import connections
from acrcmk.azure.api_versions import ApiVersionPolicy, ApiVersions
from acrcmk.azure.meter import MeterPolicy, Observe
from acrcmk.azure.throttle import Throttle, ThrottlePolicy

_FIXED_VERSION = (ManagedServiceIdentityClient, AuthorizationManagementClient)
"""The clients that ignore the argument `api_version` and need the policy for it."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Clients:
    """The clients of one subscription."""

    resources: ResourceManagementClient
    identities: ManagedServiceIdentityClient
    vaults: KeyVaultManagementClient
    authorization: AuthorizationManagementClient
    registries: ContainerRegistryManagementClient


class ClientFactory:
    """Makes clients on first use and keeps them; `close` closes the session and the credential."""

    def __init__(
        self,
        *,
        credential: AsyncTokenCredential,
        resource_manager: str,
        audience: str,
        session: aiohttp.ClientSession,
        versions: ApiVersions,
        throttle: Throttle,
        observe: Observe,
        clock: Callable[[], float],
    ) -> None:
        self._credential = credential
        self._base_url = resource_manager
        self._audience = audience
        self._versions = versions
        self._throttle = throttle
        self._observe = observe
        self._clock = clock
        self._session = session
        self._transport = connections.transport(session)
        self._clients: dict[str, Clients] = {}

    def of(self, subscription: str) -> Clients:
        """Return the clients of a subscription."""
        if subscription not in self._clients:
            self._clients[subscription] = Clients(
                resources=self._make(ResourceManagementClient, subscription, self._versions.resource_groups),
                identities=self._make(ManagedServiceIdentityClient, subscription, self._versions.managed_identity),
                vaults=self._make(KeyVaultManagementClient, subscription, self._versions.key_vault),
                authorization=self._make(AuthorizationManagementClient, subscription, self._versions.authorization),
                registries=self._make(
                    ContainerRegistryManagementClient, subscription, self._versions.container_registry
                ),
            )
        return self._clients[subscription]

    async def close(self) -> None:
        """Close the credential and the session."""
        await self._credential.close()
        await self._session.close()

    def _make(self, client: Any, subscription: str, version: str) -> Any:
        shared = self._policies(subscription)
        return client(
            self._credential,
            subscription,
            base_url=self._base_url,
            api_version=version,
            credential_scopes=[self._audience],
            transport=self._transport,
            policies=[ApiVersionPolicy(version), *shared] if client in _FIXED_VERSION else shared,
        )

    def _policies(self, subscription: str) -> list[Any]:
        """Build the pipeline.

        It leaves out the SDK's automatic provider registration, which would sleep 10 s at a time inside a call, and
        retries on status, which would sleep any `Retry-After` there (both measured,
        azure-behaviour.md 6): the queue waits.
        """
        return [
            policies.RequestIdPolicy(),
            policies.UserAgentPolicy(sdk_moniker="acr-cmk-operator"),
            policies.ContentDecodePolicy(),
            policies.AsyncRetryPolicy(retry_total=2, retry_connect=2, retry_read=1, retry_status=0),
            AsyncARMChallengeAuthenticationPolicy(self._credential, self._audience),
            policies.CustomHookPolicy(),
            ThrottlePolicy(self._throttle, subscription),
            MeterPolicy(self._observe, clock=self._clock),
        ]
