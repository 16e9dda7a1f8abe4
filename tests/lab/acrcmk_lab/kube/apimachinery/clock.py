"""The server's clock."""

import datetime
from collections.abc import Callable


class Clock:
    """The time, UTC, from `read` (default: the machine's)."""

    def __init__(self, read: Callable[[], datetime.datetime] | None = None) -> None:
        self._read = read or (lambda: datetime.datetime.now(datetime.UTC))

    def now(self) -> datetime.datetime:
        return self._read()

    def timestamp(self) -> str:
        """Return the time as object metadata has it: RFC 3339, whole seconds."""
        return self.now().strftime("%Y-%m-%dT%H:%M:%SZ")
