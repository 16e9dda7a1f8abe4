import json

import pytest
from azure.core import exceptions

from acrcmk.azure import errors
from acrcmk.domain.failures import Kind
from acrcmk.domain.remedies import REMEDIES
from tests.support import project

EXPECTED = {
    "ARM_RG_NOT_FOUND": Kind.GROUP_NOT_FOUND,
    "ARM_PARENT_NOT_FOUND": Kind.REPLICATING,
    "ARM_AUTHZ": Kind.AUTHORIZATION,
    "ARM_LINKED_AUTHZ": Kind.AUTHORIZATION,
    "ARM_TOKEN_EXPIRED": Kind.AUTHENTICATION,
    "ARM_TOKEN_INVALID": Kind.AUTHENTICATION,
    "ARM_RP_NOT_REGISTERED": Kind.NOT_REGISTERED,
    "ARM_THROTTLE": Kind.THROTTLED,
    "ARM_THROTTLE_RESOURCE": Kind.THROTTLED,
    "ARM_GATEWAY_TIMEOUT": Kind.UNAVAILABLE,
    "ARM_BAD_API_VERSION": Kind.REJECTED,
    "RA_PRINCIPAL_NOT_FOUND": Kind.REPLICATING,
    "RA_UPDATE_NOT_PERMITTED": Kind.REJECTED,
    "KV_NAME_TAKEN": Kind.NAME_TAKEN,
    "KV_DELETED_CONFLICT": Kind.VAULT_DELETED,
    "KV_CONCURRENT": Kind.BUSY,
    "KV_PURGE_PROTECTION_FALSE": Kind.REJECTED,
    "KV_ARMKEY_RBAC": Kind.AUTHORIZATION,
    "KVD_DELETED_CONFLICT": Kind.KEY_DELETED,
    "KVD_BEING_DELETED": Kind.BUSY,
    "ACR_NAME_TAKEN": Kind.NAME_TAKEN,
    "ACR_KEY_ACCESS": Kind.KEY_ACCESS,
    "ACR_IDENTITY_ACCESS": Kind.KEY_ACCESS,
    "ACR_FULL_RESUBMIT_ON_CMK": Kind.REJECTED,
}


@pytest.fixture(scope="module")
def catalogue() -> dict[str, dict[str, object]]:
    path = project.ROOT.parent / "shared" / "azure" / "errors_catalog.json"
    if not path.exists():
        pytest.skip(f"the catalogue of recorded errors is not there: {path}")
    return {entry["id"]: entry for entry in json.loads(path.read_text())}


@pytest.mark.parametrize("unsourced_code", ["BadRequest", "CMKError"])
@pytest.mark.parametrize("identifier", EXPECTED)
def test_recorded_errors_are_classified(
    identifier: str, unsourced_code: str, catalogue: dict[str, dict[str, object]]
) -> None:
    entry = catalogue[identifier]
    code = str(entry["code"]).replace("(UNSOURCED)", unsourced_code)
    failure = errors.failure(status=int(str(entry["http"])), code=code, message=str(entry["message"]), headers={})
    assert failure.kind is EXPECTED[identifier]
    assert failure.text.startswith(f"{code}: ")


def test_azures_words_correlation_id_and_wait_are_kept() -> None:
    headers = {"x-ms-correlation-request-id": "c-1", "Retry-After": "17"}
    failure = errors.failure(status=429, code="TooMany", message="slow\r\n down", headers=headers)
    assert str(failure) == "TooMany: slow down (correlation id c-1)"
    assert failure.retry_after == 17.0


@pytest.mark.parametrize("value", ["Wed, 21 Oct 2026 07:28:00 GMT", "", "-1"])
def test_a_retry_after_that_is_no_number_of_seconds_is_left_to_the_queue(value: str) -> None:
    assert errors.failure(status=429, code="c", message="m", headers={"Retry-After": value}).retry_after is None


@pytest.mark.parametrize("status", range(400, 600))
def test_every_status_has_a_kind_and_every_kind_a_remedy(status: int) -> None:
    failure = errors.failure(status=status, code="Unheard", message="of", headers={})
    assert failure.kind in REMEDIES


def test_a_connection_that_fails_is_azure_unavailable_and_a_token_that_fails_is_not() -> None:
    assert errors.classify(exceptions.ServiceRequestError("no route")).kind is Kind.UNAVAILABLE
    assert errors.classify(exceptions.ClientAuthenticationError("no token")).kind is Kind.AUTHENTICATION


@pytest.mark.parametrize(("code", "missing"), [("ResourceNotFound", True), ("SubscriptionNotFound", False)])
def test_only_a_missing_resource_reads_as_nothing(code: str, missing: bool) -> None:  # noqa: FBT001 - a table
    failure = errors.failure(status=404, code=code, message="m", headers={})
    assert errors.is_missing(failure) is missing
