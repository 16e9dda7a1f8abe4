"""Lists: Azure cuts pages and orders rows as it likes, so a recorded page is looked for in the whole list.

What must agree: every recorded row is in the lab's list and equal; once the recording has shown the
last page, nothing is left over. Where the client asked for a page size, the cut must agree, too.
"""

import typing
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from acrcmk_lab.azure.arm import messages
from acrcmk_lab.replay import binding, comparison, recording

Json = typing.Any
Fetch = Callable[[str], Awaitable[messages.Response]]

MOST_PAGES = 1000
PAGE_SIZES = ("maxresults", "$top")


@dataclass(kw_only=True)
class Listing:
    """A list under comparison: the lab's pages, their rows not yet found in the recording, the page at hand."""

    pages: list[dict[str, Json]]
    left: list[Json]
    page: int = 0
    truncated: bool = False


class Listings:
    """The lists of one recording, each found again by the URL of its next page."""

    def __init__(self) -> None:
        self._next: dict[str, Listing] = {}

    def continued(self, exchange: recording.Exchange) -> Listing | None:
        """Return the list that an exchange asks for the next page of."""
        return self._next.get(binding.url_key(exchange.url))

    async def compare(
        self,
        exchange: recording.Exchange,
        *,
        rules: comparison.Comparison,
        first: messages.Response | None,
        fetch: Fetch,
    ) -> list[comparison.Difference]:
        """Return where a page differs; `first` is the lab's first page unless the list is continued."""
        listing = self.continued(exchange)
        if listing is None or first is not None:
            listing = await _fetched(first or messages.Response(200, body={"value": []}), fetch=fetch)
        rows = typing.cast("list[Json]", exchange.shown["value"])
        found = [
            difference
            for number, row in enumerate(rows)
            for difference in rules.take(row, listing.left, path=("body", "value", str(number)))
        ]
        found += rules.body(_besides(exchange.shown), _besides(listing.pages[0]))
        listing.truncated |= comparison.TRUNCATED in exchange.shown
        more = exchange.shown.get("nextLink")
        if more:
            self._next[binding.url_key(str(more))] = listing
        elif not listing.truncated:
            found += rules.body(_end(exchange.shown), _end(listing.pages[-1]))
            found += [comparison.Difference("body.value", comparison.MISSING, row) for row in listing.left]
        if any(size in exchange.query for size in PAGE_SIZES):
            found += _cut(exchange, listing=listing)
        listing.page += 1
        return found


async def _fetched(first: messages.Response, *, fetch: Fetch) -> Listing:
    """Follow the lab's own links to the end of its list."""
    pages = [first.body]
    while pages[-1].get("nextLink") and len(pages) < MOST_PAGES:
        answer = await fetch(str(pages[-1]["nextLink"]))
        if answer.code or not isinstance(answer.body, dict):
            break
        pages.append(answer.body)
    return Listing(pages=pages, left=[row for page in pages for row in page.get("value") or []])


def _besides(page: dict[str, Json]) -> dict[str, Json]:
    """Return what a page tells besides rows and the way to the next."""
    return {name: shown for name, shown in page.items() if name not in ("value", "nextLink")}


def _end(page: dict[str, Json]) -> dict[str, Json]:
    """Return how a last page tells that it is the last: a null, an empty text or nothing."""
    return {name: shown for name, shown in page.items() if name == "nextLink"}


def _cut(exchange: recording.Exchange, *, listing: Listing) -> list[comparison.Difference]:
    """Compare the size of a page that the client limited, and whether there is another."""
    theirs = (len(exchange.shown["value"]), bool(exchange.shown.get("nextLink")))
    rows = listing.pages[listing.page].get("value") or [] if listing.page < len(listing.pages) else []
    ours = (len(rows), listing.page + 1 < len(listing.pages))
    return [] if theirs == ours else [comparison.Difference("body.value (rows, more)", theirs, ours)]
