"""The composition root: builds all parts and connects them."""

import asyncio
import contextlib
import datetime
import importlib.metadata
import random
import time
from typing import Any

import aiohttp
import kopf
from azure.core.credentials_async import AsyncTokenCredential
from azure.identity.aio import DefaultAzureCredential, WorkloadIdentityCredential

from acrcmk.azure import api_versions, connections
from acrcmk.azure.clients import ClientFactory
from acrcmk.azure.gateway import Gateway
from acrcmk.azure.operations import Operations
from acrcmk.azure.throttle import Throttle
from acrcmk.domain.desired import Defaults
from acrcmk.kube import client
from acrcmk.kube import informer as informers
from acrcmk.kube.informer import Informer
from acrcmk.kube.objects import NamespacedName, Objects
from acrcmk.reconcile.reconciler import Reconciler
from acrcmk.runtime import priority as priorities
from acrcmk.runtime.health import HealthServer
from acrcmk.runtime.pace import Backoff, Cadence, Pace, Resync
from acrcmk.runtime.queue import Queue
from acrcmk.runtime.schedule import Schedule
from acrcmk.runtime.workers import Workers
from acrcmk.settings import Settings
from acrcmk.telemetry import logs
from acrcmk.telemetry.condition_counts import Condition as CountedCondition
from acrcmk.telemetry.metrics import Metrics


def utc() -> datetime.datetime:
    """Return the current time in UTC, to the second as in Kubernetes objects."""
    return datetime.datetime.now(tz=datetime.UTC).replace(microsecond=0)


def credential(settings: Settings, *, session: aiohttp.ClientSession) -> AsyncTokenCredential:
    """Return the credential of the operator: workload identity with a token file, else DefaultAzureCredential."""
    endpoints = settings.endpoints
    options: dict[str, Any] = {
        "authority": endpoints.authority,
        "disable_instance_discovery": not settings.known_authority,
        "transport": connections.transport(session),
        # The work queue retries; retries inside of a reconcile would only hold a worker.
        "retry_total": 0,
    }
    if settings.federated_token_file is None:
        return DefaultAzureCredential(
            managed_identity_client_id=settings.client_id, workload_identity_tenant_id=settings.tenant_id, **options
        )
    return WorkloadIdentityCredential(
        tenant_id=settings.tenant_id,
        client_id=settings.client_id,
        token_file_path=str(settings.federated_token_file),
        **options,
    )


def azure(settings: Settings, *, metrics: Metrics) -> tuple[Gateway, ClientFactory]:
    """Return the gateway to Azure and its client factory, which the caller must close."""
    session = connections.open_session(ca_bundle=str(settings.ca_bundle) if settings.ca_bundle else None)
    factory = ClientFactory(
        credential=credential(settings, session=session),
        resource_manager=settings.endpoints.resource_manager,
        audience=settings.endpoints.audience,
        session=session,
        versions=api_versions.of(settings.cloud, overrides=settings.api_versions),
        throttle=Throttle(clock=time.monotonic, random=random.random),
        observe=metrics.azure_request,
        clock=time.monotonic,
    )
    return Gateway(factory, Operations(now=utc)), factory


def queue(settings: Settings, *, metrics: Metrics) -> Queue[NamespacedName]:
    """Return the work queue."""
    schedule: Schedule[NamespacedName] = Schedule(
        pace=Pace(
            backoff=Backoff(base=settings.retry_min_seconds, cap=settings.retry_max_seconds),
            cadence=Cadence(poll_min=settings.poll_min_seconds, poll_max=settings.poll_max_seconds),
            resync=Resync(period=settings.resync_seconds),
        ),
        random=random.random,
        background_limit=priorities.background_limit(settings.workers),
    )
    return Queue(schedule, clock=asyncio.get_running_loop().time, metrics=metrics)


async def run(settings: Settings) -> None:
    """Run the operator until SIGTERM or SIGINT, then let running reconciles finish."""
    logs.configure(form=settings.log_format, level=settings.log_level)
    metrics = Metrics(version=importlib.metadata.version("acr-cmk-operator"))
    async with contextlib.AsyncExitStack() as stack:
        gateway, clients = azure(settings, metrics=metrics)
        stack.push_async_callback(clients.close)
        api = await client.connect()
        stack.push_async_callback(api.close)
        objects, keys = Objects(api), queue(settings, metrics=metrics)
        reconciler = Reconciler(
            objects=objects,
            azure=gateway,
            defaults=Defaults(
                subscription=settings.subscription_id,
                cluster=settings.cluster_id or await objects.cluster_uid(),
                tenant=settings.tenant_id,
                access_budget=datetime.timedelta(seconds=settings.access_budget_seconds),
                grant_delay=datetime.timedelta(seconds=settings.grant_delay_seconds),
                resync=datetime.timedelta(seconds=settings.resync_seconds),
            ),
            report_conditions=lambda name, conditions: metrics.set_conditions(
                name, [CountedCondition(each.type, each.status, each.reason) for each in conditions]
            ),
            now=utc,
        )
        workers = Workers(
            keys,
            reconciler.reconcile,
            report_error=reconciler.report_error,
            concurrency=settings.workers,
            reconcile_timeout=settings.reconcile_timeout_seconds,
            metrics=metrics,
        )
        await _serve(settings, keys=keys, workers=workers, metrics=metrics)


async def _serve(
    settings: Settings, *, keys: Queue[NamespacedName], workers: Workers[NamespacedName], metrics: Metrics
) -> None:
    """Start probes and workers, and watch until SIGTERM or SIGINT."""
    watching = asyncio.Event()
    health = HealthServer(
        host=settings.http_host,
        port=settings.http_port,
        alive=workers.problems,
        ready=lambda: [] if watching.is_set() else ["not watching yet"],
        registry=metrics.registry,
    )
    await health.start()
    workers.start()

    def forget(name: NamespacedName) -> None:
        keys.forget(name)
        metrics.forget(name)

    async def drain() -> None:
        await workers.drain(grace=settings.drain_seconds)

    informer = Informer(add=keys.add, forget=forget)
    try:
        await kopf.operator(
            registry=informer.registry(cleanup=drain),
            settings=informers.kopf_settings(),
            namespaces=settings.namespaces,
            clusterwide=not settings.namespaces,
            standalone=True,
            # Only for peering, which is off. By default kopf takes the name of the user, and in a container there is
            # none. The type is a NewType of kopf that is not public.
            identity="acr-cmk-operator",  # type: ignore[arg-type]
            ready_flag=watching,
        )
    finally:
        await drain()  # kopf may fail before its cleanup; a second call does nothing
        await health.stop()
