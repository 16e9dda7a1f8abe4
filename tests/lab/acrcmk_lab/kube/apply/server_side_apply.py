"""Server-side apply: merge an applied configuration, and transfer the ownership of its fields.

Follows sigs.k8s.io/structured-merge-diff/v6/merge.
"""

import dataclasses
import json
from typing import Final

from acrcmk_lab.kube.apimachinery import errors, objects
from acrcmk_lab.kube.apimachinery.objects import Object
from acrcmk_lab.kube.apply import fieldset, managed_fields, typed, validation
from acrcmk_lab.kube.apply.fieldset import FieldSet
from acrcmk_lab.kube.apply.managed_fields import Entries, Entry, Request

_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"


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
    entries = managed_fields.decode(live or {})
    if live and not entries:
        first = dataclasses.replace(request, manager="before-first-apply")
        seeded = (
            typed.compare({}, managed_fields.without_managed_fields(live), request.type)
            .without(request.reset_fields)
            .added
            - managed_fields.NOT_TRACKED
        )
        entry = first.entry("Update", seeded)
        entries = {entry.identity: entry} if seeded else {}
    current = managed_fields.without_managed_fields(live) if live else {}
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
    managed_fields.encode(result, entries)
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
    settled[own.identity] = dataclasses.replace(own, fields=own.fields - managed_fields.NOT_TRACKED)
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
    change = typed.compare(config, managed_fields.without_managed_fields(live), request.type)
    return typed.paths(config, request.type) - change.modified - change.added - change.removed


def _sync_last_applied(result: Object, config: Object, request: Request) -> None:
    """Update kubectl's annotation when kubectl changes from client-side to server-side apply."""
    annotations = objects.dig(result, "metadata", "annotations") or {}
    if request.manager == "kubectl" and annotations.get(_LAST_APPLIED):
        clean = objects.clone(config)
        (objects.dig(clean, "metadata", "annotations") or {}).pop(_LAST_APPLIED, None)
        annotations[_LAST_APPLIED] = objects.encode(clean).decode() + "\n"
