"""Management locks: at a subscription, resource group or resource, inherited by all below.

`ReadOnly` refuses writes and deletes, `CanNotDelete` deletes. Locks hold for Resource Manager only: the vaults' own
hosts know none [D].
"""

import dataclasses
from typing import Any

from acrcmk_lab.azure.arm import errors, ids, operations, paging
from acrcmk_lab.azure.arm.messages import Body, Response
from acrcmk_lab.azure.arm.operations import Call, Operation, Read
from acrcmk_lab.azure.services.authorization import models
from acrcmk_lab.azure.state.state import State
from acrcmk_lab.azure.state.store import Resource

TYPE = f"{models.NAMESPACE}/locks"
READ_ONLY = "ReadOnly"
LEVELS = (READ_ONLY, "CanNotDelete")


@dataclasses.dataclass(kw_only=True)
class Lock(Resource):
    """A lock of a scope and all below; `properties` are as sent: level, notes, owners."""

    TYPE = TYPE
    TRACKED = False

    scope: str
    properties: dict[str, Any]

    @property
    def level(self) -> str:
        """`ReadOnly` or `CanNotDelete`."""
        return str(self.properties["level"])

    def body(self) -> Body:
        """Return the body of the lock."""
        return {"properties": self.properties, "id": self.id, "type": TYPE, "name": self.name}


class Locks:
    """The operations on locks, and the check of every request against them."""

    def __init__(self, state: State) -> None:
        self._state = state

    def operations(self) -> list[Operation]:
        return [
            *operations.crud(models.NAMESPACE, path="locks/*", get=self.get, put=self.put, delete=self.delete),
            *operations.crud(models.NAMESPACE, path="locks", get=self.index),
        ]

    async def admit(self, call: Call, *, operation: Operation, read: Read) -> None:
        """Check a request; AzureError for a write or delete in a locked scope."""
        del read
        if operation.kind == "read" or operation.template.startswith(f"{TYPE}/".lower()):
            return
        scopes = [lock.scope for lock in self._state.store.table(Lock).values() if _refuses(lock, call, operation)]
        if scopes:
            raise errors.error(
                "ARM_SCOPE_LOCKED",
                scope=call.route.path,
                operation=operation.kind,
                locked=",".join(f"'{scope}'" for scope in scopes),
            )

    async def get(self, call: Call) -> Response:
        lock = self._state.store.get(Lock, call.route.path)
        if lock is None:
            raise errors.error("ARM_LOCK_NOT_FOUND", name=call.names[0])
        return Response(200, body=lock.body())

    async def index(self, call: Call) -> Response:
        """List the locks at, above and below a scope; with `atScope()` those below are left out."""
        scope, at_scope = call.route.scope, "atscope()" in call.request.query.get("$filter", "").lower()
        rows = [
            lock.body()
            for lock in self._state.store.table(Lock).values()
            if ids.within(scope, scope=lock.scope) or (not at_scope and ids.within(lock.scope, scope=scope))
        ]
        return paging.page(call, rows=rows, url=self._state.url)

    async def put(self, call: Call) -> Response:
        properties = dict(call.request.properties())
        level = next((name for name in LEVELS if name.lower() == str(properties.get("level", "")).lower()), None)
        if level is None:
            raise errors.error("ARM_BAD_REQUEST", reason=f"the lock level is one of {', '.join(LEVELS)}")
        existing = self._state.store.get(Lock, call.route.path)
        lock = Lock(
            id=call.route.path,
            name=call.names[0],
            location="",
            scope=call.route.scope,
            properties={**properties, "level": level},
            created=self._state.clock.now(),
            created_by=call.caller.author,
        )
        self._state.store.put(lock)
        return Response(200 if existing else 201, body=lock.body())

    async def delete(self, call: Call) -> Response:
        lock = self._state.store.get(Lock, call.route.path)
        if lock is None:
            return Response(204)
        self._state.store.remove(lock)
        return Response(200)


def _refuses(lock: Lock, call: Call, operation: Operation) -> bool:
    """Tell whether a lock refuses a write, or a delete of something that it covers or that contains it."""
    path = call.route.path
    if operation.kind == "delete":
        return ids.within(path, scope=lock.scope) or ids.within(lock.scope, scope=path)
    return lock.level == READ_ONLY and ids.within(path, scope=lock.scope)
