"""What is remembered of each object between reconciles. Nothing depends on it: a restart forgets it."""

import dataclasses
import datetime

from acrcmk.domain import kept, recent
from acrcmk.domain.outcome import Outcome, holds
from acrcmk.domain.steps.step import Results
from acrcmk.domain.steps.table import STEPS
from acrcmk.kube.objects import NamespacedName
from acrcmk.runtime.requeue import After, Poll, Requeue


@dataclasses.dataclass(kw_only=True)
class Memory:
    """What is remembered of one object."""

    generation: int
    answers: recent.Answers = dataclasses.field(default_factory=dict)
    history: kept.History = dataclasses.field(default_factory=dict)
    failing_since: datetime.datetime | None = None

    def unreadable(self, results: Results, *, now: datetime.datetime, tolerance: datetime.timedelta) -> Outcome | None:
        """Return the outcome of a read once reads have failed for longer than is tolerated."""
        decisive = [results[step.name].outcome for step in STEPS if not step.informational]
        failures = [outcome for outcome in decisive if holds(outcome) and getattr(outcome, "holds", False)]
        if not failures:
            self.failing_since = None
            return None
        self.failing_since = self.failing_since or now
        return failures[0] if now - self.failing_since >= tolerance else None


class Memories:
    """The memories of all objects."""

    def __init__(self) -> None:
        self._memories: dict[NamespacedName, Memory] = {}

    def of(self, name: NamespacedName, *, generation: int) -> Memory:
        """Return the memory of an object; an edit forgets it."""
        memory = self._memories.get(name)
        if memory is None or memory.generation != generation:
            memory = self._memories[name] = Memory(generation=generation)
        return memory

    def after(self, name: NamespacedName, requeue: Requeue) -> None:
        """Forget what was read unless Azure is working: a check for drift reads everything."""
        memory = self._memories.get(name)
        if memory is not None and not isinstance(requeue, Poll | After):
            memory.answers.clear()

    def forget(self, name: NamespacedName) -> None:
        """Forget an object that is gone."""
        self._memories.pop(name, None)
