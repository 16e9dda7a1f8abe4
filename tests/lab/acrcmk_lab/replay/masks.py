"""Which members of a body are masked, and how: one data file, `masks.json`, with a reason each.

`members` are opaque texts of which only presence and JSON type count; `times` are Unix seconds;
`catalogues` are published data of the day, which are not compared; `sets` are lists without order.
`member` is the end of a dotted path with `*` for list positions. `recorders_times` stand where a
recorder took a time away; `hosts` are two names of one service.
"""

import functools
import importlib.resources
import json
import re
import typing
from dataclasses import dataclass

Kind = typing.Literal["members", "times", "catalogues", "sets"]
KINDS: tuple[Kind, ...] = typing.get_args(Kind)


@dataclass(frozen=True, slots=True)
class Mask:
    """One rule of the data file."""

    kind: Kind
    member: tuple[str, ...]
    request: re.Pattern[str]

    def covers(self, path: tuple[str, ...]) -> bool:
        """Tell whether a dotted path ends the way the rule says."""
        tail = path[-len(self.member) :]
        return len(tail) == len(self.member) and all(
            want == have or (want == "*" and have.isdigit()) for want, have in zip(self.member, tail, strict=True)
        )


@functools.cache
def _document() -> dict[str, list[dict[str, str]]]:
    text = importlib.resources.files(__package__).joinpath("masks.json").read_text(encoding="utf-8")
    return typing.cast("dict[str, list[dict[str, str]]]", json.loads(text))


def is_recorders_time(text: str) -> bool:
    """Tell whether a recorder put this in the place of a time."""
    return any(rule["text"] == text for rule in _document()["recorders_times"])


def with_present_hosts(text: str) -> str:
    """Return a text with a service's older host names replaced by its present one."""
    for rule in _document()["hosts"]:
        text = text.replace(f"//{rule['host']}/", f"//{rule['same_as']}/")
    return text


@functools.cache
def _rules() -> tuple[Mask, ...]:
    return tuple(
        Mask(kind, tuple(rule["member"].split(".")), re.compile(rule.get("request", ".*"), re.IGNORECASE))
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
        """Return how a member is masked; None if it is compared."""
        return next((rule.kind for rule in self._rules.get(path[-1], ()) if rule.covers(path)), None)
