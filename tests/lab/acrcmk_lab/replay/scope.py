"""The exchanges that the lab does not simulate: one data file, `out_of_scope.json`, with a reason each.

A rule has a `request` pattern, in the format of `recordings.Exchange.request`. With `failed`, a pattern of statuses,
it covers only error responses; with `api_version`, a pattern, only requests of those versions. With `created`, a
pattern of requests for what a successful such request creates, it covers those from then on; `{name}` in it is
replaced by the group of `request`. Operations that a request out of scope starts are out of scope, too.
"""

import dataclasses
import functools
import importlib.resources
import json
import re
import urllib.parse

from acrcmk_lab.replay.recordings import Exchange

_POLLED = ("location", "azure-asyncoperation")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rule:
    """One kind of exchange that is out of scope."""

    request: str
    reason: str
    failed: str = ""
    api_version: str = ""
    created: str = ""

    def covers(self, exchange: Exchange) -> re.Match[str] | None:
        """Return the match of an exchange's request; None if the rule does not cover it."""
        if self.failed and not (exchange.error and re.fullmatch(self.failed, str(exchange.status))):
            return None
        if self.api_version and not re.fullmatch(self.api_version, exchange.query.get("api-version", "")):
            return None
        return re.fullmatch(self.request, exchange.request, re.IGNORECASE)


@functools.cache
def rules() -> tuple[Rule, ...]:
    """Return the data file's rules."""
    text = importlib.resources.files(__package__).joinpath("out_of_scope.json").read_text(encoding="utf-8")
    return tuple(Rule(**rule) for rule in json.loads(text))


class Scope:
    """Decides exchange by exchange what is out of scope in one recording."""

    def __init__(self) -> None:
        self._created: list[Rule] = []
        self._operations: dict[str, str] = {}

    def reason(self, exchange: Exchange) -> str | None:
        """Return why the next exchange is out of scope; None if it is not."""
        reason = self._operations.get(_path(exchange.url)) or self._reason_by_rule(exchange)
        if reason:
            # The operations that such a request starts are polled elsewhere.
            self._operations |= {_path(exchange.headers[name]): reason for name in _POLLED if name in exchange.headers}
        return reason

    def _reason_by_rule(self, exchange: Exchange) -> str | None:
        for rule in (*rules(), *self._created):
            match = rule.covers(exchange)
            if match:
                if rule.created and not exchange.error:
                    self._created.append(Rule(request=_filled(rule.created, match), reason=rule.reason))
                return rule.reason
        return None


def _path(url: str) -> str:
    return urllib.parse.unquote(urllib.parse.urlsplit(url).path).lower()


def _filled(pattern: str, match: re.Match[str]) -> str:
    """Insert the groups of a match into a pattern, escaped."""
    return functools.reduce(
        lambda text, group: text.replace(f"{{{group[0]}}}", re.escape(group[1])), match.groupdict().items(), pattern
    )
