"""Named faults: failures seen in real clouds, set up with one call.

Each recipe uses the control API's commands and is available over HTTP: `POST /_sim/recipe`
with `{"name": "throttled", "method": "PUT", "retry_after": 30}`.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

REGISTRY = r"/registries/[^/]+$"
OPERATION = r"/registries/[^/]+/operationStatuses/"
VAULT_WRITE = r"/vaults/[^/]+/accessPolicies/"
ROLE_ASSIGNMENT = r"/roleAssignments/[^/]+$"


class Control(Protocol):
    """The commands that recipes use."""

    async def set(self, **settings: Any) -> None: ...
    async def fault(self, **rule: Any) -> Any: ...
    async def fail_operation(self, code: str = ..., message: str = ...) -> None: ...
    async def expire_tokens(self) -> None: ...
    async def reserve_name(self, name: str) -> None: ...


async def throttled(
    control: Control, *, method: str = "", path: str = "", retry_after: int = 1, times: int = 1
) -> None:
    """429 with Retry-After, for one verb or all."""
    await control.fault(
        match={"method": method, "path": path},
        error="ARM_THROTTLE",
        facts={"sub": "", "operation": method, "seconds": str(retry_after)},
        headers={"Retry-After": str(retry_after)},
        times=times,
    )


async def unavailable(control: Control, *, method: str = "", path: str = "", times: int = 2) -> None:
    """503 for some requests, then success."""
    body = {"error": {"code": "ServiceUnavailable", "message": "The service is unavailable. Try again later."}}
    await control.fault(match={"method": method, "path": path}, status=503, body=body, times=times)


async def lost_response(control: Control, *, method: str = "PUT", path: str = REGISTRY, times: int = 1) -> None:
    """The connection breaks after Azure has done the write.

    aiohttp itself repeats an idempotent request once on a broken connection: 2 times reach the caller.
    """
    await control.fault(match={"method": method, "path": path}, action="reset_after", times=times)


async def poll_missing(control: Control, *, times: int = 1) -> None:
    """Polling an operation returns 404."""
    facts = {"name": "operation"}
    await control.fault(
        match={"method": "GET", "path": OPERATION}, error="ACR_CHILD_NOT_FOUND", facts=facts, times=times
    )


async def operation_failed(
    control: Control, *, code: str = "InternalServerError", message: str = "The operation failed."
) -> None:
    """The next operation on a registry ends as Failed."""
    await control.fail_operation(code=code, message=message)


async def read_after_write_lag(control: Control, *, path: str = REGISTRY, seconds: float = 5) -> None:
    """After a successful PUT, GET returns 404 for a while."""
    await control.fault(
        match={"method": "GET", "path": path},
        armed_by={"method": "PUT", "path": path},
        error="ARM_RESOURCE_NOT_FOUND",
        facts={"provider": "", "type": "", "name": "", "rg": ""},
        duration=seconds,
        times=0,
    )


async def token_expiry(control: Control) -> None:
    """All access tokens expire now, also during a long-running operation."""
    await control.expire_tokens()


async def principal_not_found(control: Control, *, times: int = 4) -> None:
    """The directory has not replicated a new principal yet, some times."""
    await control.fault(
        match={"method": "PUT", "path": ROLE_ASSIGNMENT},
        error="RA_PRINCIPAL_NOT_FOUND",
        facts={"oid": "0" * 32, "tid": "lab"},
        times=times,
    )


async def concurrent_vault_write(control: Control, *, times: int = 1) -> None:
    """Another client writes the same vault at the same time."""
    await control.fault(match={"path": VAULT_WRITE}, error="KV_CONCURRENT", times=times)


async def rbac_lag(control: Control, *, seconds: float = 600) -> None:
    """Role assignments take the longest documented time to take effect."""
    await control.set(rbac_propagation=seconds)


async def stuck_dns(control: Control, *, seconds: float = 428) -> None:
    """The host names of new vaults take the longest recorded time to resolve."""
    await control.set(dns_delay=seconds)


async def name_taken(control: Control, *, reserved_name: str) -> None:
    """Another tenant takes a name, for instance between check and create."""
    await control.reserve_name(reserved_name)


Recipe = Callable[..., Awaitable[None]]
RECIPES: dict[str, Recipe] = {
    recipe.__name__: recipe
    for recipe in (
        throttled,
        unavailable,
        lost_response,
        poll_missing,
        operation_failed,
        read_after_write_lag,
        token_expiry,
        principal_not_found,
        concurrent_vault_write,
        rbac_lag,
        stuck_dns,
        name_taken,
    )
}
