"""The pipeline of checks that every ARM request passes, in Azure's order.

Token, api-version and type, throttling, the caller's rights, resource group, provider registration,
state of the subscription, location and tags, the gates (locks, policies), then the resource provider.
"""

import secrets
from collections.abc import Iterable

from acrcmk_lab.azure.arm import errors, ids, operations, timestamps
from acrcmk_lab.azure.arm.ids import Route
from acrcmk_lab.azure.arm.messages import AzureError, Body, Request, Response
from acrcmk_lab.azure.arm.operations import Call, Gate, Operation, Provider
from acrcmk_lab.azure.arm.throttle import Throttle
from acrcmk_lab.azure.arm.write_checks import WriteChecks
from acrcmk_lab.azure.state.directory import Principal
from acrcmk_lab.azure.state.state import State

READ_METHODS = ("GET", "HEAD")
_FIXED_HEADERS = {
    "Cache-Control": "no-cache",
    "Pragma": "no-cache",
    "Expires": "-1",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-Cache": "CONFIG_NOCACHE",
}
_GROUP_TEMPLATE = "subscriptions/*/resourcegroups/*"
"""The template of a resource group itself, which need not exist before the request."""
_FOUND_BY_NAME = ("microsoft.authorization/roleassignments/*", "microsoft.authorization/roledefinitions/*")
"""Recorded: reads of these fail with an error of their own, also if the group does not exist."""
_CHECKED_PARENTS = ("microsoft.managedidentity/userassignedidentities/*/federatedidentitycredentials/*",)
"""Recorded: the child resources whose deletion fails with ParentResourceNotFound, also if the group does not exist."""


class Pipeline:
    """Azure Resource Manager: checks each request and calls the operation's handler."""

    def __init__(
        self,
        state: State,
        *,
        providers: Iterable[Provider],
        gates: Iterable[Gate] = (),
    ) -> None:
        self._state = state
        self._gates = tuple(gates)
        self.throttle = Throttle(state.settings)
        self._providers = {p.namespace.lower(): p for p in providers}
        self._operations = {
            (operation.method, operation.template): operation
            for provider in self._providers.values()
            for operation in provider.operations()
        }
        self._templates = {template for _, template in self._operations}
        self._write_checks = WriteChecks(state)

    async def __call__(self, request: Request, *, correlation_id: str) -> Response:
        """Respond to one request; every response carries ARM's common headers."""
        headers = self._common_headers(correlation_id)
        try:
            response = await self._handle(request, correlation_id=correlation_id, headers=headers)
        except AzureError as error:
            response = error.response
        response.headers = {**headers, **response.headers}
        return response

    def kind(self, request: Request) -> str:
        """Return read, write or delete: the throttling bucket of a request."""
        operation = self._operations.get((request.method, ids.route(request.path).template))
        if operation:
            return operation.kind
        if request.method in READ_METHODS:
            return "read"
        return "delete" if request.method == "DELETE" else "write"

    def caller(self, request: Request) -> Principal:
        """Return the principal of the request's token; AzureError for a missing, unknown or expired token."""
        scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
        token = self._state.tokens.find(credentials) if scheme.lower() == "bearer" else None
        if token is None:
            raise self._challenge(errors.response("ARM_TOKEN_INVALID"))
        if token.expired:
            now = timestamps.american(self._state.clock.utc())
            raise self._challenge(errors.response("ARM_TOKEN_EXPIRED", expiry=now, now=now))
        return token.principal

    async def _handle(self, request: Request, *, correlation_id: str, headers: dict[str, str]) -> Response:
        caller = self.caller(request)
        route = ids.route(request.path)
        operation, provider = self._resolve(request, route=route)
        self._check_throttling(operation, route=route, caller=caller, headers=headers)
        self._check_authorization(operation, route=route, caller=caller)
        if operation.latency:
            span = "read_latency" if operation.kind == "read" else "write_latency"
            await self._state.clock.sleep(self._state.draw(getattr(self._state.settings, span)))
        self._check_parents_exist(request, route=route)
        self._check_registration(operation, route=route, provider=provider)
        if operation.kind != "read":
            headers["x-ms-operation-identifier"] = (
                f"tenantId={self._state.tenant_id},objectId={caller.object_id}"
                f"/{self._state.settings.region}/{correlation_id}"
            )
        call = Call(
            request=request,
            route=route,
            version=request.query["api-version"].lower(),
            caller=caller,
            correlation_id=correlation_id,
        )
        self._write_checks.check(call, operation=operation, namespace=provider.namespace)
        for gate in self._gates:
            await gate.admit(call, operation=operation, read=self._read)
        headers.update(provider.headers(call))
        return await operation.handler(call)

    async def _read(self, call: Call) -> Body | None:
        """Return the body that a GET of a call's path returns now; None where there is none."""
        operation = self._operations.get(("GET", call.route.template))
        try:
            response = await operation.handler(call) if operation else None
        except AzureError:
            return None
        return response.body if response and isinstance(response.body, dict) else None

    def _resolve(self, request: Request, *, route: Route) -> tuple[Operation, Provider]:
        version = request.query.get("api-version", "")
        if not version:
            raise errors.error("ARM_NO_API_VERSION")
        provider = self._providers.get(route.namespace)
        if provider is None:
            raise errors.error("ARM_BAD_NAMESPACE", ns=route.namespace)
        if not operations.well_formed(version) or not provider.accepts(version.lower()):
            raise errors.error(
                "ARM_BAD_API_VERSION",
                loc=self._state.settings.region,
                v=version,
                type=route.typed,
                versions=", ".join(provider.versions),
                locations=self._state.settings.region,
            )
        operation = self._operations.get((request.method, route.template))
        if operation is None and route.template in self._templates:
            raise errors.error("ARM_METHOD", method=request.method, path=route.path)
        if operation is None:
            raise errors.error("ARM_BAD_TYPE", ns=provider.namespace, v=version)
        return operation, provider

    def _check_throttling(
        self,
        operation: Operation,
        *,
        route: Route,
        caller: Principal,
        headers: dict[str, str],
    ) -> None:
        admit = operation.admit or self.throttle.admit
        admission = admit(
            subscription=route.subscription.lower(),
            principal=caller.object_id,
            kind=operation.kind,
            now=self._state.clock.now(),
        )
        headers.update(admission.headers)
        if not admission.allowed:
            response = errors.response(
                operation.throttled,
                sub=route.subscription,
                operation=f"{operation.method}/{operation.template}".upper(),
                action=operation.action,
                seconds=admission.retry_after,
                now=timestamps.zulu(self._state.clock.utc()),
                correlationId=headers["x-ms-correlation-request-id"],
                **admission.facts,
            )
            response.headers["Retry-After"] = str(self._state.clock.client_seconds(admission.retry_after))
            raise AzureError(response)

    def _check_authorization(self, operation: Operation, *, route: Route, caller: Principal) -> None:
        if operation.forbidden and not self._state.access.allows(
            caller.object_id, action=operation.action, scope=route.path, now=self._state.clock.now()
        ):
            raise errors.error(
                operation.forbidden,
                name=caller.client_id,
                appid=caller.client_id,
                oid=caller.object_id,
                tid=self._state.tenant_id,
                action=operation.action,
                scope=route.path,
                sub=route.subscription,
                rg=route.group,
                vault=route.names[0] if route.names else "",
                key=route.names[-1] if route.names else "",
                loc=self._state.settings.region,
            )

    def _check_parents_exist(self, request: Request, *, route: Route) -> None:
        store = self._state.store
        if route.subscription and route.subscription.lower() not in store.subscriptions:
            raise errors.error("ARM_SUBSCRIPTION_NOT_FOUND", sub=route.subscription)
        if request.method == "DELETE" and route.template in _CHECKED_PARENTS:
            parent_id = route.path.rsplit("/", 2)[0]
            if store.find(parent_id) is None:
                raise errors.error("ARM_PARENT_NOT_FOUND", verb="delete", type=_type_as_sent(route), id=parent_id)
        needs_group = route.group and route.template != _GROUP_TEMPLATE
        by_name = request.method in ("GET", "DELETE") and route.template in _FOUND_BY_NAME
        if needs_group and not by_name and store.group(route.subscription, route.group) is None:
            raise errors.error("ARM_RG_NOT_FOUND", rg=route.group)

    def _check_registration(self, operation: Operation, *, route: Route, provider: Provider) -> None:
        state = self._state.store.unregistered.get((route.subscription.lower(), route.namespace))
        if operation.registered and state:
            raise errors.error("ARM_RP_NOT_REGISTERED", ns=provider.namespace)

    def _common_headers(self, correlation_id: str) -> dict[str, str]:
        timestamp = timestamps.compact(self._state.clock.utc())
        return {
            **_FIXED_HEADERS,
            "x-ms-request-id": correlation_id,
            "x-ms-correlation-request-id": correlation_id,
            "x-ms-routing-request-id": f"{self._state.settings.region.upper()}:{timestamp}:{correlation_id}",
            "X-MSEdge-Ref": f"Ref A: {secrets.token_hex(16).upper()}",
        }

    def _challenge(self, response: Response) -> AzureError:
        error = response.body["error"]
        response.headers["WWW-Authenticate"] = (
            f'Bearer authorization_uri="{self._state.url}/{self._state.tenant_id}",'
            f' error="invalid_token", error_description="{error["message"]}"'
        )
        return AzureError(response)


def _type_as_sent(route: Route) -> str:
    """Return a resource type without namespace, in the letter case of the request."""
    return "/".join(route.path[len(route.scope) + len("/providers/") :].split("/")[1::2])
