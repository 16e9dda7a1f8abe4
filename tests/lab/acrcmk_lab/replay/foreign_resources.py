"""Resources of other users that appear in lists of all resources of a subscription.

A recording shows only their rows, and they are created and deleted while it runs. So the rows are added to the
lab's store, and removed from it, just before each list is requested.

Out of scope are, besides other services, the API versions that no current client sends (`out_of_scope.json`): vaults'
own endpoints before 7.0 (2015, 2016) and Container Registry before 2019-05-01. Behaviour of older dates is simulated
only as far as `api_dates` says: the lab is for today's clients.
"""

import dataclasses
from typing import Any

from acrcmk_lab.azure.arm import ids
from acrcmk_lab.azure.state.store import Resource, Store
from acrcmk_lab.replay import binding, comparison, observations, preconditions
from acrcmk_lab.replay.observations import Observations
from acrcmk_lab.replay.recordings import Exchange, Recording

Json = Any
_COMMON_MEMBERS = ("id", "name", "type", "location", "tags")


@dataclasses.dataclass(kw_only=True)
class ForeignResource(Resource):
    """A resource of which only its row in a list is known."""

    row: dict[str, Json] = dataclasses.field(default_factory=dict)

    @property
    def TYPE(self) -> str:  # type: ignore[override]  # noqa: N802 - every other class has one type, this one any
        """The type, as the row shows it."""
        return str(self.row.get("type", ""))

    def listed(self) -> dict[str, Json]:
        """Return the other members of the row."""
        return {name: value for name, value in self.row.items() if name not in _COMMON_MEMBERS}


class ForeignResources:
    """The other resources of the subscription, as each list of a recording shows them."""

    def __init__(self, recording: Recording, *, store: Store) -> None:
        observed = Observations(recording)
        self._addressed = {history[0].id.lower() for history in observed if preconditions.is_addressed(history)}
        self._store = store
        self._listed: dict[str, set[str]] = {}
        self._lists = _lists(recording)

    def prepare(self, exchange: Exchange) -> None:
        """Make the store hold the foreign resources in the list whose first page an exchange requests."""
        pages = self._lists.get(exchange.number)
        if not pages:
            return
        rows = {
            row["id"].lower(): row
            for page in pages
            for row in page.rows or ()
            if "id" in row and row["id"].lower() not in self._addressed
        }
        for row in rows.values():
            self._store.put(_foreign_resource(row))
        key = binding.url_key(exchange.url)
        complete = not any(comparison.TRUNCATED in page.response_object for page in pages) and not pages[
            -1
        ].response_object.get("nextLink")
        deleted = self._listed.get(key, set()) - set(rows) if complete else set()
        for resource_id in deleted:
            resource = self._store.get(ForeignResource, resource_id)
            if resource:
                self._store.remove(resource)
        self._listed[key] = (self._listed.get(key, set()) | set(rows)) - deleted


def _lists(recording: Recording) -> dict[int, list[Exchange]]:
    """Return the pages of each list of all resources, by the number of the exchange with the first page."""
    lists: dict[int, list[Exchange]] = {}
    next_pages: dict[str, list[Exchange]] = {}
    for exchange in recording.exchanges:
        if exchange.rows is None or not observations.is_list_of_all(exchange):
            continue
        pages = next_pages.pop(binding.url_key(exchange.url), None)
        if pages is None:
            pages = lists.setdefault(exchange.number, [])
        pages.append(exchange)
        if exchange.response_object.get("nextLink"):
            next_pages[binding.url_key(str(exchange.response_object["nextLink"]))] = pages
    return lists


def _foreign_resource(row: dict[str, Json]) -> ForeignResource:
    return ForeignResource(
        id=row["id"],
        name=str(row.get("name", ids.name_of(row["id"]))),
        location=str(row.get("location", "")),
        tags=ids.tags(row.get("tags")),
        row=row,
    )
