"""kopf as informer: one handler, which queues the objects that changed and never awaits the network."""

import dataclasses
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

import kopf

from acrcmk import api
from acrcmk.api.conditions import ConditionType
from acrcmk.api.status import UNOBSERVED
from acrcmk.kube import client
from acrcmk.kube.objects import NamespacedName
from acrcmk.runtime.priority import Priority

_LISTED_PER_SECOND = 20.0
"""Drift checks per second after a restart, which does not send all reads to Azure at once."""


class Add(Protocol):
    """`Queue.add`."""

    def __call__(self, name: NamespacedName, /, *, delay: float, priority: Priority) -> None:
        """Queue an object to be reconciled after `delay` seconds."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Fingerprint:
    """The metadata whose change queues an object; a status write does not change them."""

    uid: str | None
    generation: int | None
    deletion_timestamp: str | None
    finalizers: tuple[str, ...]


class Informer:
    """Queues an object when its `Fingerprint` changes."""

    def __init__(
        self,
        *,
        add: Add,
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
        old, new = self._fingerprints.get(key), _fingerprint(metadata)
        if old == new:
            return
        self._fingerprints[key] = new
        if event_type is None and old is None:
            priority = _priority_of_listed(new, status=body.get("status") or {})
        else:
            priority = _priority_of_changed(new, old=old)
        is_drift = priority is Priority.DRIFT
        delay = self._spread(len(self._fingerprints) / _LISTED_PER_SECOND) if is_drift else 0.0
        self._add(key, delay=delay, priority=priority)


def _priority_of_changed(new: Fingerprint, *, old: Fingerprint | None) -> Priority:
    if new.deletion_timestamp is not None:
        return Priority.DELETION
    if old is not None and old.uid == new.uid and old.generation != new.generation:
        return Priority.EDIT
    return Priority.CREATION


def _priority_of_listed(new: Fingerprint, *, status: Mapping[str, Any]) -> Priority:
    """Return the priority of an object of the first list, from how far it was reconciled before the restart."""
    if new.deletion_timestamp is not None:
        return Priority.DELETION
    observed_generation = status.get("observedGeneration", UNOBSERVED)
    if observed_generation not in {UNOBSERVED, new.generation}:
        return Priority.EDIT
    conditions = {condition["type"]: condition["status"] for condition in status.get("conditions") or ()}
    is_settled = observed_generation == new.generation and conditions.get(ConditionType.READY) == "True"
    return Priority.DRIFT if is_settled else Priority.CREATION


def _fingerprint(metadata: Mapping[str, Any]) -> Fingerprint:
    return Fingerprint(
        uid=metadata.get("uid"),
        generation=metadata.get("generation"),
        deletion_timestamp=metadata.get("deletionTimestamp"),
        finalizers=tuple(metadata.get("finalizers") or ()),
    )


def kopf_settings() -> kopf.OperatorSettings:
    """Return settings with which kopf watches and writes nothing."""
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.watching.server_timeout = 600
    settings.networking.request_timeout = 30
    settings.peering.standalone = True
    return settings
