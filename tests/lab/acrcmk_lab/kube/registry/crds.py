"""CustomResourceDefinitions: how they are completed and checked, and how they become served resources."""

from typing import Final

from acrcmk_lab.kube import builtins, clock, crdchecks, fielderrors, objects, resources, strategy, writes
from acrcmk_lab.kube.fielderrors import FieldError
from acrcmk_lab.kube.objects import Object
from acrcmk_lab.kube.schema import keywords, rulecompiler
from acrcmk_lab.kube.store import Change, Key, Store
from acrcmk_lab.kube.table import CREATED, Column

COLLECTION: Final = ("apiextensions.k8s.io", "customresourcedefinitions")
FINALIZER: Final = "customresourcecleanup.apiextensions.k8s.io"
_CUSTOM_VERBS: Final = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")


class CrdStrategy(strategy.Strategy):
    """Completes and checks a definition."""

    counts_generations = True

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

    def holds(self, obj: Object) -> bool:
        return not objects.dig(obj, "metadata", "deletionTimestamp")

    def problems(self, new: Object, old: Object | None, *, subresource: str) -> list[FieldError]:
        problems = super().problems(new, old, subresource=subresource)
        if subresource:
            return problems
        return problems + crdchecks.problems(new) + (_frozen(new["spec"], old["spec"]) if old else [])


def _complete_names(found: Object) -> None:
    kind = found.get("kind")
    if kind:
        found.setdefault("singular", kind.lower())
        found.setdefault("listKind", f"{kind}List")


def _frozen(new: Object, old: Object) -> list[FieldError]:
    pairs = [("group", new.get("group"), old.get("group")), ("scope", new.get("scope"), old.get("scope"))]
    pairs += [(f"names.{name}", new["names"].get(name), old["names"].get(name)) for name in ("plural", "kind")]
    return [
        fielderrors.invalid(f"spec.{name}", value, "field is immutable")
        for name, value, before in pairs
        if value != before
    ]


def _versions(obj: Object) -> list[Object]:
    found: list[Object] = objects.dig(obj, "spec", "versions", default=[]) or []
    return found


def to_resources(definition: Object) -> list[resources.Resource]:
    """Return what a definition serves, one resource per served version."""
    spec = definition["spec"]
    return [_resource(spec, version) for version in spec["versions"] if version.get("served")]


def _resource(spec: Object, version: Object) -> resources.Resource:
    schema = objects.dig(version, "schema", "openAPIV3Schema", default={})
    status = "status" in (version.get("subresources") or {})
    named = spec["names"]
    return resources.Resource(
        group=spec["group"],
        version=version["name"],
        plural=named["plural"],
        singular=named["singular"],
        kind=named["kind"],
        list_kind=named["listKind"],
        namespaced=spec["scope"] == "Namespaced",
        schema=schema,
        strategy=strategy.CustomStrategy(
            builtins.whole(schema),
            api_version=objects.group_version(spec["group"], version["name"]),
            kind=named["kind"],
            status=status,
            validations=rulecompiler.compile_tree(schema),
        ),
        columns=_columns(version),
        short_names=tuple(named.get("shortNames") or ()),
        categories=tuple(named.get("categories") or ()),
        verbs=_CUSTOM_VERBS,
        status=status,
        custom=True,
        selectable=tuple(one["jsonPath"].lstrip(".") for one in version.get("selectableFields") or []),
    )


def _columns(version: Object) -> tuple[Column, ...]:
    """Return the columns of a version: the name alone where one of its own has a path that cannot be read."""
    own = tuple(map(_column, version.get("additionalPrinterColumns") or []))
    if not own:
        own = (Column("Age", "date", CREATED, description="When the object was created."),)
    return (builtins.name_column(), *(own if all(column.readable for column in own) else ()))


def _column(column: Object) -> Column:
    return Column(
        column["name"],
        column["type"],
        column["jsonPath"],
        format=column.get("format", ""),
        description=column.get("description", ""),
        priority=column.get("priority", 0),
    )


class Registrar:
    """Keeps the catalogue in step with the stored definitions, and reports so in their status."""

    def __init__(
        self, store: Store, catalogue: resources.Catalogue, writer: writes.Writer, *, time: clock.Clock
    ) -> None:
        self._store = store
        self._catalogue = catalogue
        self._writer = writer
        self._time = time
        store.observers.append(self._observe)

    def _observe(self, change: Change) -> None:
        if change.key.collection != COLLECTION:
            return
        definition = change.after.obj
        if change.type == "DELETED":
            spec = definition["spec"]
            self._catalogue.discard(spec["group"], spec["names"]["plural"])
            self._store.drop((spec["group"], spec["names"]["plural"]))
        elif change.before is None or not objects.same(definition["spec"], change.before.obj["spec"]):
            self.serve(definition)
            self._writer.settle(change.key, self._accept)

    def serve(self, definition: Object) -> None:
        """Serve what a definition defines; objects stored earlier are shown by the new schema."""
        spec = definition["spec"]
        collection = (spec["group"], spec["names"]["plural"])
        self._catalogue.discard(*collection)
        served = to_resources(definition)
        for resource in served:
            self._catalogue.add(resource)
        for stored in self._store.select(collection) if served else ():
            obj = objects.clone(stored.obj)
            served[0].strategy.decode(obj)
            meta = objects.meta(obj)
            self._store.replace_in_place(Key(collection, meta.get("namespace", ""), meta["name"]), obj)

    def _accept(self, definition: Object) -> None:
        status = definition.setdefault("status", {})
        status["acceptedNames"] = objects.clone(definition["spec"]["names"])
        known = {condition["type"]: condition for condition in status.get("conditions") or []}
        wanted = [
            ("NamesAccepted", "NoConflicts", "no conflicts found"),
            ("Established", "InitialNamesAccepted", "the initial names have been accepted"),
        ]
        status["conditions"] = [
            known.get(kind) or self._condition(kind, reason, message) for kind, reason, message in wanted
        ]

    def _condition(self, kind: str, reason: str, message: str) -> Object:
        return {
            "type": kind,
            "status": "True",
            "lastTransitionTime": self._time.stamp(),
            "reason": reason,
            "message": message,
        }
