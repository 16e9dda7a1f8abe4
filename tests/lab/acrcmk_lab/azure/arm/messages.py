"""HTTP requests, responses and Azure errors, independent of the web framework."""

import dataclasses
from collections.abc import Mapping
from typing import Any

Body = dict[str, Any]


@dataclasses.dataclass(kw_only=True, slots=True)
class Request:
    """One HTTP request: `body` is the parsed JSON or form, None without one; header names are lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any = None
    host: str = ""

    def properties(self) -> Body:
        """Return the body's `properties` object; empty where there is none."""
        value = self.body.get("properties") if isinstance(self.body, dict) else None
        return value if isinstance(value, dict) else {}


@dataclasses.dataclass(slots=True)
class Response:
    """One HTTP response: `body` is sent as JSON, None as an empty body."""

    status: int
    _: dataclasses.KW_ONLY
    body: Any = None
    headers: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def code(self) -> str | None:
        """Azure's error code, None for a successful response."""
        if self.status < 400 or not isinstance(self.body, dict):  # noqa: PLR2004 - HTTP errors start here
            return None
        error = self.body.get("error")
        return error.get("code") if isinstance(error, dict) else error


class AzureError(Exception):
    """Ends the handling of a request with an error response."""

    def __init__(self, response: Response) -> None:
        super().__init__(f"{response.status} {response.code}")
        self.response = response
