"""Lists: Azure cuts pages and orders rows as it likes, so a recorded page is looked for in the whole list.

What must agree: every recorded row is in the lab's list and equal; once the recording has shown the
last page, nothing is left over. Where the client asked for a page size, the cut must agree, too.
"""

import typing
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from acrcmk_lab.azure import messages
from acrcmk_lab.replay import binding, comparison, recording

Json = typing.Any
Fetch = Callable[[str], Awaitable[messages.Answer]]

MOST_PAGES = 1000
PAGE_SIZES = ("maxresults", "$top")


@dataclass(kw_only=True)
class Listing:
    """A list under comparison: the lab's pages, their rows not yet found in the recording, the page at hand."""

    sizes: list[int]
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
        first: messages.Answer | None,
        fetch: Fetch,
    ) -> list[comparison.Difference]:
        """Return where a page differs; `first` is the lab's first page unless the list is continued."""
        listing = self.continued(exchange)
        if listing is None or first is not None:
            listing = await _fetched(first or messages.Answer(200, {"value": []}), fetch=fetch)
        rows = typing.cast("list[Json]", exchange.shown["value"])
        found = [
            difference
            for number, row in enumerate(rows)
            for difference in rules.take(row, listing.left, path=("body", "value", str(number)))
        ]
        listing.truncated |= comparison.TRUNCATED in exchange.shown
        more = exchange.shown.get("nextLink")
        if more:
            self._next[binding.url_key(str(more))] = listing
        elif not listing.truncated:
            found += [comparison.Difference("body.value", comparison.MISSING, row) for row in listing.left]
        if any(size in exchange.query for size in PAGE_SIZES):
            found += _cut(exchange, listing=listing)
        listing.page += 1
        return found


async def _fetched(first: messages.Answer, *, fetch: Fetch) -> Listing:
    """Follow the lab's own links to the end of its list."""
    pages = [first.body]
    while pages[-1].get("nextLink") and len(pages) < MOST_PAGES:
        answer = await fetch(str(pages[-1]["nextLink"]))
        if answer.code or not isinstance(answer.body, dict):
            break
        pages.append(answer.body)
    rows = [page.get("value") or [] for page in pages]
    return Listing(sizes=[len(page) for page in rows], left=[row for page in rows for row in page])


def _cut(exchange: recording.Exchange, *, listing: Listing) -> list[comparison.Difference]:
    """Compare the size of a page that the client limited, and whether there is another."""
    theirs = (len(exchange.shown["value"]), bool(exchange.shown.get("nextLink")))
    size = listing.sizes[listing.page] if listing.page < len(listing.sizes) else 0
    ours = (size, listing.page + 1 < len(listing.sizes))
    return [] if theirs == ours else [comparison.Difference("body.value (rows, more)", theirs, ours)]
