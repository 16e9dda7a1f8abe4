"""CustomResourceDefinitions: their defaulting and validation, and the resources that are served by them."""

from typing import Final

from acrcmk_lab.kube.apimachinery import field_errors, objects
from acrcmk_lab.kube.apimachinery.field_errors import FieldError
from acrcmk_lab.kube.apimachinery.objects import Object
from acrcmk_lab.kube.registry import builtins, crd_validation, update
from acrcmk_lab.kube.registry.backend import Backend
from acrcmk_lab.kube.registry.printer_columns import CREATED, Column
from acrcmk_lab.kube.registry.resources import Resource, ServedResources
from acrcmk_lab.kube.registry.strategy import CustomStrategy, Strategy
from acrcmk_lab.kube.schema import keywords, rule_compiler
from acrcmk_lab.kube.storage.changes import Change
from acrcmk_lab.kube.storage.stored import Collection, Key

COLLECTION: Final = ("apiextensions.k8s.io", "customresourcedefinitions")
FINALIZER: Final = "customresourcecleanup.apiextensions.k8s.io"
_CUSTOM_VERBS: Final = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")


class CrdStrategy(Strategy):
    """Sets the defaults of a definition and validates it."""

    has_generation = True

    def decode(self, obj: Object) -> list[str]:
        unknown = super().decode(obj)
        spec = obj.get("spec") or {}
        _complete_names(spec.get("names") or {})
        spec.setdefault("conversion", {"strategy": "None"})
        for index, version in enumerate(_versions(obj)):
            schema = objects.dig(version, "schema", "openAPIV3Schema")
            if isinstance(schema, dict):
                unknown += keywords.strip(schema, f"spec.versions[{index}].schema.openAPIV3Schema")
        return sorted(unknown)

    def prepare_create(self, obj: Object) -> None:
        super().prepare_create(obj)
        stored = [version["name"] for version in _versions(obj) if version.get("storage") and "name" in version]
        obj["status"] = {
            "conditions": None,
            "acceptedNames": {"plural": "", "kind": ""},
            "storedVersions": stored,
        }

    def prepare_delete(self, obj: Object) -> None:
        meta = objects.meta(obj)
        meta["finalizers"] = list(dict.fromkeys([*meta.get("finalizers", []), FINALIZER]))

    def delays_deletion(self, obj: Object) -> bool:
        return not objects.dig(obj, "metadata", "deletionTimestamp")

    def problems(self, new: Object, old: Object | None, *, subresource: str) -> list[FieldError]:
        problems = super().problems(new, old, subresource=subresource)
        if subresource:
            return problems
        return problems + crd_validation.errors(new) + (_immutable_errors(new["spec"], old["spec"]) if old else [])


def _complete_names(names: Object) -> None:
    kind = names.get("kind")
    if kind:
        names.setdefault("singular", kind.lower())
        names.setdefault("listKind", f"{kind}List")


def _immutable_errors(new: Object, old: Object) -> list[FieldError]:
    pairs = [("group", new.get("group"), old.get("group")), ("scope", new.get("scope"), old.get("scope"))]
    pairs += [(f"names.{name}", new["names"].get(name), old["names"].get(name)) for name in ("plural", "kind")]
    return [
        field_errors.invalid(f"spec.{name}", value, "field is immutable")
        for name, value, before in pairs
        if value != before
    ]


def _versions(obj: Object) -> list[Object]:
    versions: list[Object] = objects.dig(obj, "spec", "versions", default=[]) or []
    return versions


def to_resources(definition: Object) -> list[Resource]:
    """Return the resources of a definition, one per served version."""
    spec = definition["spec"]
    return [_resource(spec, version) for version in spec["versions"] if version.get("served")]


def _resource(spec: Object, version: Object) -> Resource:
    schema = objects.dig(version, "schema", "openAPIV3Schema", default={})
    status = "status" in (version.get("subresources") or {})
    names = spec["names"]
    return Resource(
        group=spec["group"],
        version=version["name"],
        plural=names["plural"],
        singular=names["singular"],
        kind=names["kind"],
        list_kind=names["listKind"],
        namespaced=spec["scope"] == "Namespaced",
        schema=schema,
        strategy=CustomStrategy(
            builtins.complete(schema),
            api_version=objects.group_version(spec["group"], version["name"]),
            kind=names["kind"],
            status=status,
            validations=rule_compiler.compile_tree(schema),
        ),
        columns=_columns(version),
        short_names=tuple(names.get("shortNames") or ()),
        categories=tuple(names.get("categories") or ()),
        verbs=_CUSTOM_VERBS,
        status=status,
        custom=True,
        selectable=tuple(field["jsonPath"].lstrip(".") for field in version.get("selectableFields") or []),
    )


def _columns(version: Object) -> tuple[Column, ...]:
    """Return the columns of a version: the name alone where the path of another column cannot be parsed."""
    columns = tuple(map(_column, version.get("additionalPrinterColumns") or []))
    if not columns:
        columns = (Column(name="Age", type="date", path=CREATED, description="When the object was created."),)
    return (builtins.NAME_COLUMN, *(columns if all(column.is_parsable for column in columns) else ()))


def _column(column: Object) -> Column:
    return Column(
        name=column["name"],
        type=column["type"],
        path=column["jsonPath"],
        format=column.get("format", ""),
        description=column.get("description", ""),
        priority=column.get("priority", 0),
    )


class CrdController:
    """Serves the resources of the stored definitions, and reports so in their status."""

    def __init__(self, backend: Backend, resources: ServedResources) -> None:
        self._backend = backend
        self._resources = resources
        backend.store.observers.append(self._observe)

    def _observe(self, change: Change) -> None:
        if change.key.collection != COLLECTION:
            return
        definition = change.after.obj
        if change.type == "DELETED":
            collection = defined_collection(definition)
            self._resources.discard(*collection)
            self._backend.store.drop(collection)
        elif change.before is None or not objects.equal(definition["spec"], change.before.obj["spec"]):
            self.serve(definition)
            update.update_as_controller(self._backend, change.key, self._set_status)

    def serve(self, definition: Object) -> None:
        """Serve the resources of a definition; objects stored earlier are shown by the new schema."""
        store, collection = self._backend.store, defined_collection(definition)
        self._resources.discard(*collection)
        served = to_resources(definition)
        for resource in served:
            self._resources.add(resource)
        for stored in store.select(collection) if served else ():
            obj = objects.clone(stored.obj)
            served[0].strategy.decode(obj)
            meta = objects.meta(obj)
            store.replace_in_place(Key(collection, meta.get("namespace", ""), meta["name"]), obj)

    def _set_status(self, definition: Object) -> None:
        status = definition.setdefault("status", {})
        status["acceptedNames"] = objects.clone(definition["spec"]["names"])
        before = {condition["type"]: condition for condition in status.get("conditions") or []}
        status["conditions"] = [before.get(row[0]) or self._condition(*row) for row in _CONDITIONS]

    def _condition(self, condition_type: str, reason: str, message: str) -> Object:
        return {
            "type": condition_type,
            "status": "True",
            "lastTransitionTime": self._backend.clock.timestamp(),
            "reason": reason,
            "message": message,
        }


_CONDITIONS: Final = (
    ("NamesAccepted", "NoConflicts", "no conflicts found"),
    ("Established", "InitialNamesAccepted", "the initial names have been accepted"),
)
"""Type, reason and message of the conditions of a served definition."""


def defined_collection(definition: Object) -> Collection:
    """Return the collection of the objects that a definition defines."""
    return (definition["spec"]["group"], definition["spec"]["names"]["plural"])
