"""The lab's log: every request, and every delay of a state machine.

Times are simulated seconds since the lab began. Benchmarks read it (`critical_path`).
"""

import collections
import dataclasses
import json
from collections.abc import Iterator
from typing import Any, TextIO

KEPT_RECORDS = 200_000


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class RequestRecord:
    """One request; `seconds` is its simulated duration, `kind` read, write or delete."""

    time: float
    seconds: float
    method: str
    path: str
    api_version: str
    kind: str
    service: str
    status: int
    code: str | None
    principal: str
    correlation_id: str
    record: str = "request"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class DelayRecord:
    """One delay inside Azure: `kind` is dns, principal, rbac, policy, acr_create, acr_operation..."""

    kind: str
    resource: str
    start: float
    end: float
    record: str = "delay"


Record = RequestRecord | DelayRecord


class Log:
    """The last `KEPT_RECORDS` records; `stream` gets all as lines of JSON."""

    def __init__(self, stream: TextIO | None = None, *, verbose: bool = False) -> None:
        self._records: collections.deque[Record] = collections.deque(maxlen=KEPT_RECORDS)
        self._stream = stream
        self._verbose = verbose

    def __iter__(self) -> Iterator[Record]:
        return iter(self._records)

    def add(self, record: Record) -> None:
        """Add a record, and write it to the stream if there is one."""
        self._records.append(record)
        if self._stream:
            self._stream.write(json.dumps(plain(record)) + "\n")
            self._stream.flush()
        if self._verbose:
            print(readable(record), flush=True)

    def clear(self) -> None:
        """Clear all records in memory."""
        self._records.clear()

    def requests(self, *, kind: str = "", path: str = "", service: str = "", method: str = "") -> list[RequestRecord]:
        """Return the requests of a kind, a service, a method, and with `path` in their path (no case)."""
        return [
            r
            for r in self._records
            if isinstance(r, RequestRecord)
            and kind in ("", r.kind)
            and service in ("", r.service)
            and method in ("", r.method)
            and path.lower() in r.path.lower()
        ]

    def delays(self, *, kind: str = "", resource: str = "") -> list[DelayRecord]:
        """Return the delays of a kind whose resource id contains `resource` (no case)."""
        return [
            r
            for r in self._records
            if isinstance(r, DelayRecord) and kind in ("", r.kind) and resource.lower() in r.resource.lower()
        ]


def plain(record: Record) -> dict[str, Any]:
    """Return a record's members by name; dataclasses.asdict copies what needs no copy, at a tenth of the lab's time."""
    return {name: getattr(record, name) for name in record.__slots__}


def readable(record: Record) -> str:
    """Return a record as one line for people."""
    if isinstance(record, DelayRecord):
        return f"{record.start:9.2f}s   ...  {record.kind} until {record.end:.2f}s  {record.resource}"
    code = f" {record.code}" if record.code else ""
    return (
        f"{record.time:9.2f}s {record.status:4d}{code}  {record.method} {record.path}"
        f"  ({record.seconds:.2f}s, {record.kind}, {record.api_version or record.service})"
    )
