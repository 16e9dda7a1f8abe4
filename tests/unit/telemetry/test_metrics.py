import platform

import pytest
from prometheus_client import exposition

from acrcmk.telemetry.condition_counts import Condition
from acrcmk.telemetry.metrics import Metrics

READY = Condition("Ready", "True", "Succeeded")
NOT_READY = Condition("Ready", "False", "Progressing")
RECONCILING = Condition("Reconciling", "True", "Progressing")


@pytest.fixture
def metrics():
    return Metrics(version="1.2.3")


def conditions(metrics):
    """The scraped `acrcmk_condition` series: (type, status, reason) -> objects."""
    (family,) = (family for family in metrics.registry.collect() if family.name == "acrcmk_condition")
    return {
        Condition(**{field: sample.labels[field] for field in Condition._fields}): sample.value
        for sample in family.samples
    }


def test_every_documented_metric_exists_from_the_start(metrics):
    names = {family.name for family in metrics.registry.collect()}
    assert names >= {
        "workqueue_depth",
        "workqueue_adds",
        "workqueue_queue_duration_seconds",
        "workqueue_work_duration_seconds",
        "workqueue_unfinished_work_seconds",
        "workqueue_longest_running_processor_seconds",
        "workqueue_retries",
        "acrcmk_reconcile",
        "acrcmk_reconcile_duration_seconds",
        "acrcmk_azure_requests",
        "acrcmk_azure_request_duration_seconds",
        "acrcmk_azure_throttled",
        "acrcmk_condition",
        "acrcmk_build_info",
        "process_resident_memory_bytes",
    }


def test_every_metric_has_a_prefix_of_the_operator_of_controller_runtime_or_of_the_process(metrics):
    names = {family.name for family in metrics.registry.collect()}
    assert {name for name in names if not name.startswith(("acrcmk_", "workqueue_", "process_"))} == set()


def test_a_work_queue_metric_has_the_label_of_controller_runtime(metrics):
    samples = [sample for family in metrics.registry.collect() for sample in family.samples]
    names = {sample.labels.get("name") for sample in samples if sample.name.startswith("workqueue_")}
    assert names == {"encryptedregistry"}


@pytest.mark.parametrize("accept", ["text/plain", "application/openmetrics-text; version=1.0.0"])
def test_no_metric_has_a_created_series(metrics, accept):
    metrics.azure_request(service="Microsoft.KeyVault", operation="read", code="200", seconds=0.25)
    encode, _ = exposition.choose_encoder(accept)
    text = encode(metrics.registry).decode()
    assert "acrcmk_azure_requests_total{" in text
    assert "_created" not in text


def test_two_registries_in_one_process_are_independent():
    first, second = Metrics(version="1"), Metrics(version="2")
    first.workqueue_retries.inc()
    assert second.registry.get_sample_value("workqueue_retries_total", {"name": "encryptedregistry"}) == 0


def test_build_info_has_the_versions_of_operator_and_python(metrics):
    labels = {"version": "1.2.3", "python": platform.python_version()}
    assert metrics.registry.get_sample_value("acrcmk_build_info", labels) == 1


@pytest.mark.parametrize(("code", "throttled"), [("200", None), ("429", 1.0), ("", None)])
def test_a_request_to_azure_is_counted_timed_and_recognised_as_throttled(metrics, code, throttled):
    metrics.azure_request(service="Microsoft.KeyVault", operation="read", code=code, seconds=0.25)

    def sample(name, **labels):
        return metrics.registry.get_sample_value(name, {"service": "Microsoft.KeyVault", **labels})

    assert sample("acrcmk_azure_requests_total", operation="read", code=code) == 1
    assert sample("acrcmk_azure_request_duration_seconds_sum", operation="read") == 0.25
    assert sample("acrcmk_azure_throttled_total") == throttled


def test_conditions_count_objects(metrics):
    metrics.set_conditions("a", [NOT_READY, RECONCILING])
    metrics.set_conditions("b", [NOT_READY])
    assert conditions(metrics) == {NOT_READY: 2, RECONCILING: 1}


def test_an_object_counts_only_by_its_current_conditions_and_empty_counts_disappear(metrics):
    metrics.set_conditions("a", [NOT_READY, RECONCILING])
    metrics.set_conditions("a", [READY])
    metrics.set_conditions("a", [READY])
    assert conditions(metrics) == {READY: 1}


def test_a_forgotten_object_is_not_counted(metrics):
    metrics.set_conditions("a", [READY])
    metrics.set_conditions("b", [READY])
    metrics.forget("a")
    metrics.forget("unknown")
    assert conditions(metrics) == {READY: 1}
