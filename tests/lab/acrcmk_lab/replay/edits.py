"""Signs that a recording was edited after it was made, so that its requests are not those that were sent.

Projects change recordings by hand when they move to another api-version or region instead of recording again. What
such a recording shows of a body proves nothing about the api-version in its URLs. Only differences are explained by
this: an exchange of an edited recording that matches counts as matched.
"""

import datetime
import re
from collections.abc import Iterator

from acrcmk_lab.azure.arm import ids
from acrcmk_lab.replay import masks, observations
from acrcmk_lab.replay.observations import Observation, Observations
from acrcmk_lab.replay.recordings import Recording

NEWER_VERSION = "edited recording: it contains an api-version that was published after it was made"
OTHER_LOCATION = "edited recording: it shows one resource in two regions, and a region cannot be changed"
_TICKS = re.compile(r"[?&]t=(\d{18})(?!\d)")
"""The time at which Resource Manager signed the URL of an operation, in .NET ticks."""
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def edited_exchanges(recording: Recording) -> dict[int, str]:
    """Return the reason by number for each exchange whose body may have been recorded with another request."""
    if _has_newer_version(recording):
        return {exchange.number: NEWER_VERSION for exchange in recording.exchanges}
    if _has_rewritten_values(recording):
        return dict.fromkeys(_other_locations(recording), OTHER_LOCATION)
    return {}


def _has_newer_version(recording: Recording) -> bool:
    days = [time.date().isoformat() for time in _times(recording)]
    versions = [match[0] for e in recording.exchanges for match in _DAY.finditer(e.query.get("api-version", ""))]
    return bool(days) and max(versions, default="") > max(days)


def _has_rewritten_values(recording: Recording) -> bool:
    """Return whether the recorder replaces values in the file: such files are then maintained by text replacement."""
    return any(masks.is_placeholder_time(text) for e in recording.exchanges for text in _texts(e.response_body))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for member in value.values():
            yield from _texts(member)
    elif isinstance(value, list):
        for member in value:
            yield from _texts(member)


def _times(recording: Recording) -> Iterator[datetime.datetime]:
    epoch = datetime.datetime(1, 1, 1, tzinfo=datetime.UTC)
    for exchange in recording.exchanges:
        if exchange.timestamp:
            yield exchange.timestamp
        for url in (exchange.url, *exchange.headers.values()):
            for match in _TICKS.finditer(url):
                yield epoch + datetime.timedelta(microseconds=int(match[1]) // 10)


def _other_locations(recording: Recording) -> Iterator[int]:
    """Yield the numbers of exchanges that show a resource in another region than before, without a deletion."""
    for history in Observations(recording):
        location = ""
        for observation in history:
            if observation.kind in ("deleted", "absent"):
                location = ""
            current = str(observation.body.get("location", "")).replace(" ", "").lower()
            if current and location and current != location and not _is_group_deleted(observation, recording):
                yield observation.exchange.number
            location = location or current


def _is_group_deleted(observation: Observation, recording: Recording) -> bool:
    """Return whether the resource group was deleted before, and its resources with it."""
    return any(
        exchange.method == "DELETE" and exchange.ok and observation.id.lower().startswith(f"{exchange.path.lower()}/")
        for exchange in recording.exchanges[: observation.exchange.number]
        if ids.route(exchange.path).template == observations.GROUP
    )
