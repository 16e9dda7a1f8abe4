"""What the lab does not stand in for: one data file, `out_of_scope.json`, with a reason each.

A rule has a `request` pattern, as `recording.Exchange.request` shows requests. With `failed`, a pattern
of statuses, it covers only answers that tell an error. With `made`, a pattern of what a successful such
request made, it covers requests for that from then on; `{name}` in it stands for the group of `request`.
"""

import functools
import importlib.resources
import json
import re
from dataclasses import dataclass

from acrcmk_lab.replay import recording


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One kind of exchange that is out of scope."""

    request: str
    reason: str
    failed: str = ""
    made: str = ""

    def covers(self, exchange: recording.Exchange) -> re.Match[str] | None:
        """Return the match of an exchange's request, if all agrees."""
        if self.failed and not (exchange.error and re.fullmatch(self.failed, str(exchange.status))):
            return None
        return re.fullmatch(self.request, exchange.request, re.IGNORECASE)


@functools.cache
def rules() -> tuple[Rule, ...]:
    """Return the data file's rules."""
    text = importlib.resources.files(__package__).joinpath("out_of_scope.json").read_text(encoding="utf-8")
    return tuple(Rule(**rule) for rule in json.loads(text))


class Scope:
    """What is out of scope in one recording, told exchange by exchange."""

    def __init__(self) -> None:
        self._made: list[Rule] = []

    def reason(self, exchange: recording.Exchange) -> str | None:
        """Return why the next exchange is out of scope; None if it is not."""
        for rule in (*rules(), *self._made):
            found = rule.covers(exchange)
            if found:
                if rule.made and not exchange.error:
                    self._made.append(Rule(request=_filled(rule.made, found), reason=rule.reason))
                return rule.reason
        return None


def _filled(pattern: str, found: re.Match[str]) -> str:
    """Put the groups of a match into a pattern, for the text that they are."""
    return functools.reduce(
        lambda text, group: text.replace(f"{{{group[0]}}}", re.escape(group[1])), found.groupdict().items(), pattern
    )
