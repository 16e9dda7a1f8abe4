"""Other people's resources that pass by in lists of everything in a subscription.

A recording shows no more of them than a row, and shows them come and go. So the rows are put into the
lab's store, and taken out of it, just before each list is asked for.
"""

import typing
from dataclasses import dataclass, field

from acrcmk_lab.azure import ids, tables
from acrcmk_lab.replay import binding, comparison, observations, preconditions, recording

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
        seen = observations.Sightings(tape)
        self._own = {history[0].id.lower() for history in seen if preconditions.touched(history)}
        self._store = store
        self._shown: dict[str, set[str]] = {}
        self._lists = _lists(tape)

    def prepare(self, exchange: recording.Exchange) -> None:
        """Make the rest of the subscription what the pages that an exchange begins are about to show."""
        pages = self._lists.get(exchange.number)
        if not pages:
            return
        rows = {
            row["id"].lower(): row
            for page in pages
            for row in page.rows or ()
            if "id" in row and row["id"].lower() not in self._own
        }
        for row in rows.values():
            self._store.put(_stranger(row))
        key = binding.url_key(exchange.url)
        whole = not any(comparison.TRUNCATED in page.shown for page in pages) and not pages[-1].shown.get("nextLink")
        gone = self._shown.get(key, set()) - set(rows) if whole else set()
        for resource_id in gone:
            stranger = self._store.get(Stranger, resource_id)
            if stranger:
                self._store.remove(stranger)
        self._shown[key] = (self._shown.get(key, set()) | set(rows)) - gone


def _lists(tape: recording.Recording) -> dict[int, list[recording.Exchange]]:
    """Return the pages of each list of everything, by the number of the exchange with the first."""
    found: dict[int, list[recording.Exchange]] = {}
    awaited: dict[str, list[recording.Exchange]] = {}
    for exchange in tape.exchanges:
        if exchange.rows is None or not observations.is_list_of_all(exchange):
            continue
        pages = awaited.pop(binding.url_key(exchange.url), None)
        if pages is None:
            pages = found.setdefault(exchange.number, [])
        pages.append(exchange)
        if exchange.shown.get("nextLink"):
            awaited[binding.url_key(str(exchange.shown["nextLink"]))] = pages
    return found


def _stranger(row: dict[str, Json]) -> Stranger:
    return Stranger(
        id=row["id"],
        name=str(row.get("name", ids.name_of(row["id"]))),
        location=str(row.get("location", "")),
        tags=ids.tags(row.get("tags")),
        row=row,
    )
