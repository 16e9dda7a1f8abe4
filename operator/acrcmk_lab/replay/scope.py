"""What the lab does not stand in for: one data file, `out_of_scope.json`, with a reason each."""

import functools
import importlib.resources
import json
import re

from acrcmk_lab.replay import recording


@functools.cache
def _rules() -> list[tuple[re.Pattern[str], str]]:
    text = importlib.resources.files(__package__).joinpath("out_of_scope.json").read_text(encoding="utf-8")
    return [(re.compile(rule["request"], re.IGNORECASE), rule["reason"]) for rule in json.loads(text)]


def reason(exchange: recording.Exchange) -> str | None:
    """Return why an exchange is out of scope; None if it is not."""
    return next((why for pattern, why in _rules() if pattern.fullmatch(exchange.request)), None)
