"""When each exchange of a recording is answered: by its Date headers, strictly one after another."""

import datetime
import itertools
import re

from acrcmk_lab.replay import recording

# Without Date headers exchanges are taken to be this far apart: about what a poller waits.
PACE = datetime.timedelta(seconds=5)
# Date headers count whole seconds; within one, order is kept by this much.
TICK = datetime.timedelta(milliseconds=1)
_VERSION_DATE = re.compile(r"20\d\d-\d\d-\d\d")


def dated(tape: recording.Recording) -> bool:
    """Tell whether a recording says when it was made."""
    return any(exchange.moment for exchange in tape.exchanges)


def moments(tape: recording.Recording) -> list[datetime.datetime]:
    """Return the moment of each answer, strictly rising."""
    times = [exchange.moment for exchange in tape.exchanges]
    first = next(filter(None, times), None)
    pace = TICK if first else PACE
    result: list[datetime.datetime] = []
    latest = (first or _no_earlier_than(tape)) - pace
    for time in times:
        latest = max(time, latest + pace) if time else latest + pace
        result.append(latest)
    return result


def _no_earlier_than(tape: recording.Recording) -> datetime.datetime:
    """A recording is younger than every api-version in it."""
    versions = itertools.chain.from_iterable(
        _VERSION_DATE.findall(exchange.query.get("api-version", "")) for exchange in tape.exchanges
    )
    newest = max(versions, default="2020-01-01")
    return datetime.datetime.fromisoformat(newest).replace(tzinfo=datetime.UTC) + datetime.timedelta(days=1)
