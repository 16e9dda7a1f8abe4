import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acrcmk.telemetry import redaction

JWT = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJodHRwczovL21hbmFnZW1lbnQifQ.c2lnbmF0dXJl-_x"
OPERATION = "https://management.azure.com/subscriptions/0/providers/Microsoft.ContainerRegistry/operationResults/r-1"


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        (f"Authorization: Bearer {JWT}", "Authorization: Bearer REDACTED"),
        ("authorization: basic dXNlcjpwYXNz", "authorization: basic REDACTED"),
        (f"got {JWT}.", "got REDACTED."),
        (
            f"{OPERATION}?api-version=2023-11-01&t=638387998486219119&c=MIIH&s=Qx_y-z&h=oNERC",
            f"{OPERATION}?api-version=2023-11-01&t=REDACTED&c=REDACTED&s=REDACTED&h=REDACTED",
        ),
        (f"{OPERATION}?s=Qx&amp;h=oN&amp;x=1", f"{OPERATION}?s=REDACTED&amp;h=REDACTED&amp;x=1"),
        (r"https://x/y?v=1\u0026sig=abc%2B", r"https://x/y?v=1\u0026sig=REDACTED"),
        ("grant_type=x&client_assertion=abc.def&scope=y", "grant_type=x&client_assertion=REDACTED&scope=y"),
        ('{"access_token": "abc", "expires_in": 1}', '{"access_token": "REDACTED", "expires_in": 1}'),
        (r'"{\"refresh_token\":\"abc\"}"', r'"{\"refresh_token\":\"REDACTED\"}"'),
        ("clientSecret = 'abc'", "clientSecret = 'REDACTED'"),
    ],
)
def test_credentials_in_a_text_are_redacted_and_the_rest_is_kept(text, redacted):
    assert redaction.redact_text(text) == redacted


@pytest.mark.parametrize(
    "text",
    [
        "The bearer of the key is the identity",
        "GET https://management.azure.com/subscriptions?api-version=2022-12-01&$skiptoken=1&top=5",
        "key https://kv.vault.azure.net/keys/acr-cmk/0123456789abcdef0123456789abcdef",
        "basic checks passed",
        "the token expired",
        "eyJust a word",
    ],
)
def test_texts_without_credentials_are_kept(text):
    assert redaction.redact_text(text) == text


@given(st.text(), st.text(alphabet="abcXYZ019-_", min_size=20))
def test_a_bearer_token_is_redacted_after_any_text_and_json_stays_valid(before, token):
    line = redaction.redact_text(json.dumps({"event": f"{before} Bearer {token}"}))
    assert json.loads(line)["event"].endswith(" Bearer REDACTED")


def test_fields_named_like_secrets_are_redacted_at_any_depth():
    entry = {
        "Authorization": "opaque",
        "headers": [{"x-ms-access-token": "opaque", "Set-Cookie": "opaque", "retry-after": "5"}],
        "body": {"clientSecret": {"value": "opaque"}, "count": 1},
    }
    assert redaction.redact_fields(entry) == {
        "Authorization": "REDACTED",
        "headers": [{"x-ms-access-token": "REDACTED", "Set-Cookie": "REDACTED", "retry-after": "5"}],
        "body": {"clientSecret": "REDACTED", "count": 1},
    }


@pytest.mark.parametrize("name", ["token_file", "secretName", "keyIdentifier", "event", "name"])
def test_fields_that_only_name_a_place_are_kept(name):
    assert redaction.redact_fields({name: "kept"}) == {name: "kept"}
