"""The changes of a collection, which watches read."""

import asyncio
import bisect
import dataclasses
from typing import Literal

from acrcmk_lab.kube.storage.stored import Key, Stored


@dataclasses.dataclass(frozen=True, kw_only=True)
class Change:
    """One write: the object before and after it (for a removal, its last state), and the revision."""

    type: Literal["ADDED", "MODIFIED", "DELETED"]
    key: Key
    revision: int
    after: Stored
    before: Stored | None


class Expired(Exception):  # noqa: N818 - the API's own term
    """The requested revision is older than the log of changes."""

    def __init__(self, *, requested: int, oldest: int) -> None:
        super().__init__(f"too old resource version: {requested} ({oldest})")


class ChangeLog:
    """The changes of one collection, oldest first.

    `compacted` is the newest revision whose changes are no longer in the log; `changed` is set by the next change.
    """

    def __init__(self, *, compacted: int, window: int) -> None:
        self.changed = asyncio.Event()
        self._compacted = compacted
        self._window = window
        self._revisions: list[int] = []
        self._changes: list[Change] = []

    def append(self, change: Change) -> None:
        """Add a change, and wake the watches up."""
        self._revisions.append(change.revision)
        self._changes.append(change)
        if len(self._changes) > 2 * self._window:
            self._compacted = self._revisions[-self._window - 1]
            del self._revisions[: -self._window], self._changes[: -self._window]
        self.changed.set()
        self.changed = asyncio.Event()

    def since(self, revision: int) -> list[Change]:
        """Return the changes after `revision`. Raises `Expired` where the log does not reach back so far."""
        if revision < self._compacted:
            raise Expired(requested=revision, oldest=self._compacted)
        return self._changes[bisect.bisect_right(self._revisions, revision) :]
