"""The lab's Azure without its server: the services wired together, request in, response out."""

import dataclasses
from collections.abc import Callable

from acrcmk_lab.azure.arm.messages import Request, Response
from acrcmk_lab.azure.arm.pipeline import Pipeline
from acrcmk_lab.azure.services.authorization.locks import Locks
from acrcmk_lab.azure.services.authorization.policy.gate import PolicyGate
from acrcmk_lab.azure.services.authorization.role_assignments import Authorization
from acrcmk_lab.azure.services.container_registry.login_server import LoginServers
from acrcmk_lab.azure.services.container_registry.registries import ContainerRegistry
from acrcmk_lab.azure.services.graph import principals
from acrcmk_lab.azure.services.graph.principals import MicrosoftGraph
from acrcmk_lab.azure.services.key_vault.data_plane.endpoint import VaultEndpoint
from acrcmk_lab.azure.services.key_vault.vaults import KeyVault
from acrcmk_lab.azure.services.managed_identity.identities import ManagedIdentity
from acrcmk_lab.azure.services.monitor.diagnostic_settings import Diagnostics
from acrcmk_lab.azure.services.resources.provider import Resources
from acrcmk_lab.azure.state import rbac
from acrcmk_lab.azure.state.clock import Clock
from acrcmk_lab.azure.state.directory import Principal
from acrcmk_lab.azure.state.rbac import Grant
from acrcmk_lab.azure.state.request_log import Log, RequestRecord
from acrcmk_lab.azure.state.settings import Settings
from acrcmk_lab.azure.state.state import State
from acrcmk_lab.azure.tokens import TokenService

NAMESPACES = (
    "Microsoft.Authorization",
    "Microsoft.ContainerRegistry",
    "Microsoft.Insights",
    "Microsoft.KeyVault",
    "Microsoft.ManagedIdentity",
    "Microsoft.Resources",
)
_ARM_ROOTS = ("subscriptions", "providers", "tenants")


class Cloud:
    """The composition root of the lab's Azure.

    `operator` is the principal that the operator signs in as, `assertion` its federated token; it
    owns `subscription_id` until its grants are narrowed. `person` signs in with the real `az`: owner,
    Key Vault Administrator, and allowed to read the directory.
    """

    def __init__(
        self,
        *,
        time: Clock,
        settings: Settings,
        log: Log,
        seed: int = 0,
    ) -> None:
        self.state = State(time=time, settings=settings, log=log, seed=seed)
        self.tokens = TokenService(self.state)
        self.response_listeners: list[Callable[[Request, Response], None]] = []
        self.registry = ContainerRegistry(self.state)
        self.vaults = KeyVault(self.state)
        self.login_servers = LoginServers(self.state)
        policies = PolicyGate(self.state)
        self.vault_endpoint = VaultEndpoint(
            self.state, lifecycle=self.vaults.key_lifecycle, check_key=policies.check_key
        )
        self.graph = MicrosoftGraph(self.state)
        self.subscription_id = self.state.guid()
        locks = Locks(self.state)
        self.pipeline = Pipeline(
            self.state,
            providers=(
                Resources(self.state, namespaces=NAMESPACES),
                Authorization(self.state, locks=locks),
                ManagedIdentity(self.state),
                self.vaults,
                self.registry,
                Diagnostics(self.state, namespaces=NAMESPACES),
            ),
            gates=(locks, policies),
        )
        self.add_subscription(self.subscription_id)
        self.operator = self.add_principal("operator")
        self.portal = self.add_principal("portal")
        self.assertion = self.tokens.issue_assertion(self.operator)
        self.person = self.add_principal("person")
        self.person.reads_directory = True
        self.grant(self.person, role=rbac.KEY_VAULT_ADMINISTRATOR)
        self.person_assertion = self.tokens.issue_assertion(self.person)

    def add_principal(self, name: str, *, role: str = rbac.OWNER) -> Principal:
        """Add an application to the directory with a role on the lab's subscription, effective now."""
        principal = self.state.directory.add(
            Principal(object_id=self.state.guid(), client_id=self.state.guid(), name=name)
        )
        self.grant(principal, role=role)
        return principal

    def grant(self, principal: Principal, *, role: str) -> None:
        """Give a principal a role on everything, effective now."""
        self.state.access.grant(Grant(principal=principal.object_id, role=rbac.definitions()[role], scope="/"))

    def service(self, request: Request) -> str:
        """Return the service of a request: `arm`, `login`, `graph`, `vault`, or `registry` for a login server."""
        if request.host == principals.HOST:
            return "graph"
        if self.login_servers.serves(request.host):
            return "registry"
        if self.vault_endpoint.serves(request.host):
            return "vault"
        root = request.path.strip("/").split("/", 1)[0].lower()
        return "arm" if root in _ARM_ROOTS else "login"

    async def respond(self, request: Request) -> Response:
        """Respond to one request and log it; status 0 means that no server exists at that host.

        Recorded: `//subscriptions/...`, which clients of .NET and JavaScript send, is `/subscriptions/...`.
        """
        request = dataclasses.replace(request, path=f"/{request.path.lstrip('/')}")
        start = self.state.clock.now()
        correlation_id = request.headers.get("x-ms-correlation-request-id") or self.state.guid()
        service = self.service(request)
        if service == "arm":
            response = await self.pipeline(request, correlation_id=correlation_id)
        elif service == "graph":
            response = await self.graph.respond(request, correlation_id=correlation_id)
        elif service == "registry":
            response = self.login_servers.respond(request)
        elif service == "vault":
            response = await self.vault_endpoint.respond(request)
        else:
            await self.state.clock.sleep(self.state.draw(self.state.settings.login_latency))
            response = self.tokens.respond(request)
        self.record(request, response, start=start, correlation_id=correlation_id)
        for listener in self.response_listeners:
            listener(request, response)
        return response

    def record(self, request: Request, response: Response, *, start: float, correlation_id: str = "") -> None:
        """Log a request, also one that a fault rule responded to."""
        token = self.state.tokens.find(request.headers.get("authorization", "").partition(" ")[2])
        service = self.service(request)
        self.state.log.add(
            RequestRecord(
                time=round(start, 3),
                seconds=round(self.state.clock.now() - start, 3),
                method=request.method,
                path=request.path,
                api_version=request.query.get("api-version", ""),
                kind=self.pipeline.kind(request) if service in ("arm", "vault") else "read",
                service=service,
                status=response.status,
                code=response.code,
                principal=token.principal.name if token else "",
                correlation_id=correlation_id,
            )
        )

    def add_subscription(self, subscription: str) -> None:
        """Add a subscription, with the resource providers unregistered that `unregistered_providers` names."""
        self.state.store.subscriptions[subscription.lower()] = subscription
        for namespace in filter(None, self.state.settings.unregistered_providers.split(",")):
            key = (subscription.lower(), namespace.strip().lower())
            self.state.store.unregistered[key] = "NotRegistered"
