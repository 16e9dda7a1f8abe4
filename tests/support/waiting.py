"""Bounded waiting: look again until something holds, and say what was seen last when it never does."""

import time
from collections.abc import Callable
from typing import TypeVar

Seen = TypeVar("Seen")


def eventually(look: Callable[[], Seen], holds: Callable[[Seen], object] = bool, *, timeout: float = 20.0) -> Seen:
    """Return what `look` sees once it `holds`; AssertionError with the last sight after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not holds(seen := look()):
        assert time.monotonic() < deadline, f"not so within {timeout:g} s; last seen: {seen}"
        time.sleep(0.05)
    return seen
