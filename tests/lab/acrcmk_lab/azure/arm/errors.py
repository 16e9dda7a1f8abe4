"""The errors of all services by id, from one data file.

`errors.json` maps an id to status, code, message template, and where known `innererror`, `headers`,
`details` and `source`; a detail without code or message takes the entry's. The code `(unsourced)`
stands for a code that is not published; the setting `acr_unsourced_code` gives the one that is sent.
"""

import functools
import importlib.resources
import json
from typing import Any, cast

from acrcmk_lab.azure.arm.messages import AzureError, Body, Response

UNSOURCED = "(unsourced)"


@functools.cache
def entries() -> dict[str, dict[str, Any]]:
    """Return all entries by error id."""
    text = importlib.resources.files(__package__).joinpath("errors.json").read_text(encoding="utf-8")
    return cast("dict[str, dict[str, Any]]", json.loads(text))


def content(error_id: str, /, *, unsourced_code: str = UNSOURCED, **facts: object) -> Body:
    """Return the inside of `{"error": ...}`: code, message, details and inner error."""
    entry = entries()[error_id]
    message = entry["message"].format(**facts)
    body: Body = {
        "code": unsourced_code if entry["code"] == UNSOURCED else entry["code"],
        "message": message,
    }
    if "details" in entry:
        body["details"] = [
            {"code": entry["code"], "message": message, **{name: text.format(**facts) for name, text in detail.items()}}
            for detail in entry["details"]
        ]
    if "innererror" in entry:
        body["innererror"] = {"code": entry["innererror"]}
    return body


def response(error_id: str, /, *, unsourced_code: str = UNSOURCED, **facts: object) -> Response:
    """Return the error response of an id; `facts` fill its message template."""
    entry = entries()[error_id]
    body = {"error": content(error_id, unsourced_code=unsourced_code, **facts), **entry.get("extra", {})}
    return Response(entry["status"], body=body, headers=dict(entry.get("headers", {})))


def error(error_id: str, /, **facts: Any) -> AzureError:
    """Return the exception that ends a request with this error."""
    return AzureError(response(error_id, **facts))
