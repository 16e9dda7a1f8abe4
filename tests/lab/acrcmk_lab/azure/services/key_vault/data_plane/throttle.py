"""Throttling of a vault: calls of a kind in ten seconds, five times as many in a subscription [D]."""

from acrcmk_lab.azure.arm import errors, ids
from acrcmk_lab.azure.arm.messages import AzureError
from acrcmk_lab.azure.arm.throttle import Windows
from acrcmk_lab.azure.services.key_vault.data_plane.operations import Call, Operation
from acrcmk_lab.azure.services.key_vault.models import Key
from acrcmk_lab.azure.state.state import State

SECONDS = 10
SUBSCRIPTION_FACTOR = 5
_CREATES = (20, 10)
"""Calls in ten seconds, software and HSM keys, by RSA size; other keys have the limits of RSA 2048."""
_USES = {2048: (4000, 2000), 3072: (1000, 500), 4096: (500, 250)}
_CREATING = ("create", "import", "rotate", "restore")


class Limits:
    """The windows of every vault."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._windows = Windows()

    def charge(self, call: Call, *, operation: Operation) -> None:
        """Count a call; AzureError 429 if the vault or its subscription had too many."""
        kind, limit = _kind(call, operation=operation)
        limit = max(1, round(limit * self._state.settings.vault_limits))
        subscription = ids.subscription_of(call.vault.id).lower()
        now = self._state.clock.now()
        windows = [
            self._windows.take(f"{scope}/{kind}", now=now, size=size, seconds=SECONDS)
            for scope, size in (
                (call.vault.name.lower(), limit),
                (f"{subscription}/{call.vault.location}", limit * SUBSCRIPTION_FACTOR),
            )
        ]
        closed = [window for window in windows if not window.allowed]
        if closed:
            wait = max(window.retry_after(now) for window in closed)
            response = errors.response("KVD_THROTTLED")
            response.headers["Retry-After"] = str(self._state.clock.client_seconds(wait))
            raise AzureError(response)


def _kind(call: Call, *, operation: Operation) -> tuple[str, int]:
    """Return the window of a call, and the window's limit."""
    key = call.vault.keys.get(call.names[0].lower()) if operation.area == "keys" and call.names else None
    size, hardware = _size(call, key=key)
    place = "hsm" if hardware else "software"
    if operation.area == "keys" and operation.permission in _CREATING:
        return f"create/{place}", _CREATES[hardware]
    return f"use/{place}/{size}", _USES[size][hardware]


def _size(call: Call, *, key: Key | None) -> tuple[int, bool]:
    kty = str(call.body.get("kty") or "") or (key.current.kty if key else "")
    size = key.current.size if key else None
    return (size if size in _USES else 2048), kty.endswith("-HSM")
