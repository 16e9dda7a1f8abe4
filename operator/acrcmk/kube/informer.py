"""kopf as informer: one handler, which queues the objects that changed and never awaits the network."""

import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import kopf

from acrcmk import api
from acrcmk.kube import client
from acrcmk.kube.objects import NamespacedName

_LISTED_PER_SECOND = 20.0
"""Objects of the first list that are due per second, so that a restart does not send all reads to Azure at once."""

Fingerprint = tuple[Any, ...]


class Informer:
    """Queues an object when its metadata changes in a way that matters (`_fingerprint`); a status write does not."""

    def __init__(
        self,
        *,
        add: Callable[[NamespacedName, float], None],
        forget: Callable[[NamespacedName], None],
        spread: Callable[[float], float] = lambda limit: random.uniform(0, limit),  # noqa: S311 - no secret
    ) -> None:
        self._add = add
        self._forget = forget
        self._spread = spread
        self._fingerprints: dict[NamespacedName, Fingerprint] = {}

    def registry(self, *, cleanup: Callable[[], Awaitable[None]]) -> kopf.OperatorRegistry:
        """Return kopf's handlers: the login, the watch events, and `cleanup`.

        kopf waits for its cleanup handlers without limit, but cancels every task that was created after its start 5 s
        after the signal to stop (kopf.md 1.7), so running reconciles must be awaited in `cleanup`.
        """

        async def clean_up(**_: Any) -> None:
            await cleanup()

        registry = kopf.OperatorRegistry()
        kopf.on.login(registry=registry)(client.login)
        kopf.on.cleanup(registry=registry)(clean_up)
        kopf.on.event(api.GROUP, api.VERSION, api.PLURAL, registry=registry, id="informer")(self._on_event)
        return registry

    async def _on_event(self, *, type: str | None, body: Mapping[str, Any], **_: Any) -> None:  # noqa: A002 - kopf's name
        self.handle(type, body)

    def handle(self, event_type: str | None, body: Mapping[str, Any]) -> None:
        """Queue or forget the object of a watch event; `event_type` is None for an object of the first list."""
        metadata = body["metadata"]
        key = NamespacedName(metadata["namespace"], metadata["name"])
        if event_type == "DELETED":
            self._fingerprints.pop(key, None)
            self._forget(key)
            return
        fingerprint = _fingerprint(metadata)
        if self._fingerprints.get(key) == fingerprint:
            return
        self._fingerprints[key] = fingerprint
        listed = event_type is None and "deletionTimestamp" not in metadata
        self._add(key, self._spread(len(self._fingerprints) / _LISTED_PER_SECOND) if listed else 0.0)


def _fingerprint(metadata: Mapping[str, Any]) -> Fingerprint:
    return (
        metadata.get("uid"),
        metadata.get("generation"),
        metadata.get("deletionTimestamp"),
        tuple(metadata.get("finalizers") or ()),
    )


def kopf_settings() -> kopf.OperatorSettings:
    """Return settings with which kopf watches and writes nothing."""
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.watching.server_timeout = 600
    settings.networking.request_timeout = 30
    settings.peering.standalone = True
    return settings
