"""kopf as informer: the only handler. It never awaits the network, it tells the queue what changed."""

import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import kopf

from acrcmk import api
from acrcmk.kube import client
from acrcmk.kube.objects import NamespacedName

_LISTED_PER_SECOND = 20.0
"""Objects per second that a first list is spread over, so that a restart is no stampede on Azure."""

Notice = tuple[Any, ...]


class Informer:
    """Hears of changes and adds what matters to the queue.

    Our own status writes change nothing that `_notice` looks at, so they wake nothing.
    """

    def __init__(
        self,
        *,
        add: Callable[[NamespacedName, float], None],
        forget: Callable[[NamespacedName], None],
        spread: Callable[[float], float] = lambda most: random.uniform(0, most),  # noqa: S311 - no secret
    ) -> None:
        self._add = add
        self._forget = forget
        self._spread = spread
        self._noticed: dict[NamespacedName, Notice] = {}

    def registry(self, *, cleanup: Callable[[], Awaitable[None]]) -> kopf.OperatorRegistry:
        """Return kopf's handlers: the login, this one, and `cleanup`.

        kopf waits for its cleanup handlers without limit, but cancels every task that was born after its start 5 s
        after it was told to stop (kopf.md 1.7), so passes in hand must be waited for there.
        """

        async def clean_up(**_: Any) -> None:
            await cleanup()

        registry = kopf.OperatorRegistry()
        kopf.on.login(registry=registry)(client.login)
        kopf.on.cleanup(registry=registry)(clean_up)
        kopf.on.event(api.GROUP, api.VERSION, api.PLURAL, registry=registry, id="informer")(self._seen)
        return registry

    async def _seen(self, *, type: str | None, body: Mapping[str, Any], **_: Any) -> None:  # noqa: A002 - kopf's name
        self.seen(type, body)

    def seen(self, kind: str | None, body: Mapping[str, Any]) -> None:
        """Take an event; `kind` is None for an object of the first list."""
        metadata = body["metadata"]
        key = NamespacedName(metadata["namespace"], metadata["name"])
        if kind == "DELETED":
            self._noticed.pop(key, None)
            self._forget(key)
            return
        notice = _notice(metadata)
        if self._noticed.get(key) == notice:
            return
        self._noticed[key] = notice
        listed = kind is None and "deletionTimestamp" not in metadata
        self._add(key, self._spread(len(self._noticed) / _LISTED_PER_SECOND) if listed else 0.0)


def _notice(metadata: Mapping[str, Any]) -> Notice:
    return (
        metadata.get("uid"),
        metadata.get("generation"),
        metadata.get("deletionTimestamp"),
        tuple(metadata.get("finalizers") or ()),
    )


def kopf_settings() -> kopf.OperatorSettings:
    """Return kopf's settings: it watches, and writes nothing."""
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.watching.server_timeout = 600
    settings.networking.request_timeout = 30
    settings.peering.standalone = True
    return settings
