"""Rules about `metadata` that hold for every kind (apimachinery/pkg/api/validation/objectmeta.go)."""

from collections.abc import Iterator
from typing import Any, Final

from acrcmk_lab.kube import fielderrors, names, objects, resources
from acrcmk_lab.kube.fielderrors import FieldError
from acrcmk_lab.kube.objects import Object

_IMMUTABLE: Final = ("name", "namespace", "uid", "deletionTimestamp")
_KEPT: Final = ("creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "selfLink")
_STANDARD_FINALIZERS: Final = {"orphan", "foregroundDeletion", "kubernetes"}
_MAX_ANNOTATIONS: Final = 256 * 1024


def keep_system_fields(new: Object, old: Object) -> None:
    """Restore what the server keeps itself: clients may leave it out or change it, to no effect."""
    meta, before = objects.meta(new), objects.meta(old)
    for name in _KEPT:
        if name in before:
            meta[name] = before[name]
        elif name != "deletionTimestamp":
            meta.pop(name, None)
    for name in ("name", "namespace", "uid"):
        if not meta.get(name) and name in before:
            meta[name] = before[name]


def finished(obj: Object) -> bool:
    """Whether nothing holds an object that is to be deleted."""
    meta = objects.meta(obj)
    return bool(meta.get("deletionTimestamp")) and not meta.get("finalizers")


def validate(obj: Object, resource: "resources.Resource") -> list[FieldError]:
    """Return the errors of a new object's metadata."""
    meta = objects.meta(obj)
    problems = []
    if meta.get("generateName"):
        prefix = meta["generateName"].rstrip("-.")
        problems += [
            fielderrors.invalid("metadata.generateName", meta["generateName"], text)
            for text in resource.strategy.validate_name(prefix or "-")
        ]
    problems += [
        fielderrors.invalid("metadata.name", meta.get("name", ""), text)
        for text in resource.strategy.validate_name(meta.get("name", ""))
    ]
    return problems + list(_common(meta))


def validate_update(new: Object, old: Object) -> list[FieldError]:
    """Return the errors of an update's metadata."""
    meta, before = objects.meta(new), objects.meta(old)
    problems = [
        fielderrors.invalid(f"metadata.{name}", meta.get(name), "field is immutable")
        for name in _IMMUTABLE
        if not objects.same(meta.get(name), before.get(name))
    ]
    if before.get("deletionTimestamp"):
        added = set(meta.get("finalizers") or []) - set(before.get("finalizers") or [])
        if added:
            told = ", ".join(fielderrors.quote(name) for name in sorted(added))
            text = "no new finalizers can be added if the object is being deleted, found new finalizers"
            problems.append(fielderrors.forbidden("metadata.finalizers", f"{text} []string{{{told}}}"))
    return problems + list(_common(meta))


def _common(meta: Object) -> Iterator[FieldError]:
    yield from _labels(meta.get("labels") or {})
    annotations: dict[str, Any] = meta.get("annotations") or {}
    for key in annotations:
        for text in names.qualified(key.lower()):
            yield fielderrors.invalid("metadata.annotations", key, text)
    if sum(len(key) + len(value) for key, value in annotations.items()) > _MAX_ANNOTATIONS:
        yield fielderrors.too_long("metadata.annotations", _MAX_ANNOTATIONS)
    for finalizer in meta.get("finalizers") or []:
        for text in names.qualified(finalizer):
            yield fielderrors.invalid("metadata.finalizers", finalizer, text)
    for owner in meta.get("ownerReferences") or []:
        for name in ("apiVersion", "kind", "name", "uid"):
            if not owner.get(name):
                text = "version must not be empty" if name == "apiVersion" else "must not be empty"
                yield fielderrors.invalid(f"metadata.ownerReferences.{name}", owner.get(name, ""), text)


def _labels(labels: dict[str, str]) -> Iterator[FieldError]:
    for key, value in labels.items():
        for text in names.qualified(key):
            yield fielderrors.invalid("metadata.labels", key, text)
        for text in names.label_value(value):
            yield fielderrors.invalid("metadata.labels", value, text)


def warnings(new: Object, old: Object | None) -> list[str]:
    """Return warnings about finalizers that a write adds."""
    before = objects.dig(old, "metadata", "finalizers") or []
    added = sorted(set(objects.meta(new).get("finalizers") or []) - set(before))
    found = []
    for name in added:
        if "/" not in name and name not in _STANDARD_FINALIZERS:
            including = " including a path (/)" if "." in name else ""
            found.append(
                f'metadata.finalizers: "{name}": prefer a domain-qualified finalizer name{including} '
                "to avoid accidental conflicts with other finalizer writers"
            )
    return found
