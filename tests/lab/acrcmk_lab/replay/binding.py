"""Pairs of values that name the same thing in the recording and in the lab: GUIDs, key versions, opaque texts, URLs.

A pair is bound at its first comparison and must hold from then on, in both directions: two identities of the
recording are two identities in the lab. Recorded requests are rewritten with the pairs before they are sent.
"""

import dataclasses
import re
import urllib.parse
import uuid
from typing import Any

Json = Any

_ISO = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?"
_AMERICAN = r"\d{1,2}/\d{1,2}/\d{4} \d{1,2}:\d\d:\d\d [AP]M"
_GUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
TOKEN = re.compile(
    rf"(?<![0-9A-Za-z])(?:(?P<time>{_ISO}|{_AMERICAN})|(?P<id>{_GUID}|[0-9a-f]{{32}}))(?![0-9A-Za-z])",
    re.IGNORECASE,
)
SIGNATURE = frozenset("tcsh")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Token:
    """A part of a text: `kind` is "time", "id", or "" for the text between them."""

    kind: str
    text: str


def tokens(text: str) -> list[Token]:
    """Split a text into times, ids and the text between them."""
    result, end = [], 0
    for match in TOKEN.finditer(text):
        if match.start() > end:
            result.append(Token(kind="", text=text[end : match.start()]))
        result.append(Token(kind=match.lastgroup or "", text=match[0]))
        end = match.end()
    return [*result, Token(kind="", text=text[end:])] if end < len(text) else result


def normalized_id(text: str) -> str:
    """Return an id in the form used for comparison: lower case, without dashes."""
    return text.replace("-", "").lower()


def url_key(url: str) -> str:
    """Return a URL in the form used for comparison: unquoted, lower case, without port and signature."""
    parts = urllib.parse.urlsplit(url)
    query = sorted(f"{name}={value}" for name, value in urllib.parse.parse_qsl(parts.query) if name not in SIGNATURE)
    path = "/" + urllib.parse.unquote(parts.path).lstrip("/")
    # Clients re-encode opaque tokens differently: `+` or `%20`, `%2F` or `/`.
    return urllib.parse.unquote(f"{parts.hostname}{path}?{'&'.join(query)}").replace(" ", "+").lower()


@dataclasses.dataclass(kw_only=True)
class Binding:
    """The pairs bound so far; `checkpoint` and `rollback` allow a tentative comparison."""

    _lab: dict[str, str] = dataclasses.field(default_factory=dict)
    _recorded: dict[str, str] = dataclasses.field(default_factory=dict)
    _texts: dict[str, str] = dataclasses.field(default_factory=dict)
    _urls: dict[str, str] = dataclasses.field(default_factory=dict)
    _history: list[tuple[str, str]] = dataclasses.field(default_factory=list)

    def bind(self, recorded: str, lab: str) -> bool:
        """Bind two ids if both are unbound; return whether they are bound to each other."""
        recorded_id, lab_id = normalized_id(recorded), normalized_id(lab)
        if recorded_id not in self._lab and lab_id not in self._recorded:
            self._lab[recorded_id], self._recorded[lab_id] = lab_id, recorded_id
            self._history.append((recorded_id, lab_id))
        return self._lab.get(recorded_id) == lab_id

    def checkpoint(self) -> int:
        """Return the state that `rollback` can return to."""
        return len(self._history)

    def rollback(self, checkpoint: int) -> None:
        """Remove the ids bound since a checkpoint."""
        while len(self._history) > checkpoint:
            recorded_id, lab_id = self._history.pop()
            del self._lab[recorded_id], self._recorded[lab_id]

    def map_text(self, recorded: str, lab: str) -> None:
        """Record the lab's value of an opaque text that the client may send back: a backup, a password."""
        self._texts[recorded] = lab

    def map_url(self, recorded: str, lab: str) -> None:
        """Record the lab's URL for one that the client may request."""
        self._urls[url_key(recorded)] = lab

    def bind_request_ids(self, value: Json) -> None:
        """Bind the unbound ids of a recorded request to themselves: the client chose them, so the lab sees the same."""
        if isinstance(value, str):
            for token in tokens(value):
                if token.kind == "id":
                    self.bind(token.text, token.text)
        elif isinstance(value, dict):
            for name, member in value.items():
                self.bind_request_ids(name)
                self.bind_request_ids(member)
        elif isinstance(value, list):
            for member in value:
                self.bind_request_ids(member)

    def url(self, recorded: str) -> str:
        """Return the lab's URL for a recorded one."""
        return self._urls.get(url_key(recorded)) or self.text(recorded)

    def text(self, recorded: str) -> str:
        """Return a text with its recorded ids replaced by the lab's."""
        if recorded in self._texts:
            return self._texts[recorded]
        return "".join(self._id(token) if token.kind == "id" else token.text for token in tokens(recorded))

    def rewritten(self, value: Json) -> Json:
        """Return a recorded request's body with the lab's ids and texts."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(name): self.rewritten(member) for name, member in value.items()}
        if isinstance(value, list):
            return [self.rewritten(member) for member in value]
        return value

    def _id(self, token: Token) -> str:
        """Return the lab's id in the format of the recorded one."""
        recorded_id = normalized_id(token.text)
        lab_id = self._lab.get(recorded_id, recorded_id)
        if lab_id == recorded_id:
            return token.text
        return str(uuid.UUID(lab_id)) if "-" in token.text else lab_id
