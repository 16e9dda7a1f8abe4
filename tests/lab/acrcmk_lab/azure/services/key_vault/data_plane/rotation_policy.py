"""A key's rotation policy on the vault's own host, and rotation on demand."""

from collections.abc import Callable, Iterator

from acrcmk_lab.azure.arm import errors
from acrcmk_lab.azure.arm.messages import Body, Response
from acrcmk_lab.azure.services.key_vault import lifecycle
from acrcmk_lab.azure.services.key_vault.data_plane.operations import Call, Handler, Operation
from acrcmk_lab.azure.services.key_vault.lifecycle import KeyLifecycle
from acrcmk_lab.azure.services.key_vault.models import Key, KeyVersion
from acrcmk_lab.azure.state.state import State

SHORTEST_INTERVAL = 7 * lifecycle.DAY
"""Documented: 7 days at least between creation, rotation and expiry; a key is valid for 28 days at least."""
SHORTEST_LIFE = 28 * lifecycle.DAY
DEFAULT = {"lifetimeActions": [{"trigger": {"timeBeforeExpiry": "P30D"}, "action": {"type": "Notify"}}]}
"""Documented for a key without a policy of its own (Get-AzKeyVaultKeyRotationPolicy): no id, no dates."""
_POLICY = "keys/*/rotationpolicy"

Lookup = Callable[[Call], tuple[Key, KeyVersion]]


class Rotation:
    """The operations on a key's rotation; `lookup` and `bundle` are those of all keys."""

    def __init__(
        self, state: State, *, lifecycle: KeyLifecycle, lookup: Lookup, bundle: Callable[..., Response]
    ) -> None:
        self._state = state
        self._lifecycle = lifecycle
        self._lookup = lookup
        self._bundle = bundle

    def operations(self) -> list[Operation]:
        """Return the operations; rotation policies have their own data actions."""
        rows: list[tuple[str, str, Handler, str, str]] = [
            ("GET", _POLICY, self.get, "getrotationpolicy", "keyrotationpolicies/read"),
            ("PUT", _POLICY, self.put, "setrotationpolicy", "keyrotationpolicies/write"),
            ("POST", "keys/*/rotate", self.rotate, "rotate", "keys/rotate/action"),
        ]
        return [
            Operation(method=method, path=path, handler=handler, area="keys", permission=permission, action=action)
            for method, path, handler, permission, action in rows
        ]

    def get(self, call: Call) -> Response:
        key, _ = self._lookup(call)
        if key.rotation_policy is None:
            return Response(200, body={**DEFAULT, "attributes": {}})
        return Response(200, body={"id": f"{call.url}/keys/{key.name}/rotationpolicy", **key.rotation_policy})

    def put(self, call: Call) -> Response:
        key, _ = self._lookup(call)
        requested = call.body.get("lifetimeActions") or []
        expiry = call.attributes.get("expiryTime")
        message = problem(requested, expiry=expiry)
        if message:
            raise errors.error("KVD_BAD_PARAMETER", reason=message)
        now = int(self._state.clock.utc().timestamp())
        created = ((key.rotation_policy or {}).get("attributes") or {}).get("created", now)
        attributes = {**({"expiryTime": expiry} if expiry else {}), "created": created, "updated": now}
        policy = {"lifetimeActions": _with_notification(requested), "attributes": attributes}
        self._lifecycle.set_policy(call.vault, key, policy)
        return self.get(call)

    def rotate(self, call: Call) -> Response:
        key, _ = self._lookup(call)
        return self._bundle(call, key, version=self._lifecycle.rotate(call.vault, key))


def _with_notification(actions: list[Body]) -> list[Body]:
    """Return lifetime actions with one that notifies; recorded: the service adds it, 30 days before expiry."""
    kinds = [str((action.get("action") or {}).get("type")).lower() for action in actions if isinstance(action, dict)]
    return actions if "notify" in kinds else [*actions, *DEFAULT["lifetimeActions"]]


def problem(actions: list[Body], *, expiry: str | None) -> str | None:
    """Return what is wrong with a policy, in a text of the lab; None if it is valid."""
    try:
        lifetime = lifecycle.duration(expiry) if expiry else None
        problems = [message for action in actions for message in _problems(action, lifetime=lifetime)]
    except (ValueError, TypeError, AttributeError) as error:
        return str(error)
    if lifetime is not None and lifetime < SHORTEST_LIFE:
        return "expiryTime must be at least 28 days"
    return next(iter(problems), None)


def _problems(action: Body, *, lifetime: int | None) -> Iterator[str]:
    """Yield what is wrong with one lifetime action of a key that expires after `lifetime` seconds, None for never."""
    trigger = action.get("trigger") or {}
    rotates = str((action.get("action") or {}).get("type")).lower() == "rotate"
    times = [trigger[name] for name in ("timeAfterCreate", "timeBeforeExpiry") if trigger.get(name)]
    if len(times) != 1:
        yield "a trigger has either timeAfterCreate or timeBeforeExpiry"
        return
    seconds = lifecycle.duration(times[0])
    if seconds < SHORTEST_INTERVAL or (lifetime is not None and lifetime - seconds < SHORTEST_INTERVAL):
        yield "between creation, rotation and expiry must be at least 7 days"
    if trigger.get("timeAfterCreate") and not rotates:
        yield "timeAfterCreate is for Rotate only"
    if trigger.get("timeBeforeExpiry") and rotates and lifetime is None:
        yield "timeBeforeExpiry needs an expiryTime"
