"""Comparison of a recorded response with the lab's: JSON and text, up to bound ids and masks."""

import dataclasses
import datetime
import itertools
from collections.abc import Iterator
from typing import Any

from acrcmk_lab.replay import binding, masks, recordings
from acrcmk_lab.replay.binding import Binding
from acrcmk_lab.replay.masks import Masks

Json = Any
Path = tuple[str, ...]

TIME_TOLERANCE = datetime.timedelta(hours=1)
"""Azure's clocks and the lab's agree only roughly; the days and months of a policy must be right."""
TRUNCATED = "_truncated_here"
"""A member that marks an object whose recording was shortened."""


class Missing:
    """The value of a member that one side does not have; equal to no JSON."""

    def __repr__(self) -> str:
        return "(missing)"


MISSING = Missing()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Difference:
    """One member or header that differs between recording and lab."""

    where: str
    recorded: Json
    lab: Json

    def __str__(self) -> str:
        return f"{self.where}: recorded {_short(self.recorded)}, lab {_short(self.lab)}"


def _short(value: Json, *, limit: int = 160) -> str:
    text = repr(value)
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


@dataclasses.dataclass(frozen=True, kw_only=True)
class Comparison:
    """The rules for comparing one exchange; `started_at` is when the recording begins, None if it has no dates."""

    bindings: Binding
    masks: Masks
    started_at: datetime.datetime | None = None

    def body(self, recorded: Json, lab: Json) -> list[Difference]:
        """Return the differences of two bodies; binds the ids in them."""
        return list(self._values(recorded, lab, path=("body",)))

    def text(self, where: str, recorded: str, lab: str) -> list[Difference]:
        """Return the difference of two texts, up to times and bound ids."""
        return list(self._texts(recorded, lab, path=(where,)))

    def row(self, recorded: Json, lab: Json, *, path: Path) -> list[Difference]:
        """Return the differences of two rows of a list; binds nothing if there are any."""
        checkpoint = self.bindings.checkpoint()
        differences = list(self._values(recorded, lab, path=path))
        if differences:
            self.bindings.rollback(checkpoint)
        return differences

    def _values(self, recorded: Json, lab: Json, *, path: Path) -> Iterator[Difference]:
        kind = self.masks.kind(path)
        if kind == "catalogs" or (kind == "foreign" and isinstance(recorded, list) and recorded):
            return
        if kind == "members":
            yield from self._masked(recorded, lab, path=path)
        elif kind == "times" and isinstance(recorded, int) and isinstance(lab, int):
            yield from self._compare_times(_unix(recorded), _unix(lab), path=path)
        elif isinstance(recorded, dict) and isinstance(lab, dict):
            yield from self._objects(recorded, lab, path=path)
        elif isinstance(recorded, list) and isinstance(lab, list):
            yield from self._sets(recorded, lab, path=path) if kind == "sets" else self._lists(recorded, lab, path=path)
        elif isinstance(recorded, str) and isinstance(lab, str):
            yield from self._texts(recorded, lab, path=path)
        elif recorded != lab or type(recorded) is not type(lab):
            yield _difference(path, recorded, lab)

    def _masked(self, recorded: Json, lab: Json, *, path: Path) -> Iterator[Difference]:
        if type(recorded) is not type(lab):
            yield _difference(path, recorded, lab)
        elif isinstance(recorded, str):
            self.bindings.map_text(recorded, lab)

    def _objects(self, recorded: dict[str, Json], lab: dict[str, Json], *, path: Path) -> Iterator[Difference]:
        # The name of a member may contain ids: identities are keyed by resource id.
        recorded_members = {self.bindings.text(name): value for name, value in recorded.items() if name != TRUNCATED}
        lab_members = dict(lab)
        for name, value in recorded_members.items():
            if name in lab_members:
                yield from self._values(value, lab_members.pop(name), path=(*path, name))
            else:
                yield from self._values(value, MISSING, path=(*path, name))
        for name, value in lab_members.items():
            yield from self._values(MISSING, value, path=(*path, name))

    def _lists(self, recorded: list[Json], lab: list[Json], *, path: Path) -> Iterator[Difference]:
        for number, (recorded_item, lab_item) in enumerate(itertools.zip_longest(recorded, lab, fillvalue=MISSING)):
            yield from self._values(recorded_item, lab_item, path=(*path, str(number)))

    def _sets(self, recorded: list[Json], lab: list[Json], *, path: Path) -> Iterator[Difference]:
        remaining = list(lab)
        for number, recorded_item in enumerate(recorded):
            yield from self.take_row(recorded_item, remaining, path=(*path, str(number)))
        for lab_item in remaining:
            yield _difference(path, MISSING, lab_item)

    def take_row(self, recorded: Json, lab_rows: list[Json], *, path: Path) -> list[Difference]:
        """Remove the row that equals a recorded one from `lab_rows`; else return how the row of that name differs."""
        name = self.bindings.text(_row_name(recorded)).lower()
        namesakes = [
            position for position, lab_row in enumerate(lab_rows) if name and _row_name(lab_row).lower() == name
        ]
        closest = [_difference(path, recorded, MISSING)]
        for position in namesakes or range(len(lab_rows)):
            differences = self.row(recorded, lab_rows[position], path=path)
            if not differences:
                del lab_rows[position]
                return []
            if namesakes:
                closest = differences
        if namesakes:
            del lab_rows[namesakes[-1]]
        return closest

    def _texts(self, recorded: str, lab: str, *, path: Path) -> Iterator[Difference]:
        recorded_tokens, lab_tokens = binding.tokens(recorded), binding.tokens(lab)
        if [token.kind for token in recorded_tokens] != [token.kind for token in lab_tokens]:
            yield _difference(path, recorded, lab)
            return
        for left, right in zip(recorded_tokens, lab_tokens, strict=True):
            if left.kind == "time":
                yield from self._written_times(left.text, right.text, path=path)
            elif left.text != right.text if not left.kind else not self.bindings.bind(left.text, right.text):
                yield _difference(path, recorded, lab)
                return

    def _written_times(self, recorded: str, lab: str, *, path: Path) -> Iterator[Difference]:
        if masks.is_placeholder_time(recorded):
            return
        if _time_format(recorded) != _time_format(lab):
            yield _difference(path, recorded, lab)
            return
        recorded_time, lab_time = recordings.time_of(recorded), recordings.time_of(lab)
        if recorded_time and lab_time:
            yield from self._compare_times(recorded_time, lab_time, path=path)

    def _compare_times(
        self, recorded: datetime.datetime, lab: datetime.datetime, *, path: Path
    ) -> Iterator[Difference]:
        """Times before the start of the recording are not compared; later ones must roughly agree."""
        if self.started_at and recorded >= self.started_at and abs(recorded - lab) > TIME_TOLERANCE:
            yield _difference(path, recorded.isoformat(), lab.isoformat())


def _difference(path: Path, recorded: Json, lab: Json) -> Difference:
    return Difference(where=".".join(path), recorded=recorded, lab=lab)


def _row_name(row: Json) -> str:
    """Return what identifies a row in its list, "" for rows without a name."""
    if not isinstance(row, dict):
        return ""
    return str(row.get("id") or row.get("kid") or row.get("name") or "")


def _unix(seconds: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def _time_format(text: str) -> str:
    """Return the format of a time: digits as 0, a fraction of any length as .0 (.NET drops trailing zeros)."""
    head, dot, tail = text.partition(".")
    zone = tail.lstrip("0123456789")
    return "".join("0" if c.isdigit() else c for c in head) + (f".0{zone}" if dot else "")
