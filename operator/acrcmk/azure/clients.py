"""The SDK's clients, one set per subscription, over one connection pool and one credential."""

import dataclasses
from collections.abc import Callable
from typing import Any

import aiohttp
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.pipeline import PipelineRequest, PipelineResponse, policies
from azure.core.pipeline.policies import AsyncHTTPPolicy
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

IDLE_SECONDS = 1800.0
"""Seconds without use after which the clients of a subscription are dropped; they take about 250 KiB."""
MOST_SUBSCRIPTIONS = 100
"""Subscriptions whose clients are kept at the same time; with more than these the longest unused are made anew."""

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


@dataclasses.dataclass(kw_only=True)
class RequestsUnderWay:
    """The number of requests that are being sent or waited for."""

    under_way: int = 0


class CountPolicy(AsyncHTTPPolicy[Any, Any]):
    """Counts a request while it is under way, retries included."""

    def __init__(self, requests: RequestsUnderWay) -> None:
        super().__init__()
        self._requests = requests

    async def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        """Send and count."""
        self._requests.under_way += 1
        try:
            return await self.next.send(request)
        finally:
            self._requests.under_way -= 1


@dataclasses.dataclass(kw_only=True)
class _Entry:
    """The clients of a subscription, with what decides whether they may be dropped; `used` is when they last were."""

    clients: Clients
    requests: RequestsUnderWay
    used: float = 0.0


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
        self._entries: dict[str, _Entry] = {}

    def of(self, subscription: str) -> Clients:
        """Return the clients of a subscription, whatever the case of its id."""
        key = subscription.lower()
        entry = self._entries.pop(key, None) or self._entry(key)
        entry.used = self._clock()
        self._evict()
        self._entries[key] = entry  # at the end: the order is that of the last use
        return entry.clients

    async def close(self) -> None:
        """Close the credential and the session."""
        await self._credential.close()
        await self._session.close()

    def _evict(self) -> None:
        """Drop idle clients, and make room for one more in the bound; none with a request under way is dropped."""
        now = self._clock()
        for key, entry in list(self._entries.items()):
            idle = now - entry.used > IDLE_SECONDS
            if not idle and len(self._entries) < MOST_SUBSCRIPTIONS:
                return
            if not entry.requests.under_way:
                del self._entries[key]

    def _entry(self, subscription: str) -> "_Entry":
        requests, versions = RequestsUnderWay(), self._versions

        def make(client: Any, version: str) -> Any:
            shared = [CountPolicy(requests), *self._policies(subscription)]
            return client(
                self._credential,
                subscription,
                base_url=self._base_url,
                api_version=version,
                credential_scopes=[self._audience],
                transport=self._transport,
                policies=[ApiVersionPolicy(version), *shared] if client in _FIXED_VERSION else shared,
            )

        clients = Clients(
            resources=make(ResourceManagementClient, versions.resource_groups),
            identities=make(ManagedServiceIdentityClient, versions.managed_identity),
            vaults=make(KeyVaultManagementClient, versions.key_vault),
            authorization=make(AuthorizationManagementClient, versions.authorization),
            registries=make(ContainerRegistryManagementClient, versions.container_registry),
        )
        return _Entry(clients=clients, requests=requests)

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
