"""The members of a body that are not compared literally: one data file, `masks.json`, with a reason each.

`members` are opaque texts of which only presence and JSON type are compared; `times` are Unix seconds;
`catalogs` are data published by Microsoft, which are not compared; `sets` are lists without order;
`foreign` are lists that another service fills, which are compared only if the recorded one is empty.
`member` is the end of a dotted path with `*` for list positions. `placeholder_times` are written by recorders in
place of a time; `hosts` are two names of one service.
"""

import dataclasses
import functools
import importlib.resources
import json
import re
from typing import Literal, cast, get_args

Kind = Literal["members", "times", "catalogs", "sets", "foreign"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Mask:
    """One rule of the data file."""

    kind: Kind
    member: tuple[str, ...]
    request: re.Pattern[str]

    def covers(self, path: tuple[str, ...]) -> bool:
        """Return whether a dotted path ends with the member of the rule."""
        tail = path[-len(self.member) :]
        return len(tail) == len(self.member) and all(
            expected == actual or (expected == "*" and actual.isdigit())
            for expected, actual in zip(self.member, tail, strict=True)
        )


@functools.cache
def _document() -> dict[str, list[dict[str, str]]]:
    text = importlib.resources.files(__package__).joinpath("masks.json").read_text(encoding="utf-8")
    return cast("dict[str, list[dict[str, str]]]", json.loads(text))


def is_placeholder_time(text: str) -> bool:
    """Return whether a text is what a recorder writes in place of a time."""
    return any(rule["text"] == text for rule in _document()["placeholder_times"])


def with_current_hosts(text: str) -> str:
    """Return a text with a service's older host names replaced by its current one."""
    for rule in _document()["hosts"]:
        text = text.replace(f"//{rule['host']}/", f"//{rule['same_as']}/")
    return text


@functools.cache
def _rules() -> tuple[Mask, ...]:
    return tuple(
        Mask(
            kind=kind,
            member=tuple(rule["member"].split(".")),
            request=re.compile(rule.get("request", ".*"), re.IGNORECASE),
        )
        for kind in KINDS
        for rule in _document()[kind]
    )


class Masks:
    """The rules that apply to one request, given as `METHOD https://host/path`; "" has only the general ones."""

    def __init__(self, request: str = "") -> None:
        self._rules: dict[str, list[Mask]] = {}
        for rule in _rules():
            if rule.request.fullmatch(request):
                self._rules.setdefault(rule.member[-1], []).append(rule)

    def kind(self, path: tuple[str, ...]) -> Kind | None:
        """Return how a member is masked; None if it is compared literally."""
        return next((rule.kind for rule in self._rules.get(path[-1], ()) if rule.covers(path)), None)
