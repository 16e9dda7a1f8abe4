"""`metadata.managedFields`: their update by every write, and server-side apply.

Follows k8s.io/apimachinery/pkg/util/managedfields/internal and structured-merge-diff/v6/merge.
"""

import dataclasses
import datetime
import json
from collections.abc import Iterable
from typing import Any, Final

from acrcmk_lab.kube.apimachinery import errors, field_errors, objects
from acrcmk_lab.kube.apimachinery.objects import Object
from acrcmk_lab.kube.apply import fieldset, typed, validation
from acrcmk_lab.kube.apply.fieldset import FieldSet

_MAX_UPDATERS: Final = 10
_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
_NOT_TRACKED: Final = frozenset(
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
    own = touched - _NOT_TRACKED
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


def apply(live: Object | None, config: Object, request: Request) -> Object:
    """Merge an applied configuration into `live`; return the new object with its managed fields.

    Raises `StatusError`: 409 where another manager owns a field that would change, 500 for an unknown field.
    """
    problems = validation.validate(config, request.type)
    if problems:
        raise errors.no_reason(f"failed to create typed patch object ({_describe(config)}): {_listed(problems)}")
    try:
        return _apply(live, config, request)
    except _Conflicts as error:
        allowed = _last_applied_fields(live, request) if request.manager == "kubectl" and live else fieldset.EMPTY
        remaining = [(entry, path) for entry, path in error.conflicts if path not in allowed]
        if remaining:
            raise _conflict_error(remaining) from None
        return _apply(live, config, dataclasses.replace(request, force=True))


def _describe(config: Object) -> str:
    namespace = objects.dig(config, "metadata", "namespace", default="")
    name = objects.dig(config, "metadata", "name", default="")
    version, kind = config.get("apiVersion", ""), config.get("kind", "")
    return f"{namespace}/{name}; {version if '/' in version else f'/{version}'}, Kind={kind}"


def _listed(problems: list[str]) -> str:
    return problems[0] if len(problems) == 1 else "\n  ".join(["errors:", *problems])


class _Conflicts(Exception):  # noqa: N818 - an error only if the manager may not override them
    def __init__(self, conflicts: list[tuple[Entry, fieldset.Path]]) -> None:
        super().__init__()
        self.conflicts = conflicts


def _apply(live: Object | None, config: Object, request: Request) -> Object:
    entries = decode(live or {})
    if live and not entries:
        first = dataclasses.replace(request, manager="before-first-apply")
        seeded = (
            typed.compare({}, without_managed_fields(live), request.type).without(request.reset_fields).added
            - _NOT_TRACKED
        )
        entry = first.entry("Update", seeded)
        entries = {entry.identity: entry} if seeded else {}
    current = without_managed_fields(live) if live else {}
    applied = config
    own = request.entry("Apply", fieldset.without(typed.paths(applied, request.type), request.reset_fields))
    last = entries.get(own.identity)
    entries = {**entries, own.identity: own}
    merged = typed.merge(objects.clone(current), applied, request.type)
    if last is not None and last.fields:
        merged = _prune(merged, entries, last.fields, request.type)
    change = typed.compare(current, merged, request.type).without(request.reset_fields)
    entries = _transfer_ownership(entries, own, change, force=request.force)
    if objects.equal(current, merged) and own.identity in entries:
        # An apply that changes nothing does not change the time of its entry; a new entry then has no time.
        entries[own.identity] = dataclasses.replace(entries[own.identity], time=last.time if last else "")
    result: Object = objects.clone(merged)
    _sync_last_applied(result, config, request)
    encode(result, entries)
    return result


def _transfer_ownership(entries: Entries, own: Entry, change: typed.Comparison, *, force: bool) -> Entries:
    """Remove what the applier changed from the other entries. Raises `_Conflicts` without `force`."""
    touched = change.modified | change.added
    others = [entry for entry in entries.values() if entry.identity != own.identity]
    conflicts = [(entry, path) for entry in others for path in fieldset.ordered(entry.fields & touched)]
    if conflicts and not force:
        raise _Conflicts(conflicts)
    settled = {
        entry.identity: dataclasses.replace(entry, fields=entry.fields - touched - change.removed) for entry in others
    }
    settled[own.identity] = dataclasses.replace(own, fields=own.fields - _NOT_TRACKED)
    return {key: entry for key, entry in settled.items() if entry.fields}


def _prune(merged: Object, entries: Entries, last: FieldSet, kind: typed.Type) -> Object:
    """Remove what the applier no longer sets, unless another manager owns it."""

    def named(fields: FieldSet) -> FieldSet:
        return typed.with_named_parents(fields, kind)

    all_paths = named(typed.paths(merged, kind))
    pruned = typed.remove(merged, named(last), kind) or {}
    owned = named(frozenset().union(*(entry.fields for entry in entries.values())))
    pruned = typed.remove(merged, all_paths - (named(typed.paths(pruned, kind)) | owned), kind) or {}
    removed = (all_paths - named(typed.paths(pruned, kind))) & named(last)
    return typed.remove(merged, removed, kind) or {}


def _conflict_error(conflicts: list[tuple[Entry, fieldset.Path]]) -> errors.StatusError:
    causes = [
        {
            "reason": "FieldManagerConflict",
            "message": f"conflict with {entry.description}",
            "field": fieldset.text(path),
        }
        for entry, path in conflicts
    ]
    if len(conflicts) == 1:
        entry, path = conflicts[0]
        text = f"Apply failed with 1 conflict: conflict with {entry.description}: {fieldset.text(path)}"
        return errors.apply_conflict(text, causes)
    lines: list[str] = []
    for entry in sorted({entry.identity: entry for entry, _ in conflicts}.values(), key=lambda e: e.identity):
        lines.append(f"conflicts with {entry.description}:")
        lines += [f"- {fieldset.text(path)}" for owner, path in conflicts if owner.identity == entry.identity]
    return errors.apply_conflict(f"Apply failed with {len(conflicts)} conflicts: " + "\n".join(lines), causes)


def _last_applied_fields(live: Object, request: Request) -> FieldSet:
    """Return the fields that kubectl's client-side apply wrote and that did not change since."""
    try:
        config = json.loads(objects.dig(live, "metadata", "annotations", _LAST_APPLIED) or "")
    except ValueError:
        return fieldset.EMPTY
    if config.get("apiVersion") != request.api_version:
        return fieldset.EMPTY
    change = typed.compare(config, without_managed_fields(live), request.type)
    return typed.paths(config, request.type) - change.modified - change.added - change.removed


def _sync_last_applied(result: Object, config: Object, request: Request) -> None:
    """Update kubectl's annotation when kubectl changes from client-side to server-side apply."""
    annotations = objects.dig(result, "metadata", "annotations") or {}
    if request.manager == "kubectl" and annotations.get(_LAST_APPLIED):
        clean = objects.clone(config)
        (objects.dig(clean, "metadata", "annotations") or {}).pop(_LAST_APPLIED, None)
        annotations[_LAST_APPLIED] = objects.encode(clean).decode() + "\n"


def equal_except_times(left: Object, right: Object) -> bool:
    """Return whether two objects differ in nothing but the times of managed fields."""
    return objects.equal(_without_times(left), _without_times(right))


def _without_times(obj: Object) -> Object:
    lines: Iterable[Any] = objects.dig(obj, "metadata", "managedFields") or []
    entries = [{key: value for key, value in line.items() if key != "time"} for line in lines]
    return {**obj, "metadata": {**obj["metadata"], "managedFields": entries}}
