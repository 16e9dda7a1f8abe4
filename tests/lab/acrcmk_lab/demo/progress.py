"""The story of one object: its conditions as they change, one tidy line each."""

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

MARKS = {
    "True": ("●", terminal.GREEN),
    "False": ("○", terminal.YELLOW),
    "Unknown": ("·", terminal.DIM),
}
ORDER = (
    *("IdentityReady", "VaultReady", "VaultAccessReady", "KeyReady", "RegistryReady", "EncryptionReady"),
    *("KeyCurrent", "Stalled", "Ready"),
)
"""In which news of one moment are told; the sum comes last."""
GLANCE_SECONDS = 0.2


@dataclasses.dataclass
class Teller:
    """Prints what changes from one status to the next, beside the time and the count of calls to Azure."""

    screen: terminal.Terminal
    lab: launch.Lab
    began: float = dataclasses.field(default_factory=time.monotonic)
    told: dict[str, tuple[str, str]] = dataclasses.field(default_factory=dict)
    last: str = "waiting for the operator's first look"

    @property
    def elapsed(self) -> float:
        """Seconds since the story began."""
        return time.monotonic() - self.began

    def title(self) -> None:
        """Print the heads of the columns."""
        head = f"{'elapsed':>8} {'Azure calls':>12}    {'condition':<18}{'reason':<22}message"
        self.screen.line(self.screen.paint(head, terminal.DIM))

    def tell(self, status: Status) -> None:
        """Print a line for every condition with a new status or reason; a first `Unknown` is worth none."""
        conditions = {one["type"]: one for one in status.get("conditions", [])}
        for kind in filter(conditions.__contains__, ORDER):
            condition = conditions[kind]
            now = (condition["status"], condition["reason"])
            if self.told.get(kind, ("Unknown", now[1])) != now:
                self._line(condition)
            self.told[kind] = now

    def glance(self) -> None:
        """Renew the live line: time and calls go on while nothing changes."""
        self.screen.live(f"{self._clock()}    ... {self.last}")

    def _line(self, condition: dict[str, str]) -> None:
        mark, colour = MARKS[condition["status"]]
        start, rest = f"{self._clock()}  ", f" {condition['type']:<18}{condition['reason']:<22}"
        message = self.screen.fit(condition["message"], used=len(start) + len(mark) + len(rest))
        painted = self.screen.paint(mark, colour), self.screen.paint(message, terminal.DIM)
        self.screen.line(f"{start}{painted[0]}{rest}{painted[1]}")
        if condition["status"] != "True":
            self.last = condition["message"]

    def _clock(self) -> str:
        return f"{self.elapsed:6.1f} s {len(self.lab.azure.calls()):>12}"


async def tell(teller: Teller, *, name: str) -> None:
    """Tell the story of the object `name` until it is Ready; KubectlError when it cannot be watched so long."""
    teller.title()
    async with contextlib.aclosing(_statuses(teller, name=name)) as statuses:
        async for status in statuses:
            teller.tell(status)
            if ("Ready", "True") in ((one["type"], one["status"]) for one in status.get("conditions", [])):
                return
    raise KubectlError("kubectl stopped watching before the object was Ready")


async def _statuses(teller: Teller, *, name: str) -> AsyncGenerator[Status]:
    """Yield the object's status at each change, as `kubectl get --watch` tells it; ends when kubectl does.

    Raises ChildError as soon as one of the lab's processes has ended.
    """
    kubectl = teller.lab.kubectl
    async with kubectl.follow("get", "encreg", name, "--watch", "-o", 'jsonpath={.status}{"\\n"}') as lines:
        while True:
            with contextlib.suppress(TimeoutError):
                line = await asyncio.wait_for(lines.readline(), GLANCE_SECONDS)
                if not line:
                    return
                yield json.loads(line if line.strip() else "{}")
            teller.lab.check()
            teller.glance()
