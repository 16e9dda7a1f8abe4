"""Recorded exchanges, read from JSON in any of the formats that recorders write.

A file is a list of `{"request": .., "response": ..}`, top-level or under `interactions`. Header names are in any
case, header values text or lists, bodies JSON, text, `{"string": ..}` or missing, the status 201, `{"code": 201}` or
"201 Created".
"""

import dataclasses
import datetime
import email.utils
import functools
import json
import pathlib
import re
import urllib.parse
from collections.abc import Iterable, Mapping
from typing import Any

from acrcmk_lab.replay import masks

Json = Any
_EDGE_TIME = re.compile(r"Ref C: (\S+)")
_WRAPPERS = ("string", "base64_string", "text", "content")


class UnreadableError(ValueError):
    """A file is not a recording; the text says why."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Exchange:
    """One request and its recorded response; `number` counts from 0, header names are lower case."""

    number: int
    method: str
    url: str
    request_body: Json
    status: int
    headers: Mapping[str, str]
    response_body: Json

    @functools.cached_property
    def parts(self) -> urllib.parse.SplitResult:
        return urllib.parse.urlsplit(self.url)

    @property
    def host(self) -> str:
        """The host, lower case, without port."""
        return self.parts.hostname or ""

    @property
    def path(self) -> str:
        """The path as sent, unquoted, with one slash at its beginning and none at its end."""
        return "/" + urllib.parse.unquote(self.parts.path).strip("/")

    @functools.cached_property
    def query(self) -> dict[str, str]:
        return dict(urllib.parse.parse_qsl(self.parts.query, keep_blank_values=True))

    @functools.cached_property
    def timestamp(self) -> datetime.datetime | None:
        """The time of the response by its Date header, else of the request by the edge's header; None without both."""
        try:
            return email.utils.parsedate_to_datetime(self.headers["date"])
        except (KeyError, ValueError):
            edge = _EDGE_TIME.search(self.headers.get("x-msedge-ref", ""))
            return time_of(edge[1]) if edge else None

    @property
    def ok(self) -> bool:
        """Whether the request succeeded."""
        return self.status < 400  # noqa: PLR2004 - HTTP status codes of errors

    @property
    def response_object(self) -> dict[str, Json]:
        """The response's JSON object; empty for anything else."""
        return self.response_body if isinstance(self.response_body, dict) else {}

    @property
    def request_object(self) -> dict[str, Json]:
        """The request's JSON object; empty for anything else."""
        return self.request_body if isinstance(self.request_body, dict) else {}

    @property
    def properties(self) -> dict[str, Json]:
        """The `properties` of the response's object; empty without them."""
        return properties_of(self.response_body)

    @property
    def request_properties(self) -> dict[str, Json]:
        """The `properties` of the request's object; empty without them."""
        return properties_of(self.request_body)

    @property
    def error(self) -> str:
        """Azure's error code, "" for a response without an error."""
        error = self.response_object.get("error")
        return str(error.get("code", "")) if isinstance(error, dict) else ""

    @property
    def rows(self) -> list[dict[str, Json]] | None:
        """The objects of a list's page; None if the response is not a list."""
        rows = self.response_object.get("value")
        if self.method != "GET" or not isinstance(rows, list):
            return None
        return [row for row in rows if isinstance(row, dict)]

    @property
    def request(self) -> str:
        """The request in the format that the patterns of the data files match: `METHOD https://host/path`."""
        return f"{self.method} https://{self.host}{self.path}"

    def __str__(self) -> str:
        return f"#{self.number} {self.method} {self.url.split('?', maxsplit=1)[0]}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recording:
    """All exchanges of one file, in order."""

    name: str
    exchanges: tuple[Exchange, ...]


def properties_of(body: Json) -> dict[str, Json]:
    """Return a resource's `properties`; empty for a body without."""
    properties = body.get("properties") if isinstance(body, dict) else None
    return properties if isinstance(properties, dict) else {}


def time_of(text: Json) -> datetime.datetime | None:
    """Return a time in ISO format, in UTC if it has no zone; None for other texts and placeholders of recorders."""
    if masks.is_placeholder_time(str(text)):
        return None
    try:
        timestamp = datetime.datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=datetime.UTC)


def load(path: pathlib.Path) -> Recording:
    """Read a file; `UnreadableError` if it is not a recording."""
    try:
        document = json.loads(path.read_bytes())
    except ValueError as error:
        raise UnreadableError(f"{path.name}: not JSON: {error}") from error
    return Recording(name=path.stem, exchanges=tuple(parse(document, name=path.name)))


def parse(document: Json, *, name: str) -> Iterable[Exchange]:
    """Return the exchanges of a decoded document."""
    entries = document
    if isinstance(document, dict):
        entries = next((document[key] for key in ("interactions", "exchanges", "entries") if key in document), None)
    if not isinstance(entries, list):
        raise UnreadableError(f"{name}: neither a list of exchanges nor an object with one")
    return [_exchange(entry, number=number, name=name) for number, entry in enumerate(entries)]


def _exchange(entry: Json, *, number: int, name: str) -> Exchange:
    try:
        request, response = entry["request"], entry["response"]
        method, url = str(request["method"]).upper(), str(request.get("uri") or request["url"])
        status = next(response[name] for name in ("code", "status_code", "status") if name in response)
        code = int(str(status["code"] if isinstance(status, dict) else status).split()[0])
    except (KeyError, TypeError, ValueError, AttributeError, StopIteration, IndexError) as error:
        raise UnreadableError(f"{name} #{number}: not an exchange: {error!r}") from error
    return Exchange(
        number=number,
        method=method,
        url=url,
        request_body=body_of(request.get("body")),
        status=code,
        headers=headers_of(response.get("headers")),
        response_body=body_of(response.get("body")),
    )


def headers_of(raw: Json) -> dict[str, str]:
    """Return headers with names in lower case and one text per value."""
    pairs = raw.items() if isinstance(raw, dict) else raw or ()
    return {
        str(name).lower(): ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        for name, value in pairs
    }


def body_of(raw: Json) -> Json:
    """Return a body's JSON; text that is not JSON stays text, an empty one is None."""
    if isinstance(raw, dict) and len(raw) == 1 and next(iter(raw)) in _WRAPPERS:
        raw = next(iter(raw.values()))
    if not isinstance(raw, str):
        return raw
    try:
        return json.loads(raw) if raw.strip() else None
    except ValueError:
        return raw
