"""What the recording calls one thing and the lab another: GUIDs, key versions, opaque texts, URLs.

A pair is bound the first time the two meet and must hold ever after, both ways: two identities of the
recording are two identities in the lab. Recorded requests are rewritten by it before they are sent.
"""

import re
import typing
import urllib.parse
import uuid
from dataclasses import dataclass, field

Json = typing.Any

_ISO = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?"
_AMERICAN = r"\d{1,2}/\d{1,2}/\d{4} \d{1,2}:\d\d:\d\d [AP]M"
_GUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
TOKEN = re.compile(
    rf"(?<![0-9A-Za-z])(?:(?P<time>{_ISO}|{_AMERICAN})|(?P<id>{_GUID}|[0-9a-f]{{32}}))(?![0-9A-Za-z])",
    re.IGNORECASE,
)
SIGNATURE = frozenset("tcsh")


@dataclass(frozen=True, slots=True)
class Token:
    """A part of a text: `kind` is "time", "id", or "" for what stands between them."""

    kind: str
    text: str


def tokens(text: str) -> list[Token]:
    """Cut a text into times, ids and the rest."""
    found, end = [], 0
    for match in TOKEN.finditer(text):
        if match.start() > end:
            found.append(Token("", text[end : match.start()]))
        found.append(Token(match.lastgroup or "", match[0]))
        end = match.end()
    return [*found, Token("", text[end:])] if end < len(text) else found


def same_id(text: str) -> str:
    """Return an id as it is compared: a GUID without dashes is the same GUID."""
    return text.replace("-", "").lower()


def url_key(url: str) -> str:
    """Return a URL as it is compared: unquoted, without case, port and signature."""
    parts = urllib.parse.urlsplit(url)
    query = sorted(f"{name}={value}" for name, value in urllib.parse.parse_qsl(parts.query) if name not in SIGNATURE)
    path = urllib.parse.unquote(parts.path)
    # `+` and `%20`, `%2F` and `/`: clients re-encode opaque tokens as they like.
    return urllib.parse.unquote(f"{parts.hostname}{path}?{'&'.join(query)}").replace(" ", "+").lower()


@dataclass(kw_only=True)
class Binding:
    """The pairs found so far; `mark` and `undo` make guesses possible."""

    _lab: dict[str, str] = field(default_factory=dict)
    _recorded: dict[str, str] = field(default_factory=dict)
    _texts: dict[str, str] = field(default_factory=dict)
    _urls: dict[str, str] = field(default_factory=dict)
    _trail: list[tuple[str, str]] = field(default_factory=list)

    def agree(self, recorded: str, lab: str) -> bool:
        """Bind two ids, or tell whether they are bound to each other."""
        theirs, ours = same_id(recorded), same_id(lab)
        if theirs not in self._lab and ours not in self._recorded:
            self._lab[theirs], self._recorded[ours] = ours, theirs
            self._trail.append((theirs, ours))
        return self._lab.get(theirs) == ours

    def mark(self) -> int:
        """Return where `undo` may come back to."""
        return len(self._trail)

    def undo(self, mark: int) -> None:
        """Forget the ids bound since a mark."""
        while len(self._trail) > mark:
            theirs, ours = self._trail.pop()
            del self._lab[theirs], self._recorded[ours]

    def learn_text(self, recorded: str, lab: str) -> None:
        """Remember an opaque text that the client may hand back: a backup, a password."""
        self._texts[recorded] = lab

    def learn_url(self, recorded: str, lab: str) -> None:
        """Remember a URL that the client may call."""
        self._urls[url_key(recorded)] = lab

    def known(self, value: Json) -> None:
        """Bind the ids in a recorded request that no answer brought: they are the same for both sides."""
        if isinstance(value, str):
            for token in tokens(value):
                if token.kind == "id":
                    self.agree(token.text, token.text)
        elif isinstance(value, dict):
            for name, member in value.items():
                self.known(name)
                self.known(member)
        elif isinstance(value, list):
            for member in value:
                self.known(member)

    def url(self, recorded: str) -> str:
        """Return the lab's URL for a recorded one."""
        return self._urls.get(url_key(recorded)) or self.text(recorded)

    def text(self, recorded: str) -> str:
        """Return a text with its ids replaced by the lab's."""
        if recorded in self._texts:
            return self._texts[recorded]
        return "".join(self._id(token) if token.kind == "id" else token.text for token in tokens(recorded))

    def rewritten(self, value: Json) -> Json:
        """Return a recorded request's body as the lab's client would have sent it."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(name): self.rewritten(member) for name, member in value.items()}
        if isinstance(value, list):
            return [self.rewritten(member) for member in value]
        return value

    def _id(self, token: Token) -> str:
        """Return the lab's id in the shape of the recorded one."""
        theirs = same_id(token.text)
        ours = self._lab.get(theirs, theirs)
        if ours == theirs:
            return token.text
        return str(uuid.UUID(ours)) if "-" in token.text else ours
