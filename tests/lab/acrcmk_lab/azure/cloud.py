"""One whole lab without its server: the providers wired to the pipeline, a request in, an answer out."""

from acrcmk_lab.azure.arm.messages import Answer, Request
from acrcmk_lab.azure.arm.pipeline import Pipeline
from acrcmk_lab.azure.control.faults import Faults
from acrcmk_lab.azure.services.authorization.role_assignments import Authorization
from acrcmk_lab.azure.services.container_registry.login_server import RegistryData
from acrcmk_lab.azure.services.container_registry.registries import ContainerRegistry
from acrcmk_lab.azure.services.graph import principals
from acrcmk_lab.azure.services.graph.principals import Graph
from acrcmk_lab.azure.services.key_vault.data_plane.endpoint import VaultData
from acrcmk_lab.azure.services.key_vault.vaults import KeyVault
from acrcmk_lab.azure.services.managed_identity.identities import ManagedIdentity
from acrcmk_lab.azure.services.monitor.diagnostic_settings import Diagnostics
from acrcmk_lab.azure.services.resources.provider import Resources
from acrcmk_lab.azure.state import rbac
from acrcmk_lab.azure.state.clock import Clock
from acrcmk_lab.azure.state.directory import Principal
from acrcmk_lab.azure.state.rbac import Grant
from acrcmk_lab.azure.state.request_log import Log, RequestRecord
from acrcmk_lab.azure.state.settings import Switches
from acrcmk_lab.azure.state.state import World
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
    owns `subscription_id` until its grants are narrowed. `person` is who uses the real `az` here: owner
    and Key Vault Administrator, and Microsoft Graph answers it.
    """

    def __init__(
        self,
        *,
        time: Clock,
        switches: Switches,
        log: Log,
        seed: int = 0,
    ) -> None:
        self.world = World(time=time, switches=switches, log=log, seed=seed)
        self.tokens = TokenService(self.world)
        self.faults = Faults(time)
        self.registry = ContainerRegistry(self.world)
        self.vaults = KeyVault(self.world)
        self.registry_data = RegistryData(self.world)
        self.vault_data = VaultData(self.world, token_service=self.tokens, life=self.vaults.key_life)
        self.graph = Graph(self.world, token_service=self.tokens)
        self.subscription_id = self.world.guid()
        self.pipeline = Pipeline(
            self.world,
            token_service=self.tokens,
            providers=(
                Resources(self.world, namespaces=NAMESPACES),
                Authorization(self.world),
                ManagedIdentity(self.world),
                self.vaults,
                self.registry,
                Diagnostics(self.world, namespaces=NAMESPACES),
            ),
        )
        self.add_subscription(self.subscription_id)
        self.operator = self.enrol("operator")
        self.portal = self.enrol("portal")
        self.assertion = self.tokens.enrol(self.operator)
        self.person = self.enrol("person")
        self.person.reads_directory = True
        self.grant(self.person, role=rbac.KEY_VAULT_ADMINISTRATOR)
        self.person_assertion = self.tokens.enrol(self.person)

    def enrol(self, name: str, *, role: str = rbac.OWNER) -> Principal:
        """Add an application to the directory with a role on the lab's subscription, effective now."""
        principal = self.world.directory.add(
            Principal(object_id=self.world.guid(), client_id=self.world.guid(), name=name)
        )
        self.grant(principal, role=role)
        return principal

    def grant(self, principal: Principal, *, role: str) -> None:
        """Give a principal a role on everything, effective now."""
        self.world.access.grant(Grant(principal=principal.object_id, role=rbac.definitions()[role], scope="/"))

    def service(self, request: Request) -> str:
        """Return what a request is for: `arm`, `login`, `graph`, `vault`, or `registry` for a login server."""
        if request.host == principals.HOST:
            return "graph"
        if self.registry_data.serves(request.host):
            return "registry"
        if self.vault_data.serves(request.host):
            return "vault"
        root = request.path.strip("/").split("/", 1)[0].lower()
        return "arm" if root in _ARM_ROOTS else "login"

    async def answer(self, request: Request) -> Answer:
        """Answer one request and log it; an answer of status 0 means that nothing answers at that host."""
        start = self.world.clock.now()
        correlation_id = request.headers.get("x-ms-correlation-request-id") or self.world.guid()
        service = self.service(request)
        if service == "arm":
            answer = await self.pipeline(request, correlation_id=correlation_id)
        elif service == "graph":
            answer = await self.graph.answer(request, correlation_id=correlation_id)
        elif service == "registry":
            answer = self.registry_data.answer(request)
        elif service == "vault":
            answer = await self.vault_data.answer(request)
        else:
            await self.world.clock.sleep(self.world.draw(self.world.switches.login_latency))
            answer = self.tokens.answer(request)
        self.record(request, answer, start=start, correlation_id=correlation_id)
        self.faults.answered(request, answer)
        return answer

    def record(self, request: Request, answer: Answer, *, start: float, correlation_id: str = "") -> None:
        """Log a request; a fault's answer is logged like any other."""
        token = self.tokens.find(request.headers.get("authorization", "").partition(" ")[2])
        service = self.service(request)
        self.world.log.add(
            RequestRecord(
                time=round(start, 3),
                seconds=round(self.world.clock.now() - start, 3),
                method=request.method,
                path=request.path,
                api_version=request.query.get("api-version", ""),
                kind=self.pipeline.kind(request) if service in ("arm", "vault") else "read",
                service=service,
                status=answer.status,
                code=answer.code,
                principal=token.principal.name if token else "",
                correlation_id=correlation_id,
            )
        )

    def add_subscription(self, subscription: str) -> None:
        """Add a subscription, with the providers unregistered that the switches name."""
        self.world.store.subscriptions[subscription.lower()] = subscription
        for namespace in filter(None, self.world.switches.unregistered_providers.split(",")):
            key = (subscription.lower(), namespace.strip().lower())
            self.world.store.unregistered[key] = "NotRegistered"
