"""When an object is reconciled again: the result of a reconcile."""

import dataclasses
from collections.abc import Mapping

from acrcmk.runtime.priority import Priority


@dataclasses.dataclass(frozen=True)
class Done:
    """Not before a watch event queues the object again."""


@dataclasses.dataclass(frozen=True)
class Resync:
    """The object is as desired: check for drift after the resync period, plus or minus its jitter."""


@dataclasses.dataclass(frozen=True)
class After:
    """After exactly that many seconds: as Retry-After says, or 0 to reconcile again at once."""

    seconds: float


@dataclasses.dataclass(frozen=True)
class Poll:
    """An operation in Azure is running: poll it at the adaptive cadence.

    `changed`: whether the reconcile saw a change, from which the delays start anew.
    """

    changed: bool


@dataclasses.dataclass(frozen=True)
class Retry:
    """The reconcile failed and has reported that: try again with back-off.

    A reconcile that raises, times out or is cancelled is treated likewise.
    """


Requeue = Done | Resync | After | Poll | Retry

PRIORITIES: Mapping[type[Requeue], Priority] = {
    Resync: Priority.DRIFT,
    After: Priority.RETRY,
    Poll: Priority.CREATION,
    Retry: Priority.RETRY,
}
"""The priority of the next reconcile; after `Done` that of the watch event decides."""
