"""The operations that a resource provider registers with the ARM pipeline."""

import dataclasses
import re
from collections.abc import Awaitable, Callable
from typing import Literal, Protocol

from acrcmk_lab.azure.arm.ids import Route
from acrcmk_lab.azure.arm.messages import Body, Request, Response
from acrcmk_lab.azure.arm.throttle import Admit
from acrcmk_lab.azure.state.directory import Principal

_VERSION = re.compile(r"20\d\d-\d\d-\d\d(-preview|-alpha|-beta)?", re.IGNORECASE)


@dataclasses.dataclass(kw_only=True, slots=True)
class Call:
    """One authorized request to a provider: its route, api-version and caller."""

    request: Request
    route: Route
    version: str
    caller: Principal
    correlation_id: str
    headers: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The resource names in the path, outermost first."""
        return self.route.names

    @property
    def body(self) -> Body:
        """The request's JSON object; empty without one."""
        return self.request.body if isinstance(self.request.body, dict) else {}


Handler = Callable[[Call], Awaitable[Response]]
Read = Callable[[Call], Awaitable[Body | None]]
"""Returns the body that a GET of the call's path would return now, None where there is none."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Operation:
    """One REST operation: method, path template, required action, throttling kind, handler.

    `kind` is the throttling bucket and latency class; `forbidden` the id of the error for
    callers without `action`, "" for operations that need no action; `registered` whether the provider must
    be registered in the subscription; `latency` is False where the handler waits itself.
    `admit` replaces ARM's throttling, and `throttled` is the id of its error.
    """

    method: str
    template: str
    handler: Handler
    action: str
    kind: Literal["read", "write", "delete"]
    forbidden: str = "ARM_AUTHZ"
    registered: bool = False
    latency: bool = True
    admit: Admit | None = None
    throttled: str = "ARM_THROTTLE"


class Provider(Protocol):
    """A resource provider: its namespace as Azure writes it, its operations, the versions it takes.

    `versions` are those that are known; `accepts` may take more, or with time fewer.
    """

    namespace: str
    versions: tuple[str, ...]

    def operations(self) -> list[Operation]: ...

    def accepts(self, version: str) -> bool: ...

    def headers(self, call: Call, /) -> dict[str, str]:
        """Return what this provider adds to each of its answers."""


class Gate(Protocol):
    """A check of ARM between its own and the provider's: locks, policies."""

    async def admit(self, call: Call, *, operation: Operation, read: Read) -> None:
        """Check a request, maybe change its body; AzureError for one that is refused."""


def crud(
    provider: str,
    *,
    path: str,
    get: Handler | None = None,
    put: Handler | None = None,
    patch: Handler | None = None,
    delete: Handler | None = None,
    latency: bool = True,
) -> list[Operation]:
    """Return the usual operations of one resource type, with their usual actions.

    `path` is the type with `*` for names: `vaults/*`; without `latency`, the handlers of PUT and PATCH wait themselves.
    """
    template = f"{provider}/{path}".lower()
    kind = f"{provider}/{path.replace('/*', '')}"
    verbs: list[tuple[str, Handler | None, str, Literal["read", "write", "delete"]]] = [
        ("GET", get, "read", "read"),
        ("PUT", put, "write", "write"),
        ("PATCH", patch, "write", "write"),
        ("DELETE", delete, "delete", "delete"),
    ]
    return [
        Operation(
            method=method,
            template=template,
            handler=handler,
            action=f"{kind}/{verb}",
            kind=bucket,
            registered=method in ("PUT", "PATCH"),
            latency=latency or method not in ("PUT", "PATCH"),
        )
        for method, handler, verb, bucket in verbs
        if handler
    ]


def well_formed(version: str) -> bool:
    """Tell whether a text looks like an api-version."""
    return bool(_VERSION.fullmatch(version))
