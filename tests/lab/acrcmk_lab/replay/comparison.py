"""A recorded answer against the lab's: JSON by JSON, text by text, up to the binding and the masks."""

import datetime
import itertools
import typing
from collections.abc import Iterator
from dataclasses import dataclass

from acrcmk_lab.replay import binding, masks, recording

Json = typing.Any
Path = tuple[str, ...]

# Azure's clocks and ours agree only roughly; days and months of a policy must come out right.
TIME_TOLERANCE = datetime.timedelta(hours=1)
TRUNCATED = "_truncated_here"


class Missing:
    """What stands where one side has nothing; equal to no JSON."""

    def __repr__(self) -> str:
        return "(missing)"


MISSING = Missing()


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where recording and lab disagree."""

    where: str
    recorded: Json
    lab: Json

    def __str__(self) -> str:
        return f"{self.where}: recorded {_short(self.recorded)}, lab {_short(self.lab)}"


def _short(value: Json, *, limit: int = 160) -> str:
    text = repr(value)
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The rules of comparing one exchange; `began` is when the recording begins, None if it tells no time."""

    bound: binding.Binding
    masked: masks.Masks
    began: datetime.datetime | None = None

    def body(self, recorded: Json, lab: Json) -> list[Difference]:
        """Return where two bodies differ; binds the ids in them."""
        return list(self._values(recorded, lab, path=("body",)))

    def text(self, where: str, recorded: str, lab: str) -> list[Difference]:
        """Return whether two texts differ up to times and bound ids."""
        return list(self._texts(recorded, lab, path=(where,)))

    def row(self, recorded: Json, lab: Json, *, path: Path) -> list[Difference]:
        """Return where two rows of a list differ; binds nothing if they do."""
        mark = self.bound.mark()
        found = list(self._values(recorded, lab, path=path))
        if found:
            self.bound.undo(mark)
        return found

    def _values(self, recorded: Json, lab: Json, *, path: Path) -> Iterator[Difference]:
        kind = self.masked.kind(path)
        if kind == "catalogues":
            return
        if kind == "members":
            yield from self._masked(recorded, lab, path=path)
        elif kind == "times" and isinstance(recorded, int) and isinstance(lab, int):
            yield from self._moments(_unix(recorded), _unix(lab), path=path)
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
            self.bound.learn_text(recorded, lab)

    def _objects(self, recorded: dict[str, Json], lab: dict[str, Json], *, path: Path) -> Iterator[Difference]:
        theirs = {self._name(name): (name, value) for name, value in recorded.items() if name != TRUNCATED}
        ours = dict(lab)
        for name, (_, value) in theirs.items():
            if name in ours:
                yield from self._values(value, ours.pop(name), path=(*path, name))
            else:
                yield from self._values(value, MISSING, path=(*path, name))
        for name, value in ours.items():
            yield from self._values(MISSING, value, path=(*path, name))

    def _name(self, recorded: str) -> str:
        """A member's name may hold ids: identities are keyed by resource id."""
        return self.bound.text(recorded)

    def _lists(self, recorded: list[Json], lab: list[Json], *, path: Path) -> Iterator[Difference]:
        for number, (theirs, ours) in enumerate(itertools.zip_longest(recorded, lab, fillvalue=MISSING)):
            yield from self._values(theirs, ours, path=(*path, str(number)))

    def _sets(self, recorded: list[Json], lab: list[Json], *, path: Path) -> Iterator[Difference]:
        left = list(lab)
        for number, theirs in enumerate(recorded):
            yield from self.take(theirs, left, path=(*path, str(number)))
        for ours in left:
            yield _difference(path, MISSING, ours)

    def take(self, recorded: Json, left: list[Json], *, path: Path) -> list[Difference]:
        """Take the row that agrees with a recorded one out of `left`; else tell how its namesake differs."""
        name = self.bound.text(_named(recorded)).lower()
        namesakes = [position for position, ours in enumerate(left) if name and _named(ours).lower() == name]
        likeliest = [_difference(path, recorded, MISSING)]
        for position in namesakes or range(len(left)):
            found = self.row(recorded, left[position], path=path)
            if not found:
                del left[position]
                return []
            if namesakes:
                likeliest = found
        if namesakes:
            del left[namesakes[-1]]
        return likeliest

    def _texts(self, recorded: str, lab: str, *, path: Path) -> Iterator[Difference]:
        theirs, ours = binding.tokens(recorded), binding.tokens(lab)
        if [t.kind for t in theirs] != [o.kind for o in ours]:
            yield _difference(path, recorded, lab)
            return
        for left, right in zip(theirs, ours, strict=True):
            if left.kind == "time":
                yield from self._written_times(left.text, right.text, path=path)
            elif left.text != right.text if not left.kind else not self.bound.agree(left.text, right.text):
                yield _difference(path, recorded, lab)
                return

    def _written_times(self, recorded: str, lab: str, *, path: Path) -> Iterator[Difference]:
        if masks.is_recorders_time(recorded):
            return
        if _shape(recorded) != _shape(lab):
            yield _difference(path, recorded, lab)
            return
        theirs, ours = recording.time_of(recorded), recording.time_of(lab)
        if theirs and ours:
            yield from self._moments(theirs, ours, path=path)

    def _moments(self, recorded: datetime.datetime, lab: datetime.datetime, *, path: Path) -> Iterator[Difference]:
        """What happened before the recording began is history; later times must roughly agree."""
        if self.began and recorded >= self.began and abs(recorded - lab) > TIME_TOLERANCE:
            yield _difference(path, recorded.isoformat(), lab.isoformat())


def _difference(path: Path, recorded: Json, lab: Json) -> Difference:
    return Difference(".".join(path), recorded, lab)


def _named(row: Json) -> str:
    """Return what tells a row from the others of its list, "" for rows without a name."""
    if not isinstance(row, dict):
        return ""
    return str(row.get("id") or row.get("kid") or row.get("name") or "")


def _unix(seconds: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def _shape(text: str) -> str:
    """Return a time's form: digits as 0, a fraction of any length as .0 (.NET drops zeros at its end)."""
    head, dot, tail = text.partition(".")
    zone = tail.lstrip("0123456789")
    return "".join("0" if c.isdigit() else c for c in head) + (f".0{zone}" if dot else "")
