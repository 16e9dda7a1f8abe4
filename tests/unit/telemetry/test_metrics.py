import platform

import pytest

from acrcmk.telemetry.condition_counts import Condition
from acrcmk.telemetry.metrics import Metrics

READY = Condition("Ready", "True", "Succeeded")
NOT_READY = Condition("Ready", "False", "Progressing")
RECONCILING = Condition("Reconciling", "True", "Progressing")


@pytest.fixture
def metrics():
    return Metrics(version="1.2.3")


def conditions(metrics):
    """The `condition` series as they would be scraped: (type, status, reason) -> objects."""
    (family,) = (family for family in metrics.registry.collect() if family.name == "condition")
    return {Condition(**{field: one.labels[field] for field in Condition._fields}): one.value for one in family.samples}


def test_every_metric_of_the_contract_is_there_from_the_start(metrics):
    names = {family.name for family in metrics.registry.collect()}
    assert names >= {
        "workqueue_depth",
        "workqueue_adds",
        "workqueue_queue_duration_seconds",
        "workqueue_work_duration_seconds",
        "workqueue_unfinished_work_seconds",
        "workqueue_longest_running_processor_seconds",
        "workqueue_retries",
        "reconcile",
        "reconcile_duration_seconds",
        "azure_requests",
        "azure_request_duration_seconds",
        "azure_throttled",
        "condition",
        "build_info",
        "process_resident_memory_bytes",
    }


def test_two_operators_in_one_process_share_nothing():
    one, other = Metrics(version="1"), Metrics(version="2")
    one.workqueue_retries.inc()
    assert other.registry.get_sample_value("workqueue_retries_total") == 0


def test_build_info_names_version_and_python(metrics):
    labels = {"version": "1.2.3", "python": platform.python_version()}
    assert metrics.registry.get_sample_value("build_info", labels) == 1


@pytest.mark.parametrize(("code", "throttled"), [("200", None), ("429", 1.0), ("", None)])
def test_a_request_to_azure_is_counted_timed_and_seen_as_throttled(metrics, code, throttled):
    metrics.azure_request(service="Microsoft.KeyVault", operation="read", code=code, seconds=0.25)

    def sample(name, **labels):
        return metrics.registry.get_sample_value(name, {"service": "Microsoft.KeyVault", **labels})

    assert sample("azure_requests_total", operation="read", code=code) == 1
    assert sample("azure_request_duration_seconds_sum", operation="read") == 0.25
    assert sample("azure_throttled_total") == throttled


def test_conditions_count_objects(metrics):
    metrics.set_conditions("a", [NOT_READY, RECONCILING])
    metrics.set_conditions("b", [NOT_READY])
    assert conditions(metrics) == {NOT_READY: 2, RECONCILING: 1}


def test_an_object_counts_only_with_its_present_conditions_and_empty_counts_disappear(metrics):
    metrics.set_conditions("a", [NOT_READY, RECONCILING])
    metrics.set_conditions("a", [READY])
    metrics.set_conditions("a", [READY])
    assert conditions(metrics) == {READY: 1}


def test_a_forgotten_object_counts_no_more(metrics):
    metrics.set_conditions("a", [READY])
    metrics.set_conditions("b", [READY])
    metrics.forget("a")
    metrics.forget("unknown")
    assert conditions(metrics) == {READY: 1}
