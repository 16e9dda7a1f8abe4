"""Printer columns: what `kubectl get` prints about an object."""

import dataclasses
import datetime
import functools
from collections.abc import Callable
from typing import Any, Final

from acrcmk_lab.kube.apimachinery import field_errors, jsonpath
from acrcmk_lab.kube.apimachinery.objects import Object

CREATED: Final = ".metadata.creationTimestamp"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Column:
    """One printer column. Its cells come from `path`, a JSONPath, or from `read` where a path cannot express it."""

    name: str
    type: str
    path: str
    read: Callable[[Object, datetime.datetime], Any] | None = None
    format: str = ""
    description: str = ""
    priority: int = 0

    @functools.cached_property
    def steps(self) -> tuple[Any, ...]:
        return jsonpath.parse(self.path)

    @property
    def is_parsable(self) -> bool:
        """Whether the path can be parsed."""
        try:
            return bool(self.steps)
        except jsonpath.PathError:
            return False

    @property
    def definition(self) -> Object:
        return {
            "name": self.name,
            "type": self.type,
            "format": self.format,
            "description": self.description or f"Custom resource definition column (in JSONPath format): {self.path}",
            "priority": self.priority,
        }

    def cell(self, obj: Object, *, now: datetime.datetime) -> Any:
        """Return the cell's value, or None where the object has no value of the column's type."""
        if self.read is not None:
            return self.read(obj, now)
        values = jsonpath.find(obj, self.steps)
        return self._fit(values[0], now) if values else None

    def _fit(self, value: Any, now: datetime.datetime) -> Any:
        numeric = isinstance(value, int | float) and not isinstance(value, bool)
        if self.type == "integer":
            return int(value) if numeric else None
        if self.type == "number":
            return value if numeric else None
        if self.type == "boolean":
            return value if isinstance(value, bool) else None
        if self.type == "date":
            return age(value, now=now) if isinstance(value, str) else None
        return _text(value)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "<no value>" if value is None else field_errors.render(value)


def age(timestamp: str, *, now: datetime.datetime) -> str:
    """Print how long ago a time was, as k8s.io/apimachinery/pkg/util/duration.HumanDuration does."""
    try:
        then = datetime.datetime.fromisoformat(timestamp)
    except ValueError:
        return "<invalid>"
    return duration((now - then).total_seconds())


_MINUTE, _HOUR, _DAY, _YEAR = 60, 3600, 86_400, 365 * 86_400
_UNITS: Final = (
    # Below this many seconds: count in the first unit, and the rest in the second unit, if any.
    (2 * _MINUTE, (1, "s"), None),
    (10 * _MINUTE, (_MINUTE, "m"), (1, "s")),
    (3 * _HOUR, (_MINUTE, "m"), None),
    (8 * _HOUR, (_HOUR, "h"), (_MINUTE, "m")),
    (2 * _DAY, (_HOUR, "h"), None),
    (8 * _DAY, (_DAY, "d"), (_HOUR, "h")),
    (2 * _YEAR, (_DAY, "d"), None),
    (8 * _YEAR, (_YEAR, "y"), (_DAY, "d")),
    (float("inf"), (_YEAR, "y"), None),
)


def duration(exact: float) -> str:
    """Print a number of seconds in one or two units."""
    seconds = int(exact)
    if seconds < -1:
        return "<invalid>"
    seconds = max(seconds, 0)
    unit, name, rest = next((*large, small) for limit, large, small in _UNITS if seconds < limit)
    text = f"{seconds // unit}{name}"
    if rest is not None and (count := seconds % unit // rest[0]):
        text += f"{count}{rest[1]}"
    return text
