"""The one reconcile path: a short pass over one object, whatever called for it.

get -> parse -> finalizer, before anything else -> claim -> steps -> conditions -> status and events.
"""

import contextlib
import datetime
from collections.abc import Callable, Mapping
from typing import Any, TypeGuard

import structlog
from kubernetes.aio import client

from acrcmk.api import FINALIZER, parse
from acrcmk.api.conditions import Condition, ConditionType, Reason
from acrcmk.domain import claim, conditions, failures, report, steps
from acrcmk.domain.outcome import Blocked, Outcome, Progressing, Stalled
from acrcmk.domain.ports import Azure
from acrcmk.domain.subject import Defaults, Subject, Wish
from acrcmk.domain.view import View
from acrcmk.kube.objects import Conflict, Key, Objects
from acrcmk.kube.writer import StatusWriter
from acrcmk.runtime.requeue import After, Done, Poll, Requeue, Resync, Retry

log = structlog.get_logger(__name__)


class Reconciler:
    """Runs passes; `now` gives UTC."""

    def __init__(
        self,
        *,
        objects: Objects,
        azure: Azure,
        cluster: str,
        defaults: Defaults,
        report_conditions: Callable[[Key, tuple[Condition, ...]], None],
        now: Callable[[], datetime.datetime],
    ) -> None:
        self._objects = objects
        self._azure = azure
        self._cluster = cluster
        self._defaults = defaults
        self._report_conditions = report_conditions
        self._now = now

    async def reconcile(self, key: Key) -> Requeue:
        """Run one pass and say when the next one is due."""
        body = await self._objects.get(key)
        if body is None:
            self._report_conditions(key, ())
            return Done()
        found = parse.header(body)
        structlog.contextvars.bind_contextvars(namespace=key.namespace, name=key.name, generation=found.generation)
        writer = StatusWriter.of(found, objects=self._objects, now=self._now)
        try:
            return await self._pass(key, found, body, writer)
        except Conflict:
            log.debug("the object changed during the pass")
            return After(0)
        finally:
            self._report_conditions(key, writer.status.conditions)

    async def tell_failure(self, key: Key, error: Exception) -> None:
        """Tell in status that a pass broke off by an error of the operator itself, or of the Kubernetes API."""
        body = await self._objects.get(key)
        if body is None:
            return
        writer = StatusWriter.of(parse.header(body), objects=self._objects, now=self._now)
        what = f"{error.status} {error.reason}" if isinstance(error, client.ApiException) else str(error)
        broken = Progressing(
            reason=Reason.INTERNAL_ERROR,
            message=f"A pass broke off and is tried again: {type(error).__name__} {what}. The operator's log has more.",
            failed=True,
        )
        await writer.write(writer.status, conditions.refused(broken))
        self._report_conditions(key, writer.status.conditions)

    async def _pass(self, key: Key, found: parse.Header, body: Mapping[str, Any], writer: StatusWriter) -> Requeue:
        if found.deletion_timestamp is not None:
            return await self._release(key, found, writer)
        try:
            spec = parse.spec(body.get("spec") or {}, name=key.name)
        except parse.InvalidSpec as error:
            stalled = Stalled(reason=Reason.INVALID_SPEC, message=f"The spec is invalid: {error}")
            await writer.write(writer.status, conditions.refused(stalled))
            return Done()
        if FINALIZER not in found.finalizers:
            await self._objects.set_finalizers(
                key, (*found.finalizers, FINALIZER), resource_version=found.resource_version
            )
            return After(0)
        wish = Wish(
            namespace=key.namespace,
            name=key.name,
            cluster=self._cluster,
            spec=spec,
            status=writer.status,
            defaults=self._defaults,
            now=self._now(),
        )
        return await self._run(wish, writer)

    async def _run(self, wish: Wish, writer: StatusWriter) -> Requeue:
        view = View(self._azure)
        if writer.status.observed_generation != writer.generation:
            await writer.write(wish.status, conditions.begun(writer.generation))
        settled = await self._settle(wish, view)
        if isinstance(settled, claim.Refusal):
            verdicts = conditions.refused(settled.outcome, about=settled.condition)
            await writer.write(wish.status, verdicts)
            return next_pass([settled.outcome], changed=writer.changed)
        # What the object stands for is kept before anything in Azure is changed.
        await writer.write(report.pins(settled), ())

        async def publish(results: steps.Results) -> None:
            # A spec that changed meanwhile is the next pass's business; calls in hand are not cut off for it.
            with contextlib.suppress(Conflict):
                await writer.write(report.status(settled, results), conditions.so_far(results))

        results = await steps.run(settled, view, changed=publish)
        await writer.write(report.status(settled, results), conditions.verdicts(results))
        decisive = [results[step.name].outcome for step in steps.TABLE if not step.informational]
        return next_pass(decisive, changed=writer.changed)

    async def _settle(self, wish: Wish, view: View) -> Subject | claim.Refusal:
        try:
            return await claim.settle(wish, view)
        except failures.AzureFailure as failure:
            doing = f"look for registry {wish.spec.registry.name}"
            outcome = failures.outcome_of(failure, doing=doing)
            return claim.Refusal(condition=ConditionType.REGISTRY_READY, outcome=outcome)

    async def _release(self, key: Key, found: parse.Header, writer: StatusWriter) -> Requeue:
        """Let a deleted object go; what it stands for in Azure stays."""
        if FINALIZER not in found.finalizers:
            return Done()
        others = tuple(one for one in found.finalizers if one != FINALIZER)
        if others:
            message = "The object is being deleted; its registry, key, vault and identity stay in Azure."
            deleting = Progressing(reason=Reason.DELETING, message=message)
            await writer.write(writer.status, conditions.refused(deleting))
        await self._objects.set_finalizers(key, others, resource_version=writer.resource_version)
        return Done()


def next_pass(outcomes: list[Outcome], *, changed: bool) -> Requeue:
    """Say when to look again: what Azure is at work on comes first, then what failed, then the look for drift.

    What only `unlocks` others is settled by them; where one of them is blocked there is nothing to poll for.
    """
    blocked = any(isinstance(one, Blocked) for one in outcomes)
    if any(_in_work(one) and not (blocked and one.unlocks) for one in outcomes):
        return Poll(changed=changed)
    unfinished = [one for one in outcomes if isinstance(one, Progressing | Blocked)]
    stated = [one.retry_after for one in unfinished if one.retry_after is not None]
    if stated:
        return After(max(stated))
    return Retry() if unfinished else Resync()


def _in_work(outcome: Outcome) -> TypeGuard[Progressing]:
    return isinstance(outcome, Progressing) and not outcome.failed and outcome.retry_after is None
