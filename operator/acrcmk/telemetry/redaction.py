"""Redacts credentials in log entries, by the name of a field and by patterns in a text."""

import re
from collections.abc import Mapping, Sequence

REDACTED = "REDACTED"
"""As azure-core's request log has it in the place of a redacted value."""

_SECRET_NAME = re.compile(r"(?i)(authorization|cookie|password|secret|assertion|token|signature|sig)$")
"""`client_secret`, `accessToken`, `Set-Cookie`; but not `token_file` or `secretName`, which only name a place."""

_SECRET_TEXTS: Sequence[tuple[re.Pattern[str], str]] = (
    (re.compile(r"(?i)\b(bearer|basic) +[\w.~+/=-]{8,}"), rf"\1 {REDACTED}"),
    # A JSON Web Token: two base64url JSON objects (they begin with `{"`) and a signature.
    (re.compile(r"\beyJ[\w-]+\.eyJ[\w-]+(\.[\w-]*)?"), REDACTED),
    # Signed URLs: `sig` of SAS, and `t`, `c`, `s`, `h` of ARM's operation URLs (recordings of 2024).
    (re.compile(r"(?i)([?&](?:amp;)?|\\u0026)(sig|signature|[tcsh])=[^&\s\"'\\<>)\]]+"), rf"\1\2={REDACTED}"),
    # A field of a form, or of JSON that may be escaped, inside a text.
    (
        re.compile(
            r"(?i)((?:access_?|refresh_?|id_)token|client_?secret|client_?assertion|password)"
            r"(\\?[\"']?\s*[:=]\s*\\?[\"']?)[^&\s\"'\\,}]+"
        ),
        rf"\1\2{REDACTED}",
    ),
)


def redact_text(text: str) -> str:
    """Return `text` without bearer tokens, JSON Web Tokens, URL signatures and named secrets."""
    for pattern, replacement in _SECRET_TEXTS:
        text = pattern.sub(replacement, text)
    return text


def redact_fields(value: object) -> object:
    """Return `value` with every field that is named like a secret redacted, at any depth."""
    match value:
        case Mapping():
            return {
                name: REDACTED if _SECRET_NAME.search(str(name)) else redact_fields(inner)
                for name, inner in value.items()
            }
        case list() | tuple():
            return [redact_fields(inner) for inner in value]
    return value
