"""`metadata.managedFields`: who wrote which field, kept up to date by every write; and server-side apply.

Follows k8s.io/apimachinery/pkg/util/managedfields/internal and structured-merge-diff/v6/merge.
"""

import datetime
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

from acrcmk_lab.kube import errors, fielderrors, objects
from acrcmk_lab.kube.apply import checking, fieldset, typed
from acrcmk_lab.kube.apply.fieldset import FieldSet
from acrcmk_lab.kube.objects import Object

_MAX_UPDATERS: Final = 10
_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
_STRIPPED: Final = frozenset(
    [("f:apiVersion",), ("f:kind",), ("f:metadata",)]
    + [
        ("f:metadata", f"f:{name}")
        for name in (
            "name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation",
            "managedFields", "resourceVersion",
        )
    ]
)  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One line of `managedFields`."""

    manager: str
    operation: str
    api_version: str
    subresource: str
    fields: FieldSet
    time: str = ""

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """Whose line it is. Appliers keep one line over all versions of the API."""
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
    def words(self) -> str:
        """How a conflict names the manager."""
        name = fielderrors.quote(self.manager)
        if self.subresource:
            name += f" with subresource {fielderrors.quote(self.subresource)}"
        return f"{name} using {self.api_version}" if self.operation == "Update" else name


Entries = dict[tuple[str, str, str, str], Entry]


def decode(obj: Object) -> Entries:
    """Read the lines of an object; a malformed record counts as none."""
    found = {}
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
        found[entry.identity] = entry
    return found


def encode(obj: Object, entries: Entries) -> None:
    """Write the lines into an object, appliers first, then by time and name."""
    lines = sorted(entries.values(), key=lambda e: (e.operation, e.time, e.manager, e.api_version, e.subresource))
    if lines:
        objects.meta(obj)["managedFields"] = [entry.encode() for entry in lines]
    else:
        objects.meta(obj).pop("managedFields", None)


@dataclass(frozen=True)
class Request:
    """Who writes, through what; `blank` is the object before its creation, `reset` what the request cannot write."""

    manager: str
    api_version: str
    subresource: str
    kind: typed.Type
    reset: tuple[str, ...]
    now: datetime.datetime
    blank: Object
    force: bool = False

    @property
    def time(self) -> str:
        return self.now.strftime("%Y-%m-%dT%H:%M:%SZ")

    def entry(self, operation: str, fields: FieldSet) -> Entry:
        return Entry(self.manager, operation, self.api_version, self.subresource, fields, self.time)


def bare(obj: Object) -> Object:
    """Return an object without its record of ownership, sharing the rest."""
    kept = {key: value for key, value in (obj.get("metadata") or {}).items() if key != "managedFields"}
    return {**obj, "metadata": kept}


def track_update(live: Object | None, new: Object, request: Request) -> None:
    """Give what changed from `live` to `new` to the request's manager, in place."""
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
        # As on the real server: nobody owns anything in an object whose lists cannot be read by key.
        encode(new, {})


def _track(live: Object | None, new: Object, request: Request, entries: Entries) -> None:
    change = typed.compare(bare(live) if live else request.blank, bare(new), request.kind).without(request.reset)
    touched = change.modified | change.added
    entries = {key: replace(entry, fields=entry.fields - touched - change.removed) for key, entry in entries.items()}
    own = touched - _STRIPPED
    if own:
        entry = request.entry("Update", own)
        previous = entries.get(entry.identity)
        entries[entry.identity] = replace(entry, fields=own | (previous.fields if previous else fieldset.EMPTY))
    encode(new, _capped({key: entry for key, entry in entries.items() if entry.fields}))


def _capped(entries: Entries) -> Entries:
    """Merge the oldest updaters of one API version into one line once there are more than ten."""
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
        bucket = Entry("ancient-changes", "Update", version, "", fieldset.EMPTY)
        present = kept.get(bucket.identity) or kept.pop(first[version].identity)
        del kept[entry.identity]
        kept[bucket.identity] = replace(bucket, fields=present.fields | entry.fields, time=entry.time)
        surplus -= 1
    return kept


def apply(live: Object | None, config: Object, request: Request) -> Object:
    """Merge an applied configuration into `live`; return the new object with its record of ownership.

    Raises `StatusError`: 409 where another manager owns what would change, 500 for what the schema does not know.
    """
    problems = checking.check(config, request.kind)
    if problems:
        raise errors.unexplained(f"failed to create typed patch object ({_words(config)}): {_listed(problems)}")
    try:
        return _apply(live, config, request)
    except _Conflicts as conflicts:
        allowed = _last_applied_fields(live, request) if request.manager == "kubectl" and live else fieldset.EMPTY
        rest = [(entry, path) for entry, path in conflicts.found if path not in allowed]
        if rest:
            raise _conflict_error(rest) from None
        return _apply(live, config, replace(request, force=True))


def _words(config: Object) -> str:
    namespace = objects.dig(config, "metadata", "namespace", default="")
    name = objects.dig(config, "metadata", "name", default="")
    version, kind = config.get("apiVersion", ""), config.get("kind", "")
    return f"{namespace}/{name}; {version if '/' in version else f'/{version}'}, Kind={kind}"


def _listed(problems: list[str]) -> str:
    return problems[0] if len(problems) == 1 else "\n  ".join(["errors:", *problems])


class _Conflicts(Exception):  # noqa: N818 - a result, not an error, until it is known who applies
    def __init__(self, found: list[tuple[Entry, fieldset.Path]]) -> None:
        super().__init__()
        self.found = found


def _apply(live: Object | None, config: Object, request: Request) -> Object:
    entries = decode(live or {})
    if live and not entries:
        first = replace(request, manager="before-first-apply")
        seeded = typed.compare({}, bare(live), request.kind).without(request.reset).added - _STRIPPED
        entry = first.entry("Update", seeded)
        entries = {entry.identity: entry} if seeded else {}
    current = bare(live) if live else {}
    applied = config
    mine = request.entry("Apply", fieldset.without(typed.paths(applied, request.kind), request.reset))
    last = entries.get(mine.identity)
    entries = {**entries, mine.identity: mine}
    merged = typed.merge(objects.clone(current), applied, request.kind)
    if last is not None and last.fields:
        merged = _prune(merged, entries, last.fields, request.kind)
    change = typed.compare(current, merged, request.kind).without(request.reset)
    entries = _settle(entries, mine, change, force=request.force)
    if objects.same(current, merged) and mine.identity in entries:
        # An apply that changes nothing is no operation of its time; the first one then has no time at all.
        entries[mine.identity] = replace(entries[mine.identity], time=last.time if last else "")
    result: Object = objects.clone(merged)
    _sync_last_applied(result, config, request)
    encode(result, entries)
    return result


def _settle(entries: Entries, mine: Entry, change: typed.Comparison, *, force: bool) -> Entries:
    """Take what the applier changed from the others, or complain."""
    touched = change.modified | change.added
    others = [entry for entry in entries.values() if entry.identity != mine.identity]
    conflicts = [(entry, path) for entry in others for path in fieldset.ordered(entry.fields & touched)]
    if conflicts and not force:
        raise _Conflicts(conflicts)
    settled = {entry.identity: replace(entry, fields=entry.fields - touched - change.removed) for entry in others}
    settled[mine.identity] = replace(mine, fields=mine.fields - _STRIPPED)
    return {key: entry for key, entry in settled.items() if entry.fields}


def _prune(merged: Object, entries: Entries, last: FieldSet, kind: typed.Type) -> Object:
    """Remove what the applier no longer says, unless somebody else owns it."""

    def named(fields: FieldSet) -> FieldSet:
        return typed.with_named_parents(fields, kind)

    all_paths = named(typed.paths(merged, kind))
    pruned = typed.remove(merged, named(last), kind) or {}
    owned = named(frozenset().union(*(entry.fields for entry in entries.values())))
    pruned = typed.remove(merged, all_paths - (named(typed.paths(pruned, kind)) | owned), kind) or {}
    doomed = (all_paths - named(typed.paths(pruned, kind))) & named(last)
    return typed.remove(merged, doomed, kind) or {}


def _conflict_error(conflicts: list[tuple[Entry, fieldset.Path]]) -> errors.StatusError:
    causes = [
        {
            "reason": "FieldManagerConflict",
            "message": f"conflict with {entry.words}",
            "field": fieldset.text(path),
        }
        for entry, path in conflicts
    ]
    if len(conflicts) == 1:
        entry, path = conflicts[0]
        text = f"Apply failed with 1 conflict: conflict with {entry.words}: {fieldset.text(path)}"
        return errors.apply_conflict(text, causes)
    lines: list[str] = []
    for entry in sorted({entry.identity: entry for entry, _ in conflicts}.values(), key=lambda e: e.identity):
        lines.append(f"conflicts with {entry.words}:")
        lines += [f"- {fieldset.text(path)}" for owner, path in conflicts if owner.identity == entry.identity]
    return errors.apply_conflict(f"Apply failed with {len(conflicts)} conflicts: " + "\n".join(lines), causes)


def _last_applied_fields(live: Object, request: Request) -> FieldSet:
    """Return the fields that kubectl's client-side apply wrote and that still are as it wrote them."""
    try:
        config = json.loads(objects.dig(live, "metadata", "annotations", _LAST_APPLIED) or "")
    except ValueError:
        return fieldset.EMPTY
    if config.get("apiVersion") != request.api_version:
        return fieldset.EMPTY
    change = typed.compare(config, bare(live), request.kind)
    return typed.paths(config, request.kind) - change.modified - change.added - change.removed


def _sync_last_applied(result: Object, config: Object, request: Request) -> None:
    """Keep kubectl's annotation current when kubectl itself moves from client-side to server-side apply."""
    annotations = objects.dig(result, "metadata", "annotations") or {}
    if request.manager == "kubectl" and annotations.get(_LAST_APPLIED):
        clean = objects.clone(config)
        (objects.dig(clean, "metadata", "annotations") or {}).pop(_LAST_APPLIED, None)
        annotations[_LAST_APPLIED] = objects.encode(clean).decode() + "\n"


def same_but_times(left: Object, right: Object) -> bool:
    """Whether two objects differ in nothing but the times of their managers."""
    return objects.same(_timeless(left), _timeless(right))


def _timeless(obj: Object) -> Object:
    lines: Iterable[Any] = objects.dig(obj, "metadata", "managedFields") or []
    timeless = [{key: value for key, value in line.items() if key != "time"} for line in lines]
    return {**obj, "metadata": {**obj["metadata"], "managedFields": timeless}}
