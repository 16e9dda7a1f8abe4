"""What a write does to an object before it is stored, by resource: defaulting, resets, validation."""

from typing import Any, ClassVar

from acrcmk_lab.kube.apimachinery import field_errors, names, objects
from acrcmk_lab.kube.apimachinery.field_errors import FieldError
from acrcmk_lab.kube.apimachinery.objects import Object
from acrcmk_lab.kube.registry import go_decoding
from acrcmk_lab.kube.schema import (
    correlation,
    defaulting,
    embedded_resources,
    list_types,
    rule_compiler,
    rules,
    validation,
)


class Strategy:
    """Behaviour common to all resources; the ones compiled into the real server differ in subclasses.

    `status` is whether `/status` is served: then the main endpoint cannot write `status`, and `/status` nothing else.
    `empty_object` are the fields that an object of the kind has in Go even if it is empty, structs in structs, say:
    no manager owns those.
    """

    unconditional_update: ClassVar[bool] = True
    """Whether an update needs no resourceVersion."""
    has_generation: ClassVar[bool] = False

    def __init__(self, schema: Object, *, status: bool = False, empty_object: Object | None = None) -> None:
        self.schema = schema
        self.status = status
        self.empty_object = empty_object or {}

    def decode(self, obj: Object) -> list[str]:
        """Prune and default in place; return the paths of unknown fields. Raises `go_decoding.DecodeError`."""
        go_decoding.decode(obj, self.schema, struct=obj.get("kind", ""))
        go_decoding.omit_empty(obj.get("metadata"))
        unknown = defaulting.decode(obj, self.schema)
        for name in [name for name, value in obj.items() if value in ({}, []) and name not in self.empty_object]:
            del obj[name]
        return unknown

    def default(self, obj: Object) -> None:
        """Set the defaults of a merged object: apply has checked the schema, so nothing needs to be pruned."""
        self.decode(obj)

    def reset_fields(self, subresource: str) -> tuple[str, ...]:
        """Return the top-level fields that a request cannot write, and so cannot own."""
        if subresource == "status":
            return ("metadata", "spec")
        return ("status",) if self.status else ()

    def prepare_create(self, obj: Object) -> None:
        if self.status:
            obj.pop("status", None)
        if self.has_generation:
            objects.meta(obj)["generation"] = 1

    def prepare_update(self, new: Object, old: Object) -> None:
        if self.status:
            _copy_field(new, old, "status")
        if self.has_generation and not objects.equal(_without_metadata(new), _without_metadata(old)):
            objects.meta(new)["generation"] = objects.dig(old, "metadata", "generation", default=0) + 1

    def prepare_status(self, new: Object, old: Object) -> None:
        """Keep nothing of `new` but `status` and `managedFields`."""
        status, managed = new.get("status"), objects.meta(new).get("managedFields")
        kept = objects.clone({key: value for key, value in old.items() if key != "status"})
        new.clear()
        new.update(kept)
        if managed is None:
            new["metadata"].pop("managedFields", None)
        else:
            new["metadata"]["managedFields"] = managed
        if status is not None:
            new["status"] = status

    def prepare_delete(self, obj: Object) -> None:
        """Change an object whose deletion begins, in place."""

    def delays_deletion(self, obj: Object) -> bool:  # noqa: ARG002 - subclasses look at it
        """Whether something other than `metadata.finalizers` delays the deletion."""
        return False

    def validate_name(self, name: str) -> list[str]:
        return names.subdomain(name)

    def deletion_forbidden(self, name: str) -> str:  # noqa: ARG002 - subclasses look at it
        """Return why an object can not be deleted; empty where it can."""
        return ""

    def validate(
        self, new: Object, old: Object | None, *, metadata: list[FieldError], subresource: str = ""
    ) -> list[FieldError]:
        """Return the errors of a new object, or of an update; `metadata` are those of its metadata."""
        return metadata + self.problems(new, old, subresource=subresource)

    def problems(
        self,
        new: Object,
        old: Object | None,
        *,
        subresource: str,  # noqa: ARG002 - subclasses look at it
    ) -> list[FieldError]:
        """Return the errors outside of the metadata."""
        before = correlation.ABSENT if old is None else old
        return validation.validate(new, self.schema, old=before)


def _copy_field(new: Object, old: Object, key: str) -> None:
    if key in old:
        new[key] = objects.clone(old[key])
    else:
        new.pop(key, None)


def _without_metadata(obj: Object) -> Object:
    return {key: value for key, value in obj.items() if key != "metadata"}


class CustomStrategy(Strategy):
    """Custom resources: all of their behaviour comes from the definition's schema."""

    unconditional_update = False
    has_generation = True

    def __init__(
        self, schema: Object, *, api_version: str, kind: str, status: bool, validations: rule_compiler.Node | None
    ) -> None:
        super().__init__(schema, status=status)
        self._type = {"kind": kind, "apiVersion": api_version}
        self._rules = validations

    def decode(self, obj: Object) -> list[str]:
        go_decoding.decode(obj.get("metadata"), self.schema["properties"]["metadata"], struct="ObjectMeta")
        go_decoding.omit_empty(obj.get("metadata"))
        return defaulting.decode(obj, self.schema)

    def default(self, obj: Object) -> None:
        go_decoding.omit_empty(obj.get("metadata"))
        defaulting.default(obj, self.schema)

    def validate(
        self, new: Object, old: Object | None, *, metadata: list[FieldError], subresource: str = ""
    ) -> list[FieldError]:
        wrong = [
            field_errors.invalid(name, new.get(name), f"must be {expected}")
            for name, expected in self._type.items()
            if new.get(name) != expected
        ]
        if wrong:
            return wrong
        before: Any = correlation.ABSENT if old is None else old
        if subresource == "status":
            problems = metadata + self._status_problems(new, old or {})
        else:
            problems = metadata + validation.validate(new, self.schema, old=before)
        problems += embedded_resources.validate(new, self.schema)
        if old is None or not list(list_types.validate(old, self.schema)):
            problems += list_types.validate(new, self.schema)
        if self._rules is None:
            return problems
        if any(problem.type in _PREVENTING_RULES for problem in problems):
            return [*problems, _RULES_NOT_CHECKED]
        return problems + rules.validate(self._rules, new, old=before)

    def _status_problems(self, new: Object, old: Object) -> list[FieldError]:
        schema = objects.dig(self.schema, "properties", "status")
        if schema is None or "status" not in new:
            return []
        before = old.get("status", correlation.ABSENT)
        return validation.validate(new["status"], schema, old=before, prefix="status")


_PREVENTING_RULES = {
    "FieldValueNotSupported",
    "FieldValueRequired",
    "FieldValueTooLong",
    "FieldValueTooMany",
    "FieldValueTypeInvalid",
}
_RULES_NOT_CHECKED = field_errors.invalid(
    "<nil>",
    None,
    "some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation",
)
