"""Why an operation on a registry failed, by the answers to the read of its status."""

import dataclasses

import pytest
from azure.core import exceptions

from acrcmk.azure.operations import Operations
from acrcmk.azure.registries import Registries
from acrcmk.domain.failures import Kind
from tests.unit.domain.builders import NOW, REGISTRY_ID

KEY_ACCESS = {"status": "Failed", "error": {"code": "CMKError", "message": "Failed to access KeyId 'k'"}}


@dataclasses.dataclass
class Response:
    status_code: int
    body: object = None
    headers: dict[str, str] = dataclasses.field(default_factory=dict)

    def json(self) -> object:
        if isinstance(self.body, ValueError):
            raise self.body
        return self.body


class Client:
    """One subscription's client, that gives the answers in order."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)
        self.registries = self

    def of(self, _: str) -> "Client":
        return self

    async def send_request(self, _: object) -> object:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


async def read(*answers: object, times: int | None = None):
    operations = Operations(now=lambda: NOW)
    operations.record_started(REGISTRY_ID, {"azure-asyncoperation": "https://arm/operation/1"})
    registries = Registries(Client(*answers), operations)
    for _ in range(times or len(answers)):
        await registries._read_cause(REGISTRY_ID)
    return operations.last_failure(REGISTRY_ID)


UNREADABLE = {
    "403": Response(403, {"error": {"code": "AuthorizationFailed", "message": "operationStatuses/read"}}),
    "503": Response(503, {"error": {"code": "ServiceUnavailable", "message": "busy"}}),
    "429": Response(429),
    "no JSON": Response(502, ValueError("no JSON")),
    "still running": Response(200, {"status": "Updating"}),
    "connection": exceptions.ServiceRequestError("no route"),
}


@pytest.mark.parametrize("answer", UNREADABLE.values(), ids=UNREADABLE)
async def test_what_does_not_tell_the_cause_is_asked_again_and_counts_once(answer: object) -> None:
    unknown = await read(answer)
    assert (unknown.failure.kind, unknown.count) == (Kind.CAUSE_UNKNOWN, 1)
    known = await read(answer, answer, Response(200, KEY_ACCESS))
    assert (known.failure.kind, known.count) == (Kind.KEY_ACCESS, 1)
    assert known.failure.text == "CMKError: Failed to access KeyId 'k'"


@pytest.mark.parametrize("status", [404, 410])
async def test_a_status_that_is_gone_is_reported_and_not_asked_again(status: int) -> None:
    gone = await read(Response(status, {"error": {"code": "ResourceNotFound", "message": "x"}}), times=3)
    assert (gone.failure.kind, gone.count) == (Kind.REJECTED, 1)
    assert "no longer available" in gone.failure.text


async def test_a_failure_without_a_cause_is_not_asked_again() -> None:
    assert (await read(Response(200, {"status": "Failed"}), times=2)).failure.kind is Kind.REJECTED
