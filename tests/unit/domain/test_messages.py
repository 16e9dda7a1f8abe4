import pytest

from acrcmk.domain import messages

VOLATILE = {
    "Entra": (
        "invalid_client AADSTS70025: The client has no configured federated identity credentials. Trace ID: "
        "0000000{n}-1111-2222-3333-444444444444 Correlation ID: 5555555{n}-6666-7777-8888-999999999999 "
        "Timestamp: 2026-11-23 12:0{n}:00Z"
    ),
    "connection": (
        "Cannot connect to host management.azure.com:443 ssl:default [Connect call failed ('20.50.1.{n}', 443)]"
    ),
    "connection over IPv6": "Connect call failed ('2603:1030:a{n}::5', 443, 0, 0)",
    "token expiry": (
        "ExpiredAuthenticationToken: The access token expiry UTC time '3/19/2023 8:55:46 AM' is earlier than current "
        "UTC time '3/19/2023 8:55:5{n} AM'."
    ),
    "correlation id": "BadRequest: no (correlation id 1111111{n}-2222-3333-4444-555555555555)",
    "request id": "InternalError: RequestId: 1111111{n}-2222-3333-4444-555555555555 Time: 2026-11-23T12:00:0{n}.123Z",
    "HTTP date": "Try again after Wed, 2{n} Oct 2026 07:28:0{n} GMT",
    "seconds": "Number of requests for subscription 's' exceeded the limit. Please try again after '{n}' seconds.",
    "short seconds": "Azure did not answer within {n}.5 s",
    "client address": "Client address: 203.0.113.{n} is not authorized",
    "port": "Connection reset by peer 127.0.0.1:5432{n}",
    "operation's URL": "https://management.azure.com/x/operationStatuses/y?api-version=1&t=6380{n}&c=MII{n}&s=ab{n}&h=cd{n}",
}


@pytest.mark.parametrize("text", VOLATILE.values(), ids=VOLATILE)
def test_what_differs_from_one_answer_to_the_next_does_not_count(text: str) -> None:
    assert len({messages.stable(text.format(n=number)) for number in range(1, 7)}) == 1


SIGNIFICANT = {
    "subscription": "SubscriptionNotFound: 1111111{n}-2222-3333-4444-555555555555 was not found",
    "principal": "The client with object id '1111111{n}-2222-3333-4444-555555555555' has no authorization",
    "identity": "Verify that identity '1111111{n}-2222-3333-4444-555555555555' has 'Get' permission",
    "key version": "Failed to access KeyId 'https://v.vault.azure.net/keys/k/aaaaaaaa{n}'",
    "Entra's code": "AADSTS7002{n}: no federated credential",
    "name": "The vault name 'kv-{n}' is already in use",
    "network rule": "The range 203.0.{n}.0/24 is not valid",
    "status": "HTTP 50{n}",
}


@pytest.mark.parametrize("text", SIGNIFICANT.values(), ids=SIGNIFICANT)
def test_another_resource_or_code_is_another_message(text: str) -> None:
    assert messages.stable(text.format(n=1)) != messages.stable(text.format(n=2))


def test_words_after_request_id_stay() -> None:
    assert messages.stable("the request id could not be read") == "the request id could not be read"
