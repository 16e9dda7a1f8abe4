"""Every metric of the operator, in a registry of its own.

`workqueue_*` have the names and labels of controller-runtime, so that its dashboards work; all other metrics of this
operator start with `acrcmk_`.
"""

import http
import platform
from collections.abc import Hashable, Iterable

import prometheus_client
from prometheus_client import Counter, Gauge, Histogram

from acrcmk.telemetry.condition_counts import Condition, ConditionCounts

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
"""Histogram buckets: from a reconcile that only reads caches to a reconcile that times out."""

QUEUE_NAME = "encryptedregistry"
"""Label `name` of the `workqueue_*` metrics: the kind in lower case, as controller-runtime names a controller."""


class Metrics:
    """The metrics of one operator process; `registry` is what /metrics serves."""

    def __init__(self, *, version: str) -> None:
        # No `_created` series, as in controller-runtime. The switch is process-wide in prometheus_client.
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = registry = prometheus_client.CollectorRegistry()
        prometheus_client.ProcessCollector(registry=registry)
        self._add_workqueue(registry)
        self._add_reconcile(registry)
        self._add_azure(registry)
        self._conditions = ConditionCounts()
        registry.register(self._conditions)
        build_info = Gauge(
            "acrcmk_build_info",
            "Always 1; the labels are the versions of the operator and of Python",
            ["version", "python"],
            registry=registry,
        )
        build_info.labels(version=version, python=platform.python_version()).set(1)

    def _add_workqueue(self, registry: prometheus_client.CollectorRegistry) -> None:
        """Add controller-runtime's metrics of a work queue."""
        self._workqueue_depth = Gauge(
            "workqueue_depth",
            "Objects that are due and wait for a worker, by priority: 100 deletion, 50 edit, 0 creation and polls, "
            "-50 retry, -100 drift check",
            ["name", "priority"],
            registry=registry,
        )
        self.workqueue_adds = Counter(
            "workqueue_adds_total",
            "Objects queued, or made due earlier or with a higher priority",
            ["name"],
            registry=registry,
        ).labels(name=QUEUE_NAME)
        self.workqueue_queue_duration = Histogram(
            "workqueue_queue_duration_seconds",
            "Time from when an object was due until a worker started to process it",
            ["name"],
            buckets=SECONDS,
            registry=registry,
        ).labels(name=QUEUE_NAME)
        self.workqueue_work_duration = Histogram(
            "workqueue_work_duration_seconds",
            "Duration of processing an object, from when a worker took it until it was done",
            ["name"],
            buckets=SECONDS,
            registry=registry,
        ).labels(name=QUEUE_NAME)
        self.workqueue_unfinished_work = Gauge(
            "workqueue_unfinished_work_seconds",
            "Sum of the durations so far of all running reconciles",
            ["name"],
            registry=registry,
        ).labels(name=QUEUE_NAME)
        self.workqueue_longest_running = Gauge(
            "workqueue_longest_running_processor_seconds",
            "Duration so far of the longest running reconcile",
            ["name"],
            registry=registry,
        ).labels(name=QUEUE_NAME)
        self.workqueue_retries = Counter(
            "workqueue_retries_total", "Objects queued again with back-off after a failure", ["name"], registry=registry
        ).labels(name=QUEUE_NAME)

    def _add_reconcile(self, registry: prometheus_client.CollectorRegistry) -> None:
        self.reconcile_total = Counter("acrcmk_reconcile_total", "Reconciles, by result", ["result"], registry=registry)
        self.reconcile_duration = Histogram(
            "acrcmk_reconcile_duration_seconds", "Duration of a reconcile", buckets=SECONDS, registry=registry
        )

    def _add_azure(self, registry: prometheus_client.CollectorRegistry) -> None:
        self._azure_requests = Counter(
            "acrcmk_azure_requests_total",
            "Requests to Azure, by resource provider, class of operation and HTTP status",
            ["service", "operation", "code"],
            registry=registry,
        )
        self._azure_request_duration = Histogram(
            "acrcmk_azure_request_duration_seconds",
            "Time from a request to Azure until its response",
            ["service", "operation"],
            buckets=SECONDS,
            registry=registry,
        )
        self._azure_throttled = Counter(
            "acrcmk_azure_throttled_total",
            "Requests to Azure that were answered with 429 Too Many Requests",
            ["service"],
            registry=registry,
        )

    def workqueue_depth(self, priority: int) -> Gauge:
        """Return the depth of the work queue at a priority, which is a decimal number as in controller-runtime."""
        return self._workqueue_depth.labels(name=QUEUE_NAME, priority=f"{priority:d}")

    def azure_request(self, *, service: str, operation: str, code: str, seconds: float) -> None:
        """Count one request to Azure; `code` is the HTTP status, empty when there was no response."""
        self._azure_requests.labels(service=service, operation=operation, code=code).inc()
        self._azure_request_duration.labels(service=service, operation=operation).observe(seconds)
        if code == str(http.HTTPStatus.TOO_MANY_REQUESTS.value):
            self._azure_throttled.labels(service=service).inc()

    def set_conditions(self, key: Hashable, conditions: Iterable[Condition]) -> None:
        """Count the object `key` by `conditions`, no longer by its previous ones."""
        self._conditions.set(key, conditions)

    def forget(self, key: Hashable) -> None:
        """Stop counting the object `key`: it was deleted."""
        self._conditions.set(key, ())
