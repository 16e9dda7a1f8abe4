"""Validation of `metadata`, the same for every kind (apimachinery/pkg/api/validation/objectmeta.go)."""

from collections.abc import Iterator
from typing import Any, Final

from acrcmk_lab.kube.apimachinery import field_errors, names, objects
from acrcmk_lab.kube.apimachinery.field_errors import FieldError
from acrcmk_lab.kube.apimachinery.objects import Object
from acrcmk_lab.kube.registry.resources import Resource

_IMMUTABLE: Final = ("name", "namespace", "uid", "deletionTimestamp")
_SYSTEM_FIELDS: Final = (
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "selfLink",
)
_STANDARD_FINALIZERS: Final = {"orphan", "foregroundDeletion", "kubernetes"}
_MAX_ANNOTATIONS: Final = 256 * 1024


def keep_system_fields(new: Object, old: Object) -> None:
    """Restore the fields that only the server sets, in place: changes by clients have no effect."""
    meta, before = objects.meta(new), objects.meta(old)
    for name in _SYSTEM_FIELDS:
        if name in before:
            meta[name] = before[name]
        elif name != "deletionTimestamp":
            meta.pop(name, None)
    for name in ("name", "namespace", "uid"):
        if not meta.get(name) and name in before:
            meta[name] = before[name]


def is_deletable(obj: Object) -> bool:
    """Whether an object is to be deleted and has no finalizers."""
    meta = objects.meta(obj)
    return bool(meta.get("deletionTimestamp")) and not meta.get("finalizers")


def validate(obj: Object, resource: Resource) -> list[FieldError]:
    """Return the errors of a new object's metadata."""
    meta = objects.meta(obj)
    problems = []
    if meta.get("generateName"):
        prefix = meta["generateName"].rstrip("-.")
        problems += [
            field_errors.invalid("metadata.generateName", meta["generateName"], text)
            for text in resource.strategy.validate_name(prefix or "-")
        ]
    problems += [
        field_errors.invalid("metadata.name", meta.get("name", ""), text)
        for text in resource.strategy.validate_name(meta.get("name", ""))
    ]
    return problems + list(_common(meta))


def validate_update(new: Object, old: Object) -> list[FieldError]:
    """Return the errors of an update's metadata."""
    meta, before = objects.meta(new), objects.meta(old)
    problems = [
        field_errors.invalid(f"metadata.{name}", meta.get(name), "field is immutable")
        for name in _IMMUTABLE
        if not objects.equal(meta.get(name), before.get(name))
    ]
    if before.get("deletionTimestamp"):
        added = set(meta.get("finalizers") or []) - set(before.get("finalizers") or [])
        if added:
            quoted = ", ".join(field_errors.quote(name) for name in sorted(added))
            text = "no new finalizers can be added if the object is being deleted, found new finalizers"
            problems.append(field_errors.forbidden("metadata.finalizers", f"{text} []string{{{quoted}}}"))
    return problems + list(_common(meta))


def _common(meta: Object) -> Iterator[FieldError]:
    yield from _labels(meta.get("labels") or {})
    annotations: dict[str, Any] = meta.get("annotations") or {}
    for key in annotations:
        for text in names.qualified(key.lower()):
            yield field_errors.invalid("metadata.annotations", key, text)
    if sum(len(key) + len(value) for key, value in annotations.items()) > _MAX_ANNOTATIONS:
        yield field_errors.too_long("metadata.annotations", _MAX_ANNOTATIONS)
    for finalizer in meta.get("finalizers") or []:
        for text in names.qualified(finalizer):
            yield field_errors.invalid("metadata.finalizers", finalizer, text)
    for owner in meta.get("ownerReferences") or []:
        for name in ("apiVersion", "kind", "name", "uid"):
            if not owner.get(name):
                text = "version must not be empty" if name == "apiVersion" else "must not be empty"
                yield field_errors.invalid(f"metadata.ownerReferences.{name}", owner.get(name, ""), text)


def _labels(labels: dict[str, str]) -> Iterator[FieldError]:
    for key, value in labels.items():
        for text in names.qualified(key):
            yield field_errors.invalid("metadata.labels", key, text)
        for text in names.label_value(value):
            yield field_errors.invalid("metadata.labels", value, text)


def warnings(new: Object, old: Object | None) -> list[str]:
    """Return warnings about finalizers that a write adds."""
    before = objects.dig(old, "metadata", "finalizers") or []
    added = sorted(set(objects.meta(new).get("finalizers") or []) - set(before))
    texts = []
    for name in added:
        if "/" not in name and name not in _STANDARD_FINALIZERS:
            including = " including a path (/)" if "." in name else ""
            texts.append(
                f'metadata.finalizers: "{name}": prefer a domain-qualified finalizer name{including} '
                "to avoid accidental conflicts with other finalizer writers"
            )
    return texts
