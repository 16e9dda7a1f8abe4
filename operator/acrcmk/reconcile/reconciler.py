"""The one reconcile path, whatever the reason why an object is reconciled.

get -> parse -> resolve ids -> pin them in status -> run the steps -> next status -> requeue
"""

import datetime
from collections.abc import Callable, Mapping
from typing import Any

import structlog

from acrcmk import api
from acrcmk.api import FINALIZER, parse
from acrcmk.api.conditions import Condition, ConditionType, Reason
from acrcmk.api.status import Entries
from acrcmk.domain import failures, ledger, remedies
from acrcmk.domain import resolve as resolving
from acrcmk.domain.desired import Defaults, Desired, EncryptedRegistry
from acrcmk.domain.kept import Kept
from acrcmk.domain.memo import Memo
from acrcmk.domain.outcome import Blocked, Progressing, Stalled, holds
from acrcmk.domain.port import Azure
from acrcmk.domain.recent import Recent
from acrcmk.domain.resolve import Refusal
from acrcmk.domain.status import Progress
from acrcmk.domain.steps import runner
from acrcmk.domain.steps.step import Results
from acrcmk.domain.steps.table import STEPS
from acrcmk.domain.writes import Write
from acrcmk.kube.objects import KubernetesError, NamespacedName, Objects
from acrcmk.kube.status_writer import ObjectChangedError, StatusWriter
from acrcmk.reconcile import next_reconcile
from acrcmk.reconcile.memory import Memories
from acrcmk.runtime.requeue import After, Done, Requeue

log = structlog.get_logger(__name__)

_TOLERATED_RESYNCS = 3
"""Resyncs for which reads of a Ready object may fail until nobody knows whether it is Ready."""


class Reconciler:
    """Reconciles objects; `now` gives UTC."""

    def __init__(
        self,
        *,
        objects: Objects,
        azure: Azure,
        defaults: Defaults,
        report_conditions: Callable[[NamespacedName, tuple[Condition, ...]], None],
        now: Callable[[], datetime.datetime],
    ) -> None:
        self._objects = objects
        self._azure = azure
        self._defaults = defaults
        self._report_conditions = report_conditions
        self._now = now
        self._memories = Memories()

    async def reconcile(self, name: NamespacedName) -> Requeue:
        """Reconcile one object and return when to reconcile it again; raises `KubernetesError`."""
        body = await self._objects.get(name)
        if body is None:
            self._report_conditions(name, ())
            self._memories.forget(name)
            return Done()
        header = parse.header(body)
        structlog.contextvars.bind_contextvars(namespace=name.namespace, name=name.name, generation=header.generation)
        header = await self._without_finalizer(name, header)
        if header.deletion_timestamp is not None:
            return Done()
        writer = StatusWriter(header, objects=self._objects, now=self._now)
        try:
            progress = await self._run(header, body.get("spec") or {}, writer)
            await writer.write(progress)
        except ObjectChangedError:
            log.debug("the object changed during the reconcile")
            return After(0)
        finally:
            self._report_conditions(name, writer.status.conditions)
        requeue = _requeue(progress, changed=writer.changed, now=self._now())
        self._memories.after(name, requeue)
        _log_failures(progress)
        return requeue

    async def report_error(self, name: NamespacedName, error: Exception) -> None:
        """Report in status that a reconcile ended with an error of the operator itself or of the Kubernetes API."""
        body = await self._objects.get(name)
        if body is None:
            return
        writer = StatusWriter(parse.header(body), objects=self._objects, now=self._now)
        cause = ": ".join(filter(None, (type(error).__name__, str(error))))
        outcome = Progressing(
            reason=Reason.INTERNAL_ERROR,
            message=f"The reconcile failed and is tried again; the log of the operator has the details. Error: {cause}",
            failed=True,
        )
        await writer.write(Progress(refusal=Refusal(outcome=outcome), complete=True))
        self._report_conditions(name, writer.status.conditions)

    async def _without_finalizer(self, name: NamespacedName, header: parse.Header) -> parse.Header:
        """Remove the finalizer of earlier versions: deleting an object changes nothing in Azure, so nothing waits."""
        if FINALIZER not in header.finalizers:
            return header
        others = tuple(finalizer for finalizer in header.finalizers if finalizer != FINALIZER)
        return parse.header(await self._objects.set_finalizers(name, others, resource_version=header.resource_version))

    async def _run(self, header: parse.Header, spec: Mapping[str, Any], writer: StatusWriter) -> Progress:
        """Return what the reconcile comes to; what must be stored before that is written on the way."""
        now = self._now()
        try:
            registry = EncryptedRegistry(
                namespace=header.namespace,
                name=header.name,
                spec=parse.spec(spec, name=header.name),
                status=writer.status,
                defaults=self._defaults,
                now=now,
                recreate=header.annotations.get(api.RECREATE_ANNOTATION),
            )
        except parse.InvalidSpec as error:
            stalled = Stalled(reason=Reason.INVALID_SPEC, message=f"The spec is invalid: {error}")
            return Progress(refusal=Refusal(outcome=stalled), complete=True)
        memory = self._memories.of(NamespacedName(header.namespace, header.name), generation=header.generation)
        kept = Kept(self._azure, memory.history, now=now, resync=self._defaults.resync)
        azure = Memo(Recent(kept, memory.answers, now=now))
        desired = await _resolve(registry, azure)
        if isinstance(desired, Refusal):
            return Progress(refusal=desired, complete=True)
        await writer.write(Progress(desired=desired))
        results = await self._run_steps(desired, azure, writer)
        unreadable = memory.unreadable(results, now=now, tolerance=_TOLERATED_RESYNCS * self._defaults.resync)
        return Progress(desired=desired, results=results, complete=True, unreadable=unreadable)

    async def _run_steps(self, desired: Desired, azure: Azure, writer: StatusWriter) -> Results:
        created: Entries = ()

        async def record(write: Write) -> Entries:
            """Write the ledger's entry of what is about to be created."""
            nonlocal created
            entry = ledger.entry(write, now=desired.now)
            if entry is not None and not ledger.contains(writer.status.resources, entry.id):
                created = (*created, entry)
                await writer.write(Progress(desired=desired, created=created))
            return writer.status.resources

        async def report(results: Results) -> None:
            """Write an interim status; the final one follows, so what prevents this one is only logged."""
            try:
                await writer.write(Progress(desired=desired, results=dict(results)), interim=True)
            except (KubernetesError, ObjectChangedError) as error:
                log.info("interim status not written", error=str(error))

        return await runner.run(desired, azure, before_write=record, progress=report)


async def _resolve(registry: EncryptedRegistry, azure: Azure) -> Desired | Refusal:
    try:
        return await resolving.resolve(registry, azure)
    except failures.AzureFailure as failure:
        doing = f"look for registry {registry.spec.registry.name}"
        outcome = remedies.outcome_of(failure, doing=doing)
        return Refusal(condition=ConditionType.REGISTRY_READY, outcome=outcome)


def _requeue(progress: Progress, *, changed: bool, now: datetime.datetime) -> Requeue:
    if progress.refusal is not None:
        refused = progress.refusal.outcome
        invalid = isinstance(refused, Stalled) and refused.reason is Reason.INVALID_SPEC
        return Done() if invalid else next_reconcile.requeue_of([refused], changed=changed, now=now)
    decisive = [progress.results[step.name].outcome for step in STEPS if not step.informational]
    return next_reconcile.requeue_of(decisive, changed=changed, now=now)


def _log_failures(progress: Progress) -> None:
    """Log the failures that change no condition."""
    for step, result in progress.results.items():
        if isinstance(result.outcome, Progressing | Blocked) and holds(result.outcome):
            log.warning("step failed", step=step, reason=result.outcome.reason, message=result.outcome.message)
