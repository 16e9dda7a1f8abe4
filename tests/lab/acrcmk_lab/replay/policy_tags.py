"""Tags that an Azure Policy of the recorded subscription added to resources at their creation.

A policy with the effect `modify` or `append` changes the request before the provider sees it, so the lab is sent the
request with these tags. They are recognised by their names: no request of the recording contains them.
"""

from acrcmk_lab.replay import preconditions
from acrcmk_lab.replay.observations import Observations
from acrcmk_lab.replay.recordings import Recording


def added_tags(recording: Recording) -> dict[int, dict[str, str]]:
    """Return the tags to add to a request, by the number of the exchange that created a resource."""
    requested = {name.lower() for exchange in recording.exchanges for name in _tags(exchange.request_object)}
    result: dict[int, dict[str, str]] = {}
    for history in Observations(recording):
        for observation in history:
            if observation.kind == "written" and preconditions.is_create(observation):
                tags = {n: v for n, v in _tags(observation.body).items() if n.lower() not in requested}
                if tags:
                    result[observation.exchange.number] = tags
    return result


def _tags(body: dict[str, object]) -> dict[str, str]:
    tags = body.get("tags")
    return {str(name): str(value) for name, value in tags.items()} if isinstance(tags, dict) else {}
