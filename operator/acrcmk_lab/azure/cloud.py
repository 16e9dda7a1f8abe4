"""One whole lab without its server: the providers wired to the pipeline, a request in, an answer out."""

from acrcmk_lab.azure import (
    clock,
    directory,
    faults,
    messages,
    pipeline,
    rbac,
    requestlog,
    settings,
    tokens,
    world,
)
from acrcmk_lab.azure.providers import authorization, identity, registry, resources, vaults

NAMESPACES = (
    "Microsoft.Authorization",
    "Microsoft.ContainerRegistry",
    "Microsoft.KeyVault",
    "Microsoft.ManagedIdentity",
    "Microsoft.Resources",
)
_ARM_ROOTS = ("subscriptions", "providers", "tenants")


class Cloud:
    """The composition root of the lab's Azure.

    `operator` is the principal that the operator signs in as, `assertion` its federated token; it
    owns `subscription_id` until its grants are narrowed.
    """

    def __init__(
        self,
        *,
        time: clock.Clock,
        switches: settings.Switches,
        log: requestlog.Log,
        seed: int = 0,
    ) -> None:
        self.world = world.World(time=time, switches=switches, log=log, seed=seed)
        self.tokens = tokens.TokenService(self.world)
        self.faults = faults.Faults(time)
        self.registry = registry.ContainerRegistry(self.world)
        self.vaults = vaults.KeyVault(self.world)
        self.subscription_id = self.world.guid()
        self.pipeline = pipeline.Pipeline(
            self.world,
            token_service=self.tokens,
            providers=(
                resources.Resources(self.world, namespaces=NAMESPACES),
                authorization.Authorization(self.world),
                identity.ManagedIdentity(self.world),
                self.vaults,
                self.registry,
            ),
        )
        self._add_subscription(self.subscription_id)
        self.operator = self.enrol("operator")
        self.portal = self.enrol("portal")
        self.assertion = self.tokens.enrol(self.operator)

    def enrol(self, name: str, *, role: str = rbac.OWNER) -> directory.Principal:
        """Add an application to the directory with a role on the lab's subscription, effective now."""
        principal = self.world.directory.add(
            directory.Principal(object_id=self.world.guid(), client_id=self.world.guid(), name=name)
        )
        self.world.access.grant(rbac.Grant(principal=principal.object_id, role=rbac.definitions()[role], scope="/"))
        return principal

    async def answer(self, request: messages.Request) -> messages.Answer:
        """Answer one request and log it."""
        start, correlation_id = self.world.clock.now(), request.headers.get("x-ms-correlation-request-id")
        correlation_id = correlation_id or self.world.guid()
        arm = request.path.strip("/").split("/", 1)[0].lower() in _ARM_ROOTS
        if arm:
            answer = await self.pipeline(request, correlation_id=correlation_id)
        else:
            latency = self.world.draw(self.world.switches.login_latency)
            await self.world.clock.sleep(latency)
            answer = self.tokens.answer(request)
        self.record(request, answer, start=start, correlation_id=correlation_id, arm=arm)
        self.faults.answered(request, answer)
        return answer

    def record(
        self,
        request: messages.Request,
        answer: messages.Answer,
        *,
        start: float,
        correlation_id: str = "",
        arm: bool = True,
    ) -> None:
        """Log a request; a fault's answer is logged like any other."""
        token = self.tokens.find(request.headers.get("authorization", "").partition(" ")[2])
        self.world.log.add(
            requestlog.RequestRecord(
                time=round(start, 3),
                seconds=round(self.world.clock.now() - start, 3),
                method=request.method,
                path=request.path,
                api_version=request.query.get("api-version", ""),
                kind=self.pipeline.kind(request) if arm else "read",
                service="arm" if arm else "login",
                status=answer.status,
                code=answer.code,
                principal=token.principal.name if token else "",
                correlation_id=correlation_id,
            )
        )

    def _add_subscription(self, subscription: str) -> None:
        self.world.store.subscriptions[subscription.lower()] = subscription
        for namespace in filter(None, self.world.switches.unregistered_providers.split(",")):
            key = (subscription.lower(), namespace.strip().lower())
            self.world.store.unregistered[key] = "NotRegistered"
