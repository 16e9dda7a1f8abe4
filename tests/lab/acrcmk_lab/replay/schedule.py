"""The time of each exchange of a recording: by its Date headers, strictly increasing."""

import datetime
import itertools
import re

from acrcmk_lab.replay.recordings import Recording

PACE = datetime.timedelta(seconds=5)
"""Assumed between exchanges without Date headers: about what a poller waits."""
TICK = datetime.timedelta(milliseconds=1)
"""Assumed between exchanges of the same second: Date headers have no fractions."""
_VERSION_DATE = re.compile(r"20\d\d-\d\d-\d\d")


def dated(recording: Recording) -> bool:
    """Return whether a recording contains dates."""
    return any(exchange.timestamp for exchange in recording.exchanges)


def timestamps(recording: Recording) -> list[datetime.datetime]:
    """Return the time of each response, strictly increasing."""
    times = [exchange.timestamp for exchange in recording.exchanges]
    first = next(filter(None, times), None)
    pace = TICK if first else PACE
    result: list[datetime.datetime] = []
    latest = (first or _earliest_possible(recording)) - pace
    for time in times:
        latest = max(time, latest + pace) if time else latest + pace
        result.append(latest)
    return result


def _earliest_possible(recording: Recording) -> datetime.datetime:
    """Return the day after the newest api-version in a recording."""
    versions = itertools.chain.from_iterable(
        _VERSION_DATE.findall(exchange.query.get("api-version", "")) for exchange in recording.exchanges
    )
    newest = max(versions, default="2020-01-01")
    return datetime.datetime.fromisoformat(newest).replace(tzinfo=datetime.UTC) + datetime.timedelta(days=1)
