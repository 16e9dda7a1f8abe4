"""The number of objects by condition: one gauge for all objects instead of a series per object."""

import collections
from collections.abc import Hashable, Iterable, Iterator
from typing import NamedTuple

from prometheus_client import core
from prometheus_client import registry as prometheus_registry


class Condition(NamedTuple):
    """The fields of a Kubernetes condition by which objects are counted."""

    type: str
    status: str
    reason: str


class ConditionCounts(prometheus_registry.Collector):
    """`acrcmk_condition{type,status,reason}`: the number of objects. A count that falls to zero disappears."""

    def __init__(self) -> None:
        self._present: dict[Hashable, frozenset[Condition]] = {}
        self._counts: collections.Counter[Condition] = collections.Counter()

    def set(self, key: Hashable, conditions: Iterable[Condition]) -> None:
        """Replace the conditions of the object `key`; without conditions the object is forgotten."""
        before, now = self._present.pop(key, frozenset()), frozenset(conditions)
        if now:
            self._present[key] = now
        self._counts.subtract(before)
        self._counts.update(now)
        self._counts = +self._counts

    def collect(self) -> Iterator[core.GaugeMetricFamily]:
        """Yield the metric family when Prometheus scrapes."""
        family = core.GaugeMetricFamily(
            "acrcmk_condition", "Objects by condition: type, status and reason", labels=Condition._fields
        )
        for condition, count in sorted(self._counts.items()):
            family.add_metric(condition, count)
        yield family
