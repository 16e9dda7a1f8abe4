"""The built-in resources: `builtins.yaml`, and the strategies of those with behaviour of their own."""

import base64
import datetime
import functools
import pathlib
from typing import Final

import yaml

from acrcmk_lab.kube.apimachinery import field_errors, names, objects
from acrcmk_lab.kube.apimachinery.field_errors import FieldError
from acrcmk_lab.kube.apimachinery.objects import Object
from acrcmk_lab.kube.registry import printer_columns, resources
from acrcmk_lab.kube.registry.printer_columns import Column
from acrcmk_lab.kube.registry.resources import Resource
from acrcmk_lab.kube.registry.strategy import Strategy

_SOURCE: Final = pathlib.Path(__file__).with_name("builtins.yaml")


@functools.cache
def _document() -> Object:
    document: Object = yaml.safe_load(_SOURCE.read_text(encoding="utf-8"))
    return document


def metadata_schema() -> Object:
    """Return the schema of `metadata`, which all resources share."""
    schema: Object = _document()["metadata"]
    return schema


def complete(schema: Object) -> Object:
    """Return a resource's schema with the type and the metadata that every object has."""
    type_meta = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": metadata_schema()}
    return {**schema, "type": "object", "properties": {**(schema.get("properties") or {}), **type_meta}}


def load(strategies: dict[str, type[Strategy]]) -> list[Resource]:
    """Return the built-in resources; `strategies` has by kind the strategies of those with behaviour of their own."""
    return [_resource(source, strategies.get(source["kind"], Strategy)) for source in _document()["resources"]]


def _resource(source: Object, strategy: type[Strategy]) -> Resource:
    schema = complete({key: source[key] for key in ("description", "properties", "required") if key in source})
    status, group = source.get("status", False), source.get("group", "")
    return Resource(
        group=group,
        version=source["version"],
        plural=source["plural"],
        singular=source["kind"].lower(),
        kind=source["kind"],
        list_kind=f"{source['kind']}List",
        namespaced=source.get("namespaced", True),
        schema=schema,
        strategy=strategy(schema, status=status, empty_object=source.get("blank")),
        columns=_columns(source["columns"]),
        short_names=tuple(source.get("shortNames", ())),
        categories=tuple(source.get("categories", ())),
        verbs=tuple(source.get("verbs", resources.ALL_VERBS)),
        status=status,
        selectable=tuple(source.get("selectable", ())),
        collection=tuple(source.get("collection", (group, source["plural"]))),
    )


_PROTECTED: Final = ("default", "kube-system", "kube-public")


class NamespaceStrategy(Strategy):
    """A new namespace is Active, has a label with its name, and a finalizer until it is empty."""

    def decode(self, obj: Object) -> list[str]:
        unknown = super().decode(obj)
        meta = objects.meta(obj)
        if meta.get("name"):
            meta["labels"] = {**(meta.get("labels") or {}), "kubernetes.io/metadata.name": meta["name"]}
        return unknown

    def reset_fields(self, subresource: str) -> tuple[str, ...]:
        return ("spec", *super().reset_fields(subresource))

    def prepare_create(self, obj: Object) -> None:
        super().prepare_create(obj)
        obj.setdefault("spec", {})["finalizers"] = ["kubernetes"]
        obj["status"] = {"phase": "Active"}

    def prepare_update(self, new: Object, old: Object) -> None:
        super().prepare_update(new, old)
        new.setdefault("spec", {})["finalizers"] = objects.dig(old, "spec", "finalizers", default=[])

    def prepare_delete(self, obj: Object) -> None:
        obj["status"] = {"phase": "Terminating"}

    def delays_deletion(self, obj: Object) -> bool:
        return bool(objects.dig(obj, "spec", "finalizers"))

    def deletion_forbidden(self, name: str) -> str:
        return "this namespace may not be deleted" if name in _PROTECTED else ""

    def validate_name(self, name: str) -> list[str]:
        return names.label(name)


class SecretStrategy(Strategy):
    """`stringData` is merged into `data`; the type is immutable."""

    def decode(self, obj: Object) -> list[str]:
        unknown = super().decode(obj)
        plain = obj.pop("stringData", None) or {}
        if plain:
            data = obj["data"] = obj.get("data") or {}
            data.update({key: base64.b64encode(value.encode()).decode() for key, value in plain.items()})
        obj.setdefault("type", "Opaque")
        return unknown

    def problems(self, new: Object, old: Object | None, *, subresource: str) -> list[FieldError]:
        problems = super().problems(new, old, subresource=subresource)
        if old is not None and new.get("type") != old.get("type"):
            problems.append(field_errors.invalid("type", new.get("type"), "field is immutable"))
        if new.get("type") == "kubernetes.io/tls":
            missing = [key for key in ("tls.crt", "tls.key") if key not in (new.get("data") or {})]
            problems += [field_errors.required(f"data[{key}]") for key in missing]
        return problems + _key_errors(new, "data") + _immutable_errors(new, old, "data")


class ConfigMapStrategy(Strategy):
    """The data of an immutable ConfigMap cannot change."""

    def problems(self, new: Object, old: Object | None, *, subresource: str) -> list[FieldError]:
        problems = super().problems(new, old, subresource=subresource)
        problems += _key_errors(new, "data") + _key_errors(new, "binaryData")
        return problems + _immutable_errors(new, old, "data") + _immutable_errors(new, old, "binaryData")


class LeaseStrategy(Strategy):
    """The duration of a lease is positive, its count of transitions not negative."""

    def problems(self, new: Object, old: Object | None, *, subresource: str) -> list[FieldError]:
        problems = super().problems(new, old, subresource=subresource)
        spec = new.get("spec") or {}
        duration, transitions = spec.get("leaseDurationSeconds"), spec.get("leaseTransitions")
        if duration is not None and duration <= 0:
            problems.append(field_errors.invalid("spec.leaseDurationSeconds", duration, "must be greater than 0"))
        if transitions is not None and transitions < 0:
            detail = "must be greater than or equal to 0"
            problems.append(field_errors.invalid("spec.leaseTransitions", transitions, detail))
        return problems


STRATEGIES: Final[dict[str, type[Strategy]]] = {
    "Namespace": NamespaceStrategy,
    "Secret": SecretStrategy,
    "ConfigMap": ConfigMapStrategy,
    "Lease": LeaseStrategy,
}
"""By kind, the strategies of the resources with behaviour of their own."""


def _key_errors(obj: Object, field: str) -> list[FieldError]:
    return [
        field_errors.invalid(f"{field}[{key}]", key, text)
        for key in obj.get(field) or {}
        for text in names.config_key(key)
    ]


def _immutable_errors(new: Object, old: Object | None, field: str) -> list[FieldError]:
    if old is None or not old.get("immutable"):
        return []
    detail = "field is immutable when `immutable` is set"
    problems = [] if new.get("immutable") else [field_errors.forbidden("immutable", detail)]
    if not objects.equal(new.get(field), old.get(field)):
        problems.append(field_errors.forbidden(field, detail))
    return problems


def _age(obj: Object, now: datetime.datetime) -> str:
    created = objects.dig(obj, "metadata", "creationTimestamp")
    return printer_columns.age(created, now=now) if created else "<unknown>"


def _count(obj: Object, _now: datetime.datetime) -> int:
    return len(obj.get("data") or {}) + len(obj.get("binaryData") or {})


def _last_seen(obj: Object, now: datetime.datetime) -> str:
    series = objects.dig(obj, "series", "lastObservedTime")
    seen = series or obj.get("lastTimestamp") or obj.get("firstTimestamp") or obj.get("eventTime")
    seen = seen or obj.get("deprecatedLastTimestamp") or obj.get("deprecatedFirstTimestamp")
    return printer_columns.age(seen, now=now) if seen else "<unknown>"


def _event_object(obj: Object, _now: datetime.datetime) -> str:
    about = obj.get("involvedObject") or obj.get("regarding") or {}
    name = str(about.get("name", ""))
    return f"{str(about['kind']).lower()}/{name}" if about.get("kind") else name


def _event_message(obj: Object, _now: datetime.datetime) -> str:
    return str(obj.get("message") or obj.get("note") or "").strip()


NAME_COLUMN: Final = Column(
    name="Name", type="string", path=".metadata.name", format="name", description="The object's name."
)
_COLUMNS: Final[dict[str, Column]] = {
    "status": Column(name="Status", type="string", path=".status.phase", description="The status of the namespace."),
    "age": Column(name="Age", type="string", path="", read=_age, description="When the object was created."),
    "created at": Column(
        name="Created At",
        type="date",
        path="",
        read=lambda obj, _: objects.dig(obj, "metadata", "creationTimestamp"),
        description="When the object was created.",
    ),
    "data": Column(name="Data", type="string", path="", read=_count, description="How many keys the data has."),
    "holder": Column(name="Holder", type="string", path=".spec.holderIdentity", description="Who holds the lease."),
    "last seen": Column(
        name="Last Seen", type="string", path="", read=_last_seen, description="When it was seen last."
    ),
    "type": Column(name="Type", type="string", path=".type", description="The type."),
    "reason": Column(
        name="Reason", type="string", path=".reason", description="A short machine understandable reason."
    ),
    "object": Column(name="Object", type="string", path="", read=_event_object, description="What the event is about."),
    "message": Column(
        name="Message", type="string", path="", read=_event_message, description="What happened, for people."
    ),
}


def _columns(column_names: list[str]) -> tuple[Column, ...]:
    """Return columns by name, after the object's name, which events are listed without."""
    columns = tuple(_COLUMNS[name] for name in column_names)
    return columns if "last seen" in column_names else (NAME_COLUMN, *columns)
