"""The lab and the real Azure SDK clients on it, over TLS, on a clock that the test advances."""

import contextlib
import dataclasses
import ssl
import time
import uuid

import aiohttp
import pytest
import yarl
from azure.core.credentials import AccessToken
from azure.keyvault.keys.aio import KeyClient
from azure.mgmt.authorization.aio import AuthorizationManagementClient
from azure.mgmt.containerregistry.aio import ContainerRegistryManagementClient
from azure.mgmt.keyvault.aio import KeyVaultManagementClient
from azure.mgmt.msi.aio import ManagedServiceIdentityClient
from azure.mgmt.resource.resources.aio import ResourceManagementClient

from acrcmk_lab.azure.server import AzureLab

GROUP = "rg"
LOCATION = "westeurope"
SCOPES = ["https://management.azure.com/.default"]
CRYPTO_USER = "e147488a-f6f5-4113-8e2d-b22465e65bf6"


class LabCredential:
    """A token of the lab for any scope, without the token service."""

    def __init__(self, lab, principal=None):
        self._lab = lab
        self._principal = principal or lab.cloud.operator
        self.asked = []

    async def get_token(self, *scopes, **options):
        self.asked.append((scopes, options.get("tenant_id")))
        audience = scopes[0].removesuffix("/.default")
        token = self._lab.cloud.tokens.issue(self._principal, audience=audience)
        return AccessToken(token, int(time.time()) + 3600)

    async def close(self):
        pass


@dataclasses.dataclass
class Azure:
    """The lab with all clients, and helpers that create what most tests need."""

    lab: AzureLab
    resources: ResourceManagementClient
    identities: ManagedServiceIdentityClient
    vaults: KeyVaultManagementClient
    authorization: AuthorizationManagementClient
    registries: ContainerRegistryManagementClient

    @property
    def subscription(self):
        return self.lab.subscription_id

    async def identity(self, name="identity"):
        return await self.identities.user_assigned_identities.create_or_update(GROUP, name, {"location": LOCATION})

    async def vault(self, name="vault-one", *, ready=True, tags=None, **properties):
        body = {
            "tenantId": self.lab.cloud.state.tenant_id,
            "sku": {"family": "A", "name": "standard"},
            "enableRbacAuthorization": True,
            "enablePurgeProtection": True,
            **properties,
        }
        body = {name: value for name, value in body.items() if value is not None}
        await self.vaults.vaults.begin_create_or_update(
            GROUP, name, {"location": LOCATION, "tags": tags or {}, "properties": body}, polling=False
        )
        if ready:
            await self.lab.clock.advance(10)
        return await self.vaults.vaults.get(GROUP, name)

    async def key(self, name="key", *, vault="vault-one", **properties):
        body = {"properties": {"kty": "RSA", "keySize": 2048, **properties}}
        return await self.vaults.keys.create_if_not_exist(GROUP, vault, name, body)

    async def assign(self, scope, principal, *, role=CRYPTO_USER, name=None, principal_type="ServicePrincipal"):
        definition = f"/subscriptions/{self.subscription}/providers/Microsoft.Authorization/roleDefinitions/{role}"
        properties = {"roleDefinitionId": definition, "principalId": principal, "principalType": principal_type}
        return await self.authorization.role_assignments.create(
            scope,
            name or str(uuid.uuid4()),
            {"properties": {key: value for key, value in properties.items() if value}},
        )

    async def encryptable(self):
        """Make identity, vault, key and a grant in effect; return (identity, vault, key)."""
        identity, vault = await self.identity(), await self.vault()
        key = await self.key()
        await self.assign(vault.id, identity.principal_id)
        await self.lab.clock.advance(60)
        return identity, vault, key

    async def create_registry(self, body, *, name="registry1"):
        return await self.registries.registries.begin_create(GROUP, name, body)

    async def encrypted_registry(self, *, versioned=False, name="registry1"):
        """Make a registry with all it needs; return (registry, identity, vault, key)."""
        identity, vault, key = await self.encryptable()
        uri = key.properties.key_uri_with_version if versioned else key.properties.key_uri
        poller = await self.create_registry(encrypted(identity, uri), name=name)
        await self.lab.clock.advance(10)
        return await poller.result(), identity, vault, key

    async def registry(self, name="registry1"):
        return await self.registries.registries.get(GROUP, name)


def encrypted(identity, key_uri, **properties):
    """Return the body that creates a registry with a customer-managed key."""
    return {
        "location": LOCATION,
        "sku": {"name": "Premium"},
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {identity.id: {}}},
        "properties": {
            "encryption": {
                "status": "enabled",
                "keyVaultProperties": {"keyIdentifier": key_uri, "identity": identity.client_id},
            },
            **properties,
        },
    }


@dataclasses.dataclass
class VaultRequests:
    """HTTP requests to vaults through the proxy, by default as a Key Vault Administrator."""

    lab: AzureLab
    session: aiohttp.ClientSession

    async def __call__(
        self, method, path, body=None, *, vault="vault-one", version="2025-07-01", token=None, principal=None
    ):
        """Return (status, body, headers) of a response; `token` "" sends none."""
        if token is None:
            tokens = self.lab.cloud.tokens
            token = tokens.issue(principal or self.lab.cloud.person, audience="https://vault.azure.net")
        joint = "&" if "?" in path else "?"
        async with self.session.request(
            method,
            yarl.URL(f"https://{vault}.vault.azure.net/{path}{joint}api-version={version}", encoded=True),
            json=body,
            headers={"Authorization": f"Bearer {token}"} if token else {},
            proxy=self.lab.proxy_url,
        ) as response:
            return response.status, await response.json() if response.status != 204 else None, response.headers


@pytest.fixture
async def vault_request(lab):
    trust = ssl.create_default_context(cafile=str(lab.ca_file))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust)) as session:
        yield VaultRequests(lab, session)


@pytest.fixture
async def key_client(lab):
    """Make the real key client, through the proxy; signs in as the Key Vault Administrator by default."""
    async with contextlib.AsyncExitStack() as stack:

        async def make(vault="vault-one", *, principal=None, credential=None):
            client = KeyClient(
                f"https://{vault}.vault.azure.net",
                credential or LabCredential(lab, principal or lab.cloud.person),
                connection_verify=str(lab.ca_file),
                proxies={"https": lab.proxy_url},
                retry_total=0,
            )
            return await stack.enter_async_context(client)

        yield make


@pytest.fixture
async def lab():
    async with AzureLab(groups=(f"{GROUP}:{LOCATION}",)) as running:
        yield running


@pytest.fixture
async def azure(lab):
    options = {
        "base_url": lab.url,
        "credential_scopes": SCOPES,
        "connection_verify": str(lab.ca_file),
        "polling_interval": 0,
        "retry_total": 0,
    }
    classes = (
        ResourceManagementClient,
        ManagedServiceIdentityClient,
        KeyVaultManagementClient,
        AuthorizationManagementClient,
        ContainerRegistryManagementClient,
    )
    async with contextlib.AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(kind(LabCredential(lab), lab.subscription_id, **options))
            for kind in classes
        ]
        yield Azure(lab, *clients)
