"""Faults on purpose: rules that match requests and answer, delay or cut them off.

A rule lets `skip` matching requests pass and then strikes `times` ones (0: all that come). With
`armed_by` it waits until such a request was answered without an error; with `lasting` it ends that
many simulated seconds after it was armed.
"""

import dataclasses
import re
from typing import Literal

from acrcmk_lab.azure.arm.messages import Request, Response
from acrcmk_lab.azure.state.clock import Clock

Action = Literal["respond", "delay", "drop", "reset", "reset_after"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Match:
    """Which requests: method (any if empty) and a regular expression found in the path, case ignored."""

    method: str = ""
    path: str = ""

    def matches(self, request: Request) -> bool:
        return self.method.upper() in ("", request.method) and bool(re.search(self.path, request.path, re.IGNORECASE))


@dataclasses.dataclass(kw_only=True)
class Rule:
    """One fault.

    `act`: `respond` with `answer`; `delay` by `seconds`, then go on; `drop` (never answer); `reset`
    the connection before, or `reset_after` the lab has done what was asked.
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
        """Add a rule; it counts from now on, or once it is armed."""
        if rule.armed_by is None:
            rule.armed_at = self._clock.now()
        self.rules.append(rule)
        return rule

    def find(self, request: Request) -> Rule | None:
        """Return the first rule that strikes a request."""
        if not self.rules:
            return None
        now = self._clock.now()
        return next((rule for rule in self.rules if rule.applies(request, now=now)), None)

    def record_response(self, request: Request, response: Response) -> None:
        """Arm the rules that waited for this request."""
        for rule in self.rules:
            if rule.armed_by and rule.armed_at is None and not response.code and rule.armed_by.matches(request):
                rule.armed_at = self._clock.now()
