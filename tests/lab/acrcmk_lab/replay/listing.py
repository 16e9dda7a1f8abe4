"""Comparison of lists: page sizes and the order of rows are not specified, so rows are looked up in the whole list.

Every recorded row must be in the lab's list and equal; after the last recorded page no row of the lab may be left.
If the client requested a page size, the number of rows of each page must agree, too.
"""

import dataclasses
from collections.abc import Awaitable, Callable
from typing import Any

from acrcmk_lab.azure.arm import ids
from acrcmk_lab.azure.arm.messages import Response
from acrcmk_lab.replay import binding, comparison
from acrcmk_lab.replay.comparison import Comparison, Difference
from acrcmk_lab.replay.recordings import Exchange

Json = Any
Fetch = Callable[[str], Awaitable[Response]]

MOST_PAGES = 1000
PAGE_SIZES = ("maxresults", "$top")


@dataclasses.dataclass(kw_only=True)
class Listing:
    """A list being compared: the lab's pages, their rows not yet matched, the number of the current page."""

    pages: list[dict[str, Json]]
    remaining: list[Json]
    page: int = 0
    truncated: bool = False


class Listings:
    """The lists of one recording, by the URL of their next page."""

    def __init__(self) -> None:
        self._next: dict[str, Listing] = {}

    def continued(self, exchange: Exchange) -> Listing | None:
        """Return the list whose next page an exchange requests."""
        return self._next.get(binding.url_key(exchange.url))

    async def compare(
        self,
        exchange: Exchange,
        *,
        rules: Comparison,
        first: Response | None,
        fetch: Fetch,
    ) -> list[Difference]:
        """Return the differences of a page; `first` is the lab's first page unless the list is continued."""
        listing = self.continued(exchange)
        if listing is None or first is not None:
            listing = await _fetched(first or Response(200, body={"value": []}), fetch=fetch)
        rows = [row for row in exchange.response_object["value"] if not _is_of_other_subscription(row, exchange)]
        differences = [
            difference
            for number, row in enumerate(rows)
            for difference in rules.take_row(row, listing.remaining, path=("body", "value", str(number)))
        ]
        differences += rules.body(_without_rows(exchange.response_object), _without_rows(listing.pages[0]))
        listing.truncated |= comparison.TRUNCATED in exchange.response_object
        next_link = exchange.response_object.get("nextLink")
        if next_link:
            self._next[binding.url_key(str(next_link))] = listing
        elif not listing.truncated:
            differences += rules.body(_next_link(exchange.response_object), _next_link(listing.pages[-1]))
            differences += [
                Difference(where="body.value", recorded=comparison.MISSING, lab=row) for row in listing.remaining
            ]
        if any(size in exchange.query for size in PAGE_SIZES):
            differences += _compare_page_size(exchange, listing=listing)
        listing.page += 1
        return differences


def _is_of_other_subscription(row: Json, exchange: Exchange) -> bool:
    """Return whether a list of one subscription shows a resource of another: recorders replace ids incompletely."""
    subscription = ids.subscription_of(exchange.path)
    resource_id = row.get("id") if isinstance(row, dict) else None
    row_subscription = ids.subscription_of(resource_id) if isinstance(resource_id, str) else ""
    return bool(subscription and row_subscription) and subscription.lower() != row_subscription.lower()


async def _fetched(first: Response, *, fetch: Fetch) -> Listing:
    """Follow the lab's own links to the end of its list."""
    pages = [first.body]
    while pages[-1].get("nextLink") and len(pages) < MOST_PAGES:
        response = await fetch(str(pages[-1]["nextLink"]))
        if response.code or not isinstance(response.body, dict):
            break
        pages.append(response.body)
    return Listing(pages=pages, remaining=[row for page in pages for row in page.get("value") or []])


def _without_rows(page: dict[str, Json]) -> dict[str, Json]:
    """Return the members of a page other than its rows and the link to the next."""
    return {name: value for name, value in page.items() if name not in ("value", "nextLink")}


def _next_link(page: dict[str, Json]) -> dict[str, Json]:
    """Return the link of a last page: null, an empty text or nothing."""
    return {name: value for name, value in page.items() if name == "nextLink"}


def _compare_page_size(exchange: Exchange, *, listing: Listing) -> list[Difference]:
    """Compare the size of a page that the client limited, and whether there is another."""
    recorded_size = (len(exchange.response_object["value"]), bool(exchange.response_object.get("nextLink")))
    rows = listing.pages[listing.page].get("value") or [] if listing.page < len(listing.pages) else []
    lab_size = (len(rows), listing.page + 1 < len(listing.pages))
    return (
        []
        if recorded_size == lab_size
        else [Difference(where="body.value (rows, more)", recorded=recorded_size, lab=lab_size)]
    )
