"""Conditions that go back: from True to something else, or to a reason that they had left."""

import collections
import dataclasses
from collections.abc import Iterable, Mapping


@dataclasses.dataclass
class Flips:
    """Counts the flips in the statuses of many objects, in the order in which a watch sees them."""

    counts: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    """Flips by `<condition type>: <from> -> <to>`."""
    _last: dict[tuple[str, str], tuple[str, str]] = dataclasses.field(default_factory=dict)
    _reasons: dict[tuple[str, str], set[str]] = dataclasses.field(default_factory=dict)

    @property
    def total(self) -> int:
        """The number of flips so far."""
        return self.counts.total()

    def observe(self, name: str, conditions: Iterable[Mapping[str, str]]) -> None:
        """Compare the conditions of the object `name` with those of its last observation."""
        for condition in conditions:
            key = (name, condition["type"])
            status, reason = condition["status"], condition["reason"]
            last = self._last.get(key)
            seen = self._reasons.setdefault(key, set())
            if last and _is_flip(last, status=status, reason=reason, seen=seen):
                self.counts[f"{condition['type']}: {last[0]} {last[1]} -> {status} {reason}"] += 1
            self._last[key] = (status, reason)
            seen.add(reason)


def _is_flip(last: tuple[str, str], *, status: str, reason: str, seen: set[str]) -> bool:
    last_status, last_reason = last
    return (last_status == "True" and status != "True") or (reason != last_reason and reason in seen)
