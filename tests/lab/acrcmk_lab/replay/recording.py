"""Recorded exchanges, read from JSON in any of the shapes that recorders write.

A file is a list of `{"request": .., "response": ..}`, bare or under `interactions`. Header names come
in any case, header values as text or lists, bodies as JSON, as text, as `{"string": ..}` or missing, the
status as 201, `{"code": 201}` or "201 Created".
"""

import datetime
import email.utils
import functools
import json
import pathlib
import re
import typing
import urllib.parse
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from acrcmk_lab.replay import masks

Json = typing.Any
_EDGE_TIME = re.compile(r"Ref C: (\S+)")
_WRAPPERS = ("string", "base64_string", "text", "content")


class UnreadableError(ValueError):
    """A file is no recording; the text says why."""


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """One request and its recorded answer; `number` counts from 0, header names are lower case."""

    number: int
    method: str
    url: str
    sent: Json
    status: int
    headers: Mapping[str, str]
    got: Json

    @functools.cached_property
    def parts(self) -> urllib.parse.SplitResult:
        return urllib.parse.urlsplit(self.url)

    @property
    def host(self) -> str:
        """The host, lower case, without port."""
        return self.parts.hostname or ""

    @property
    def path(self) -> str:
        """The path as sent, unquoted, without a slash at its end."""
        return urllib.parse.unquote(self.parts.path).rstrip("/") or "/"

    @functools.cached_property
    def query(self) -> dict[str, str]:
        return dict(urllib.parse.parse_qsl(self.parts.query, keep_blank_values=True))

    @functools.cached_property
    def moment(self) -> datetime.datetime | None:
        """The time of the answer by its Date header, else that of the request by the edge's; None without."""
        try:
            return email.utils.parsedate_to_datetime(self.headers["date"])
        except (KeyError, ValueError):
            edge = _EDGE_TIME.search(self.headers.get("x-msedge-ref", ""))
            return time_of(edge[1]) if edge else None

    @property
    def ok(self) -> bool:
        """Whether Azure did what was asked."""
        return self.status < 400  # noqa: PLR2004 - HTTP's border of errors

    @property
    def shown(self) -> dict[str, Json]:
        """The answer's JSON object; empty for anything else."""
        return self.got if isinstance(self.got, dict) else {}

    @property
    def asked(self) -> dict[str, Json]:
        """The request's JSON object; empty for anything else."""
        return self.sent if isinstance(self.sent, dict) else {}

    @property
    def properties(self) -> dict[str, Json]:
        """The `properties` of the answer's object; empty without them."""
        return properties_of(self.got)

    @property
    def wanted(self) -> dict[str, Json]:
        """The `properties` of the request's object; empty without them."""
        return properties_of(self.sent)

    @property
    def error(self) -> str:
        """Azure's error code, "" for an answer without an error."""
        error = self.shown.get("error")
        return str(error.get("code", "")) if isinstance(error, dict) else ""

    @property
    def rows(self) -> list[dict[str, Json]] | None:
        """The objects of a list's page; None if the answer is no list."""
        rows = self.shown.get("value")
        if self.method != "GET" or not isinstance(rows, list):
            return None
        return [row for row in rows if isinstance(row, dict)]

    @property
    def request(self) -> str:
        """The request as the data files' patterns see it: `METHOD https://host/path`."""
        return f"{self.method} https://{self.host}{self.path}"

    def __str__(self) -> str:
        return f"#{self.number} {self.method} {self.url.split('?', maxsplit=1)[0]}"


@dataclass(frozen=True, kw_only=True)
class Recording:
    """All exchanges of one file, in their order."""

    name: str
    exchanges: tuple[Exchange, ...]


def properties_of(body: Json) -> dict[str, Json]:
    """Return a resource's `properties`; empty for whatever has none."""
    found = body.get("properties") if isinstance(body, dict) else None
    return found if isinstance(found, dict) else {}


def time_of(text: Json) -> datetime.datetime | None:
    """Return a time in an ISO form, in UTC unless it says otherwise; None for all else and masked times."""
    if masks.is_recorders_time(str(text)):
        return None
    try:
        moment = datetime.datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)


def load(path: pathlib.Path) -> Recording:
    """Read a file; `UnreadableError` if it holds no exchanges."""
    try:
        document = json.loads(path.read_bytes())
    except ValueError as error:
        raise UnreadableError(f"{path.name}: no JSON: {error}") from error
    return Recording(name=path.stem, exchanges=tuple(parse(document, name=path.name)))


def parse(document: Json, *, name: str) -> Iterable[Exchange]:
    """Return the exchanges of a document already decoded."""
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
        sent=body_of(request.get("body")),
        status=code,
        headers=headers_of(response.get("headers")),
        got=body_of(response.get("body")),
    )


def headers_of(given: Json) -> dict[str, str]:
    """Return headers with names in lower case and values as one text each."""
    pairs = given.items() if isinstance(given, dict) else given or ()
    return {
        str(name).lower(): ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        for name, value in pairs
    }


def body_of(given: Json) -> Json:
    """Return a body's JSON; text that is no JSON stays text, nothing is None."""
    if isinstance(given, dict) and len(given) == 1 and next(iter(given)) in _WRAPPERS:
        given = next(iter(given.values()))
    if not isinstance(given, str):
        return given
    try:
        return json.loads(given) if given.strip() else None
    except ValueError:
        return given
