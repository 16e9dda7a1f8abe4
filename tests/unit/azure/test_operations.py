import datetime

from acrcmk.azure.operations import Operations
from acrcmk.domain.failures import AzureFailure, Kind
from tests.unit.domain.builders import NOW, REGISTRY_ID

HEADERS = {"azure-asyncoperation": "https://arm/operation/1", "x-ms-correlation-request-id": "c-1"}


def failure(text: str = "no") -> AzureFailure:
    return AzureFailure(kind=Kind.REJECTED, text=text)


def operations() -> Operations:
    return Operations(now=lambda: NOW)


def test_an_operation_is_asked_about_until_its_words_are_known() -> None:
    known = operations()
    assert known.status_url(REGISTRY_ID) is None
    known.record_started(REGISTRY_ID, HEADERS)
    assert known.status_url(REGISTRY_ID) == "https://arm/operation/1"
    known.record_failure(REGISTRY_ID, failure())
    assert known.status_url(REGISTRY_ID) is None
    attempt = known.last_failure(REGISTRY_ID)
    assert attempt is not None
    assert (attempt.count, attempt.at, attempt.failure.correlation_id) == (1, NOW, "c-1")


def test_failures_in_a_row_are_counted_until_one_succeeds() -> None:
    known = operations()
    for _ in range(3):
        known.record_started(REGISTRY_ID, HEADERS)
        known.record_failure(REGISTRY_ID, failure())
    attempt = known.last_failure(REGISTRY_ID)
    assert attempt is not None
    assert attempt.count == 3
    known.forget(REGISTRY_ID)
    assert known.last_failure(REGISTRY_ID) is None


def test_an_answer_without_an_operation_is_nothing_to_ask_about() -> None:
    known = operations()
    known.record_started(REGISTRY_ID, {"date": str(datetime.date(2026, 11, 23))})
    assert known.status_url(REGISTRY_ID) is None
