"""Print the conditions of one object as they change, one line each."""

import asyncio
import contextlib
import dataclasses
import json
import time
from collections.abc import AsyncGenerator
from typing import Any

from acrcmk_lab import launch
from acrcmk_lab.demo import terminal
from acrcmk_lab.kubectl import KubectlError

Status = dict[str, Any]

_MARKS = {
    "True": ("●", terminal.GREEN),
    "False": ("○", terminal.YELLOW),
    "Unknown": ("·", terminal.DIM),
}
_ORDER = (
    *("IdentityReady", "VaultReady", "VaultAccessReady", "KeyReady", "RegistryReady", "EncryptionReady"),
    *("KeyCurrent", "Stalled", "Ready"),
)
"""In which simultaneous changes are printed."""
REFRESH_SECONDS = 0.2


@dataclasses.dataclass(kw_only=True)
class ProgressPrinter:
    """Prints the conditions that change, with the elapsed time and the number of Azure requests."""

    screen: terminal.Terminal
    lab: launch.Lab
    started: float = dataclasses.field(default_factory=time.monotonic)
    printed: dict[str, tuple[str, str]] = dataclasses.field(default_factory=dict)
    message: str = "waiting for the operator's first reconcile"

    @property
    def elapsed(self) -> float:
        """Seconds since the object was applied."""
        return time.monotonic() - self.started

    def print_header(self) -> None:
        """Print the column headers."""
        header = f"{'elapsed':>8} {'Azure calls':>12}    {'condition':<18}{'reason':<22}message"
        self.screen.line(self.screen.paint(header, terminal.DIM))

    def print_changes(self, status: Status) -> None:
        """Print a line for every condition with a new status or reason, except for a first `Unknown`."""
        conditions = {condition["type"]: condition for condition in status.get("conditions", [])}
        for condition_type in filter(conditions.__contains__, _ORDER):
            condition = conditions[condition_type]
            state = (condition["status"], condition["reason"])
            if self.printed.get(condition_type, ("Unknown", state[1])) != state:
                self._line(condition)
            self.printed[condition_type] = state

    def refresh(self) -> None:
        """Update the live line: time and number of requests."""
        self.screen.live(f"{self._clock()}    ... {self.message}")

    def _line(self, condition: dict[str, str]) -> None:
        mark, colour = _MARKS[condition["status"]]
        start, rest = f"{self._clock()}  ", f" {condition['type']:<18}{condition['reason']:<22}"
        message = self.screen.fit(condition["message"], used=len(start) + len(mark) + len(rest))
        painted = self.screen.paint(mark, colour), self.screen.paint(message, terminal.DIM)
        self.screen.line(f"{start}{painted[0]}{rest}{painted[1]}")
        if condition["status"] != "True":
            self.message = condition["message"]

    def _clock(self) -> str:
        return f"{self.elapsed:6.1f} s {len(self.lab.azure.requests()):>12}"


async def follow(printer: ProgressPrinter, *, name: str) -> None:
    """Print the changes of the object `name` until it is Ready. Raises KubectlError if its watch ends before."""
    printer.print_header()
    async with contextlib.aclosing(_statuses(printer, name=name)) as statuses:
        async for status in statuses:
            printer.print_changes(status)
            if ("Ready", "True") in ((item["type"], item["status"]) for item in status.get("conditions", [])):
                return
    raise KubectlError("kubectl stopped watching before the object was Ready")


async def _statuses(printer: ProgressPrinter, *, name: str) -> AsyncGenerator[Status]:
    """Yield the object's status at each change, from `kubectl get --watch`, until kubectl ends.

    Raises ChildError when one of the lab's processes has ended.
    """
    kubectl = printer.lab.kubectl
    async with kubectl.follow("get", "encreg", name, "--watch", "-o", 'jsonpath={.status}{"\\n"}') as lines:
        while True:
            with contextlib.suppress(TimeoutError):
                line = await asyncio.wait_for(lines.readline(), REFRESH_SECONDS)
                if not line:
                    return
                yield json.loads(line if line.strip() else "{}")
            printer.lab.check()
            printer.refresh()
