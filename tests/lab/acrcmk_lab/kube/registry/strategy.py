"""What a write does to an object before it is stored, by kind of resource: defaults, resets, validation."""

from typing import Any, ClassVar

from acrcmk_lab.kube import fielderrors, godecode, names, objects
from acrcmk_lab.kube.fielderrors import FieldError
from acrcmk_lab.kube.objects import Object
from acrcmk_lab.kube.schema import correlation, embedded, listtypes, rulecompiler, rules, shape, validation


class Strategy:
    """Behaviour common to all resources; the ones compiled into the real server differ in subclasses.

    `status` says whether `/status` is served: then the main endpoint cannot write `status`, and `/status` nothing else.
    `blank` is what an empty object of the kind has in Go, where structs within structs are always there: nobody owns
    those.
    """

    unconditional_update: ClassVar[bool] = True
    """Whether an update without a resourceVersion is taken."""
    counts_generations: ClassVar[bool] = False

    def __init__(self, schema: Object, *, status: bool = False, blank: Object | None = None) -> None:
        self.schema = schema
        self.status = status
        self.blank = blank or {}

    def decode(self, obj: Object) -> list[str]:
        """Prune and default in place; return the paths of unknown fields. Raises `godecode.DecodeError`."""
        godecode.decode(obj, self.schema, struct=obj.get("kind", ""))
        godecode.omit_empty(obj.get("metadata"))
        unknown = shape.decode(obj, self.schema)
        for name in [name for name, value in obj.items() if value in ({}, []) and name not in self.blank]:
            del obj[name]
        return unknown

    def default(self, obj: Object) -> None:
        """Complete what server-side apply merged: the schema was checked already, so nothing is pruned."""
        self.decode(obj)

    def reset_fields(self, subresource: str) -> tuple[str, ...]:
        """Return the top-level fields that a request cannot write, and so cannot own."""
        if subresource == "status":
            return ("metadata", "spec")
        return ("status",) if self.status else ()

    def prepare_create(self, obj: Object) -> None:
        if self.status:
            obj.pop("status", None)
        if self.counts_generations:
            objects.meta(obj)["generation"] = 1

    def prepare_update(self, new: Object, old: Object) -> None:
        if self.status:
            _carry(new, old, "status")
        if self.counts_generations and not objects.same(_essence(new), _essence(old)):
            objects.meta(new)["generation"] = objects.dig(old, "metadata", "generation", default=0) + 1

    def prepare_status(self, new: Object, old: Object) -> None:
        """Keep nothing of `new` but its status and the record of who owns what."""
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
        """Note in the object that it is being deleted, beyond its metadata."""

    def holds(self, obj: Object) -> bool:  # noqa: ARG002 - subclasses look at it
        """Whether something other than `metadata.finalizers` keeps a deleted object."""
        return False

    def validate_name(self, name: str) -> list[str]:
        return names.subdomain(name)

    def undeletable(self, name: str) -> str:  # noqa: ARG002 - subclasses look at it
        """Return why an object may not be deleted; empty where it may."""
        return ""

    def validate(
        self, new: Object, old: Object | None, *, metadata: list[FieldError], subresource: str = ""
    ) -> list[FieldError]:
        """Return the errors of a new object, or of an update; `metadata` are those found in its metadata."""
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


def _carry(new: Object, old: Object, key: str) -> None:
    if key in old:
        new[key] = objects.clone(old[key])
    else:
        new.pop(key, None)


def _essence(obj: Object) -> Object:
    return {key: value for key, value in obj.items() if key != "metadata"}


class CustomStrategy(Strategy):
    """Custom resources: all of their behaviour comes from the definition's schema."""

    unconditional_update = False
    counts_generations = True

    def __init__(
        self, schema: Object, *, api_version: str, kind: str, status: bool, validations: rulecompiler.Node | None
    ) -> None:
        super().__init__(schema, status=status)
        self._type = {"kind": kind, "apiVersion": api_version}
        self._rules = validations

    def decode(self, obj: Object) -> list[str]:
        godecode.decode(obj.get("metadata"), self.schema["properties"]["metadata"], struct="ObjectMeta")
        godecode.omit_empty(obj.get("metadata"))
        return shape.decode(obj, self.schema)

    def default(self, obj: Object) -> None:
        godecode.omit_empty(obj.get("metadata"))
        shape.default(obj, self.schema)

    def validate(
        self, new: Object, old: Object | None, *, metadata: list[FieldError], subresource: str = ""
    ) -> list[FieldError]:
        wrong = [
            fielderrors.invalid(name, new.get(name), f"must be {wanted}")
            for name, wanted in self._type.items()
            if new.get(name) != wanted
        ]
        if wrong:
            return wrong
        before: Any = correlation.ABSENT if old is None else old
        if subresource == "status":
            problems = metadata + self._status_problems(new, old or {})
        else:
            problems = metadata + validation.validate(new, self.schema, old=before)
        problems += embedded.validate(new, self.schema)
        if old is None or not list(listtypes.validate(old, self.schema)):
            problems += listtypes.validate(new, self.schema)
        if self._rules is None:
            return problems
        if any(problem.type in _BLOCKING for problem in problems):
            return [*problems, _UNCHECKED]
        return problems + rules.validate(self._rules, new, old=before)

    def _status_problems(self, new: Object, old: Object) -> list[FieldError]:
        schema = objects.dig(self.schema, "properties", "status")
        if schema is None or "status" not in new:
            return []
        before = old.get("status", correlation.ABSENT)
        return validation.validate(new["status"], schema, old=before, prefix="status")


_BLOCKING = {
    "FieldValueNotSupported",
    "FieldValueRequired",
    "FieldValueTooLong",
    "FieldValueTooMany",
    "FieldValueTypeInvalid",
}
_UNCHECKED = fielderrors.invalid(
    "<nil>",
    None,
    "some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation",
)
