"""Fault injection: rules that match requests and respond to them, delay them or reset the connection.

A rule passes `skip` matching requests and then applies to `times` requests (0: to all). With
`armed_by` it starts after such a request succeeded; with `duration` it ends that many simulated
seconds after its start.
"""

import dataclasses
import re
from typing import Literal

from acrcmk_lab.azure.arm.messages import Request, Response
from acrcmk_lab.azure.state.clock import Clock

Action = Literal["respond", "delay", "drop", "reset", "reset_after"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Match:
    """The requests of a rule: method (any if empty) and a regular expression in the path, case ignored."""

    method: str = ""
    path: str = ""

    def matches(self, request: Request) -> bool:
        return self.method.upper() in ("", request.method) and bool(re.search(self.path, request.path, re.IGNORECASE))


@dataclasses.dataclass(kw_only=True)
class Rule:
    """One fault.

    `action`: `respond` with `response`; `delay` by `seconds`, then handle it; `drop` (never respond);
    `reset` the connection before the request is handled, or `reset_after` it was handled.
    """

    match: Match
    action: Action = "respond"
    response: Response | None = None
    seconds: float = 0.0
    skip: int = 0
    times: int = 1
    armed_by: Match | None = None
    duration: float | None = None
    applied: int = 0
    armed_at: float | None = None

    def applies(self, request: Request, *, now: float) -> bool:
        """Tell whether the rule applies to this request, counting it if so."""
        if self.armed_at is None or (self.duration is not None and now >= self.armed_at + self.duration):
            return False
        if (self.times and self.applied >= self.times) or not self.match.matches(request):
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.applied += 1
        return True


class Faults:
    """All rules, tried in the order they were added."""

    def __init__(self, time: Clock) -> None:
        self._clock = time
        self.rules: list[Rule] = []

    def add(self, rule: Rule) -> Rule:
        """Add a rule; it applies from now on, or from when it is armed."""
        if rule.armed_by is None:
            rule.armed_at = self._clock.now()
        self.rules.append(rule)
        return rule

    def find(self, request: Request) -> Rule | None:
        """Return the first rule that applies to a request."""
        if not self.rules:
            return None
        now = self._clock.now()
        return next((rule for rule in self.rules if rule.applies(request, now=now)), None)

    def record_response(self, request: Request, response: Response) -> None:
        """Arm the rules whose `armed_by` matches this successful request."""
        for rule in self.rules:
            if rule.armed_by and rule.armed_at is None and not response.code and rule.armed_by.matches(request):
                rule.armed_at = self._clock.now()
