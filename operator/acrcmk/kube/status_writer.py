"""Writes one object's status and the events that go with it, as a pass goes on."""

import dataclasses
import datetime
from collections.abc import Callable

import structlog
from kubernetes.aio import client

from acrcmk.api import parse
from acrcmk.api import status as statuses
from acrcmk.domain import conditions, report
from acrcmk.kube import events
from acrcmk.kube.objects import Key, Objects

log = structlog.get_logger(__name__)


@dataclasses.dataclass
class StatusWriter:
    """Writes only what differs; each write is based on the one before. `now` gives UTC."""

    objects: Objects
    key: Key
    uid: str
    generation: int
    resource_version: str
    status: statuses.EncryptedRegistryStatus
    now: Callable[[], datetime.datetime]
    changed: bool = False
    """Whether a condition changed its status or reason."""

    @classmethod
    def of(cls, found: parse.Header, *, objects: Objects, now: Callable[[], datetime.datetime]) -> "StatusWriter":
        """Return a writer for the object as it was read."""
        return cls(
            objects=objects,
            key=Key(found.namespace, found.name),
            uid=found.uid,
            generation=found.generation,
            resource_version=found.resource_version,
            status=report.ours(found.status),
            now=now,
        )

    async def write(self, wanted: statuses.EncryptedRegistryStatus, verdicts: tuple[conditions.Verdict, ...]) -> None:
        """Write status and events; raises `Conflict` when the object changed meanwhile."""
        before = self.status.conditions
        told = conditions.conditions(verdicts, before=before, generation=self.generation, now=self.now())
        wanted = wanted.model_copy(update={"conditions": told, "observed_generation": self.generation})
        if wanted.to_wire() == self.status.to_wire():
            return
        written = await self.objects.apply_status(self.key, wanted.to_wire(), resource_version=self.resource_version)
        self.resource_version, self.status = written["metadata"]["resourceVersion"], wanted
        for verdict in events.transitions(verdicts, before=before):
            self.changed = True
            await self._tell(verdict)

    async def _tell(self, verdict: conditions.Verdict) -> None:
        log.info("condition", type=verdict.type, status=verdict.status, reason=verdict.reason, told=verdict.message)
        try:
            await self.objects.create_event(self.key, events.event(verdict, key=self.key, uid=self.uid, now=self.now()))
        except client.ApiException as error:
            log.warning("event not recorded", reason=verdict.reason, status=error.status)
