"""Other people's resources that pass by in lists of everything in a subscription.

A recording shows no more of them than a row, and shows them come and go. So the rows are put into the
lab's store, and taken out of it, just before each list is asked for.
"""

import typing
from dataclasses import dataclass, field

from acrcmk_lab.azure import ids, tables
from acrcmk_lab.replay import binding, comparison, presumed, recording, sightings

Json = typing.Any
_SHOWN_ANYWAY = ("id", "name", "type", "location", "tags")


@dataclass(kw_only=True)
class Stranger(tables.Resource):
    """A resource of which only its row in a list is known."""

    row: dict[str, Json] = field(default_factory=dict)

    @property
    def TYPE(self) -> str:  # type: ignore[override]  # noqa: N802 - every other class has one type, this one any
        """The type that the row tells."""
        return str(self.row.get("type", ""))

    def listed(self) -> dict[str, Json]:
        """Return all else that the row shows."""
        return {name: value for name, value in self.row.items() if name not in _SHOWN_ANYWAY}


class Outside:
    """The rest of the subscription, as each list of a recording shows it."""

    def __init__(self, tape: recording.Recording, *, store: tables.Store) -> None:
        seen = sightings.Sightings(tape)
        self._own = {history[0].id.lower() for history in seen if presumed.touched(history)}
        self._store = store
        self._shown: dict[str, set[str]] = {}

    def prepare(self, exchange: recording.Exchange) -> None:
        """Make the rest of the subscription what an exchange is about to show."""
        if not exchange.rows or not sightings.is_list_of_all(exchange):
            return
        rows = {row["id"].lower(): row for row in exchange.rows if "id" in row and row["id"].lower() not in self._own}
        for row in rows.values():
            self._store.put(_stranger(row))
        key = binding.url_key(exchange.url)
        whole = not exchange.shown.get("nextLink") and comparison.TRUNCATED not in exchange.shown
        gone = self._shown.get(key, set()) - set(rows) if whole else set()
        for resource_id in gone:
            stranger = self._store.get(Stranger, resource_id)
            if stranger:
                self._store.remove(stranger)
        self._shown[key] = (self._shown.get(key, set()) | set(rows)) - gone


def _stranger(row: dict[str, Json]) -> Stranger:
    return Stranger(
        id=row["id"],
        name=str(row.get("name", ids.name_of(row["id"]))),
        location=str(row.get("location", "")),
        tags=ids.tags(row.get("tags")),
        row=row,
    )
