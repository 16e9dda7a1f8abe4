"""`metadata.managedFields`: their encoding, and their update by writes other than server-side apply.

Follows k8s.io/apimachinery/pkg/util/managedfields/internal.
"""

import dataclasses
import datetime
from collections.abc import Iterable
from typing import Any, Final

from acrcmk_lab.kube.apimachinery import field_errors, objects
from acrcmk_lab.kube.apimachinery.objects import Object
from acrcmk_lab.kube.apply import fieldset, typed
from acrcmk_lab.kube.apply.fieldset import FieldSet

_MAX_UPDATERS: Final = 10
NOT_TRACKED: Final = frozenset(
    [("f:apiVersion",), ("f:kind",), ("f:metadata",)]
    + [
        ("f:metadata", f"f:{name}")
        for name in (
            "name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation",
            "managedFields", "resourceVersion",
        )
    ]
)  # fmt: skip


@dataclasses.dataclass(frozen=True, kw_only=True)
class Entry:
    """One entry of `managedFields`."""

    manager: str
    operation: str
    api_version: str
    subresource: str
    fields: FieldSet
    time: str = ""

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """The key of the entry. Appliers have one entry for all versions of the API."""
        version = "" if self.operation == "Apply" else self.api_version
        return (self.manager, self.operation, version, self.subresource)

    def encode(self) -> Object:
        line: Object = {
            "manager": self.manager,
            "operation": self.operation,
            "apiVersion": self.api_version,
            "time": self.time,
            "fieldsType": "FieldsV1",
            "fieldsV1": fieldset.encode(self.fields),
        }
        if self.subresource:
            line["subresource"] = self.subresource
        return {key: value for key, value in line.items() if value or key == "fieldsV1"}

    @property
    def description(self) -> str:
        """The manager in messages about conflicts."""
        name = field_errors.quote(self.manager)
        if self.subresource:
            name += f" with subresource {field_errors.quote(self.subresource)}"
        return f"{name} using {self.api_version}" if self.operation == "Update" else name


Entries = dict[tuple[str, str, str, str], Entry]


def decode(obj: Object) -> Entries:
    """Return the entries of an object; none where one is malformed."""
    entries = {}
    for line in objects.dig(obj, "metadata", "managedFields") or []:
        try:
            entry = Entry(
                manager=line.get("manager", ""),
                operation=line["operation"],
                api_version=line["apiVersion"],
                subresource=line.get("subresource", ""),
                fields=fieldset.decode(line.get("fieldsV1") or {}),
                time=line.get("time", ""),
            )
        except (KeyError, TypeError, AttributeError):
            return {}
        entries[entry.identity] = entry
    return entries


def encode(obj: Object, entries: Entries) -> None:
    """Set the entries of an object in place: appliers first, then by time and name."""
    lines = sorted(entries.values(), key=lambda e: (e.operation, e.time, e.manager, e.api_version, e.subresource))
    if lines:
        objects.meta(obj)["managedFields"] = [entry.encode() for entry in lines]
    else:
        objects.meta(obj).pop("managedFields", None)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Request:
    """A write: its manager and endpoint; `reset_fields` are those that it cannot write.

    `empty_object` stands for the object before its creation.
    """

    manager: str
    api_version: str
    subresource: str
    type: typed.Type
    reset_fields: tuple[str, ...]
    now: datetime.datetime
    empty_object: Object
    force: bool = False

    @property
    def time(self) -> str:
        return self.now.strftime("%Y-%m-%dT%H:%M:%SZ")

    def entry(self, operation: str, fields: FieldSet) -> Entry:
        return Entry(
            manager=self.manager,
            operation=operation,
            api_version=self.api_version,
            subresource=self.subresource,
            fields=fields,
            time=self.time,
        )


def without_managed_fields(obj: Object) -> Object:
    """Return an object without `managedFields`; the rest is shared, not copied."""
    kept = {key: value for key, value in (obj.get("metadata") or {}).items() if key != "managedFields"}
    return {**obj, "metadata": kept}


def track_update(live: Object | None, new: Object, request: Request) -> None:
    """Make the request's manager the owner of what differs between `live` and `new`, in place."""
    sent = objects.dig(new, "metadata", "managedFields")
    if sent is not None and not request.subresource and sent in ([], [{}]):
        entries: Entries = {}
        tracked = live is None
    else:
        entries = (decode(new) if not request.subresource else {}) or decode(live or {})
        tracked = live is None or bool(entries)
    encode(new, entries)
    if not tracked:
        return
    try:
        _track(live, new, request, entries)
    except typed.MergeError:
        # As on the real server: an object whose lists cannot be read by key has no managed fields.
        encode(new, {})


def _track(live: Object | None, new: Object, request: Request, entries: Entries) -> None:
    change = typed.compare(
        without_managed_fields(live) if live else request.empty_object, without_managed_fields(new), request.type
    ).without(request.reset_fields)
    touched = change.modified | change.added
    entries = {
        key: dataclasses.replace(entry, fields=entry.fields - touched - change.removed)
        for key, entry in entries.items()
    }
    own = touched - NOT_TRACKED
    if own:
        entry = request.entry("Update", own)
        previous = entries.get(entry.identity)
        entries[entry.identity] = dataclasses.replace(
            entry, fields=own | (previous.fields if previous else fieldset.EMPTY)
        )
    encode(new, _capped({key: entry for key, entry in entries.items() if entry.fields}))


def _capped(entries: Entries) -> Entries:
    """Merge the oldest updaters of one API version into one entry if there are more than ten."""
    updaters = sorted((e for e in entries.values() if e.operation == "Update"), key=lambda e: (e.time, e.identity))
    surplus, first = len(updaters) - _MAX_UPDATERS, {}
    kept = dict(entries)
    for entry in updaters:
        if surplus <= 0:
            break
        version = entry.api_version
        if version not in first:
            first[version] = entry
            continue
        bucket = Entry(
            manager="ancient-changes", operation="Update", api_version=version, subresource="", fields=fieldset.EMPTY
        )
        present = kept.get(bucket.identity) or kept.pop(first[version].identity)
        del kept[entry.identity]
        kept[bucket.identity] = dataclasses.replace(bucket, fields=present.fields | entry.fields, time=entry.time)
        surplus -= 1
    return kept


def equal_except_times(left: Object, right: Object) -> bool:
    """Return whether two objects differ in nothing but the times of managed fields."""
    return objects.equal(_without_times(left), _without_times(right))


def _without_times(obj: Object) -> Object:
    lines: Iterable[Any] = objects.dig(obj, "metadata", "managedFields") or []
    entries = [{key: value for key, value in line.items() if key != "time"} for line in lines]
    return {**obj, "metadata": {**obj["metadata"], "managedFields": entries}}
