"""Writes the status of one object, and the events of its transitions, while a reconcile goes on."""

import asyncio
import datetime
from collections.abc import Callable

import structlog

from acrcmk.api.parse import Header
from acrcmk.api.status import EncryptedRegistryStatus
from acrcmk.domain import status as status_rules
from acrcmk.domain.conditions import ConditionUpdate
from acrcmk.domain.status import Progress
from acrcmk.kube import events
from acrcmk.kube.objects import ConflictError, KubernetesError, NamespacedName, Objects

log = structlog.get_logger(__name__)

_ATTEMPTS = 4
"""Writes of one status while the object's labels, annotations or other status fields keep changing."""


class ObjectChangedError(Exception):
    """The spec changed, or the object was deleted, since the reconcile began: its results are outdated."""


class StatusWriter:
    """Writes only what differs, each time based on the write before; `now` gives UTC."""

    def __init__(self, header: Header, *, objects: Objects, now: Callable[[], datetime.datetime]) -> None:
        self.status: EncryptedRegistryStatus = status_rules.without_foreign_conditions(header.status)
        self.changed = False
        """Whether a condition changed its status or reason."""
        self._header = header
        self._name = NamespacedName(header.namespace, header.name)
        self._resource_version = header.resource_version
        self._objects = objects
        self._now = now
        self._one_at_a_time = asyncio.Lock()

    async def write(self, progress: Progress, *, interim: bool = False) -> None:
        """Write what a reconcile has come to; raises `ObjectChangedError` and `KubernetesError`.

        An `interim` status is written only where a condition changes: the final one follows with the rest.
        """
        async with self._one_at_a_time:
            transition = status_rules.next_status(
                self.status, progress, generation=self._header.generation, now=self._now()
            )
            unchanged = transition.status.to_wire() == self.status.to_wire()
            if unchanged or (interim and not transition.events):
                return
            await self._apply(transition.status)
            self.status = transition.status
        for update in transition.events:
            self.changed = True
            await self._record(update)

    async def _apply(self, status: EncryptedRegistryStatus) -> None:
        """Apply a status; on a conflict read the object again, and go on where only what is not reconciled changed."""
        for _ in range(_ATTEMPTS):
            try:
                written = await self._objects.apply_status(
                    self._name, status.to_wire(), resource_version=self._resource_version
                )
            except ConflictError:
                self._resource_version = await self._current_resource_version()
            else:
                self._resource_version = written["metadata"]["resourceVersion"]
                return
        raise KubernetesError(f"the status of {self._name} could not be written: it changes all the time")

    async def _current_resource_version(self) -> str:
        body = await self._objects.get(self._name)
        metadata = body["metadata"] if body else {}
        header = self._header
        same = metadata.get("uid") == header.uid and metadata.get("generation") == header.generation
        if not same or ("deletionTimestamp" in metadata) != (header.deletion_timestamp is not None):
            raise ObjectChangedError(str(self._name))
        return str(metadata["resourceVersion"])

    async def _record(self, update: ConditionUpdate) -> None:
        """Log a transition and record its event; an event that cannot be recorded stops nothing."""
        log.info("condition", type=update.type, status=update.status, reason=update.reason, message=update.message)
        try:
            event = events.event(update, name=self._name, uid=self._header.uid, now=self._now())
            await self._objects.create_event(self._name.namespace, event)
        except KubernetesError as error:
            log.warning("event not recorded", reason=update.reason, error=str(error))
