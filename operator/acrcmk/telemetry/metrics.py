"""Every metric of the operator, in a registry of its own. Names after controller-runtime where it has the metric."""

import http
import platform
from collections.abc import Hashable, Iterable

import prometheus_client
from prometheus_client import Counter, Gauge, Histogram

from acrcmk.telemetry.condition_counts import Condition, ConditionCounts

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
"""Histogram buckets: from a pass that only reads caches to one that runs into its time limit."""


class Metrics:
    """The metrics of one operator process; `registry` is what /metrics serves."""

    def __init__(self, *, version: str) -> None:
        self.registry = registry = prometheus_client.CollectorRegistry()
        prometheus_client.ProcessCollector(registry=registry)

        self.workqueue_depth = Gauge("workqueue_depth", "Keys due but not yet in hand", registry=registry)
        self.workqueue_adds = Counter(
            "workqueue_adds_total", "Keys queued, or made due earlier than they were", registry=registry
        )
        self.workqueue_queue_duration = Histogram(
            "workqueue_queue_duration_seconds",
            "How long a due key waited for a worker",
            buckets=SECONDS,
            registry=registry,
        )
        self.workqueue_work_duration = Histogram(
            "workqueue_work_duration_seconds", "How long a key was in hand", buckets=SECONDS, registry=registry
        )
        self.workqueue_unfinished_work = Gauge(
            "workqueue_unfinished_work_seconds", "Sum of the ages of all passes in hand", registry=registry
        )
        self.workqueue_longest_running = Gauge(
            "workqueue_longest_running_processor_seconds", "Age of the oldest pass in hand", registry=registry
        )
        self.workqueue_retries = Counter(
            "workqueue_retries_total", "Keys handed back to be retried with back-off", registry=registry
        )

        self.reconcile_total = Counter("reconcile_total", "Passes, by result", ["result"], registry=registry)
        self.reconcile_duration = Histogram(
            "reconcile_duration_seconds", "How long a pass took", buckets=SECONDS, registry=registry
        )

        self._azure_requests = Counter(
            "azure_requests_total",
            "Requests to Azure, by service, class of operation and status code",
            ["service", "operation", "code"],
            registry=registry,
        )
        self._azure_request_duration = Histogram(
            "azure_request_duration_seconds",
            "How long Azure took to answer",
            ["service", "operation"],
            buckets=SECONDS,
            registry=registry,
        )
        self._azure_throttled = Counter(
            "azure_throttled_total", "Requests that Azure refused as too many (429)", ["service"], registry=registry
        )

        self._conditions = ConditionCounts()
        registry.register(self._conditions)
        build_info = Gauge("build_info", "Always 1; the labels say what runs", ["version", "python"], registry=registry)
        build_info.labels(version=version, python=platform.python_version()).set(1)

    def azure_request(self, *, service: str, operation: str, code: str, seconds: float) -> None:
        """Count one request to Azure; `code` is the HTTP status, empty when no answer came."""
        self._azure_requests.labels(service=service, operation=operation, code=code).inc()
        self._azure_request_duration.labels(service=service, operation=operation).observe(seconds)
        if code == str(http.HTTPStatus.TOO_MANY_REQUESTS.value):
            self._azure_throttled.labels(service=service).inc()

    def set_conditions(self, key: Hashable, conditions: Iterable[Condition]) -> None:
        """Count `conditions` as the present ones of the object `key`, instead of those it had before."""
        self._conditions.set(key, conditions)

    def forget(self, key: Hashable) -> None:
        """Count the object `key` no longer: it is gone."""
        self._conditions.set(key, ())
