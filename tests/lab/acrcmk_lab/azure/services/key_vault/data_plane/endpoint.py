"""The endpoints of the vaults, `https://{vault}.vault.azure.net`.

Checks come in this order: name resolution, token, api-version and path, firewall, permissions, the vault's limits,
then the object itself.
"""

from acrcmk_lab.azure.arm import errors, hosts
from acrcmk_lab.azure.arm.messages import AzureError, Request, Response
from acrcmk_lab.azure.services.key_vault import models
from acrcmk_lab.azure.services.key_vault.data_plane import access, operations
from acrcmk_lab.azure.services.key_vault.data_plane.certificates import DataPlaneCertificates
from acrcmk_lab.azure.services.key_vault.data_plane.keys import CheckKey, DataPlaneKeys
from acrcmk_lab.azure.services.key_vault.data_plane.operations import Call, Operation
from acrcmk_lab.azure.services.key_vault.data_plane.secrets import DataPlaneSecrets
from acrcmk_lab.azure.services.key_vault.data_plane.throttle import Limits
from acrcmk_lab.azure.services.key_vault.lifecycle import KeyLifecycle
from acrcmk_lab.azure.services.key_vault.models import Vault
from acrcmk_lab.azure.state.directory import Principal
from acrcmk_lab.azure.state.state import State

PUBLIC_LOGIN = "https://login.microsoftonline.com"
FORMER_LOGIN = "https://login.windows.net"
"""Recorded: the authority in challenges of earlier releases (until 1.9.736 at least); 1.2 had no AKV codes."""
_LOGIN_RENAMED, _CODES_SINCE = (1, 9, 1054), (1, 9)
RESOURCE = "https://vault.azure.net"
AUDIENCES = (RESOURCE, "cfa8b339-82a2-471a-a3c9-0fc0be7a4093")
"""Accepted audiences of tokens: the resource, or the application id of Key Vault [I]."""
UNREACHABLE = Response(0)
"""No HTTP status: the connection is reset."""
_FIXED_HEADERS = {
    "Cache-Control": "no-cache",
    "Pragma": "no-cache",
    "Expires": "-1",
    "Strict-Transport-Security": "max-age=31536000;includeSubDomains",
    "X-Content-Type-Options": "nosniff",
}


class VaultEndpoint:
    """The endpoints of all vaults."""

    def __init__(self, state: State, *, lifecycle: KeyLifecycle, check_key: CheckKey) -> None:
        self._state = state
        self._limits = Limits(state)
        self._operations = [
            *DataPlaneKeys(state, lifecycle=lifecycle, check_key=check_key).operations(),
            *DataPlaneSecrets(state).operations(),
            *DataPlaneCertificates(state).operations(),
        ]

    def serves(self, host: str) -> bool:
        """Tell whether a host, with or without port, is a vault's."""
        return host.partition(":")[0].lower().endswith(f".{self._state.settings.vault_domain}")

    def resolves(self, host: str) -> bool:
        """Tell whether a vault's host name resolves: from the end of RegisteringDns until its deletion."""
        return self._vault(host) is not None

    async def respond(self, request: Request) -> Response:
        """Respond to a request to a vault; `UNREACHABLE` if it does not exist."""
        vault = self._vault(request.host)
        if vault is None:
            return UNREACHABLE
        span = "read_latency" if request.method == "GET" else "write_latency"
        await self._state.clock.sleep(self._state.draw(getattr(self._state.settings, span)))
        try:
            response = self._handle(request, vault=vault)
        except AzureError as error:
            response = error.response
        response.headers = {**self._headers(request, vault=vault), **response.headers}
        return response

    def _vault(self, host: str) -> Vault | None:
        vault = self._state.store.by_name(Vault, host.partition(".")[0])
        return vault if vault and vault.provisioning == "Succeeded" else None

    def _handle(self, request: Request, *, vault: Vault) -> Response:
        caller = self._caller(request)
        version = operations.api_version(request.query.get("api-version", ""))
        if version is None:
            raise errors.error("KVD_BAD_PARAMETER", reason="api-version is missing or not supported")
        operation, names = self._resolve(request)
        call = Call(
            request=request,
            vault=vault,
            caller=caller,
            names=names,
            version=version,
            release=self._release(),
            url=f"https://{vault.name.lower()}.{self._state.settings.vault_domain}",
        )
        access.admit(self._state, call, operation=operation)
        self._limits.charge(call, operation=operation)
        models.check_tags(call.body)
        return operation.handler(call)

    def _caller(self, request: Request) -> Principal:
        scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            has_no_codes = self._release() < _CODES_SINCE
            raise self._challenge(request, error="KVD_NO_TOKEN_2020" if has_no_codes else "KVD_NO_TOKEN")
        token = self._state.tokens.find(credentials)
        if token is None or token.expired:
            raise self._challenge(request, error="KVD_TOKEN_INVALID")
        if token.audience.rstrip("/") not in AUDIENCES:
            raise self._challenge(request, error="KVD_TOKEN_AUDIENCE", audience=token.audience)
        return token.principal

    def _challenge(self, request: Request, *, error: str, **facts: str) -> AzureError:
        """Return the 401 challenge, from which clients take authority and resource."""
        public = FORMER_LOGIN if self._release() < _LOGIN_RENAMED else PUBLIC_LOGIN
        login = public if hosts.is_azure_host(request.host.partition(":")[0]) else self._state.url
        response = errors.response(error, **facts)
        response.headers["WWW-Authenticate"] = (
            f'Bearer authorization="{login}/{self._state.tenant_id}", resource="{RESOURCE}"'
        )
        return AzureError(response)

    def _release(self) -> tuple[int, ...]:
        return operations.release(self._state.settings.vault_release)

    def _resolve(self, request: Request) -> tuple[Operation, tuple[str, ...]]:
        for operation in self._operations:
            names = operation.names(request.path) if operation.method == request.method else None
            if names is not None:
                return operation, names
        raise errors.error("KVD_METHOD", method=request.method, path=request.path)

    def _headers(self, request: Request, *, vault: Vault) -> dict[str, str]:
        echoed = request.headers.get("x-ms-client-request-id")
        address = self._state.settings.client_address
        return {
            **_FIXED_HEADERS,
            **({"x-ms-client-request-id": echoed} if echoed else {}),
            "x-ms-keyvault-region": vault.location,
            "x-ms-keyvault-network-info": f"conn_type=Ipv4;addr={address};act_addr_fam=InterNetwork;",
            "x-ms-keyvault-service-version": self._state.settings.vault_release,
            "x-ms-request-id": self._state.guid(),
        }
