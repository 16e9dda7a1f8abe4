"""Creating, updating and deleting objects: what the generic registry of the real server does around a strategy."""

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from acrcmk_lab.kube import clock, errors, fielderrors, metadata, names, objects, resources
from acrcmk_lab.kube.apply import managers, typed
from acrcmk_lab.kube.objects import Object
from acrcmk_lab.kube.store import Key, Store, Stored

Validation = Literal["Ignore", "Warn", "Strict"]
_SYSTEM_FIELDS: Final = (
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "selfLink",
    "uid",
)
_PROPAGATION_FINALIZERS: Final = {"Foreground": "foregroundDeletion", "Orphan": "orphan"}


@dataclass
class Options:
    """What a write request asks for beside the object. `warnings` is filled while it is carried out.

    `uid` is a precondition; `duplicates` are the fields that the body gave more than once.
    """

    manager: str = "unknown"
    dry_run: bool = False
    force: bool = False
    validation: Validation = "Warn"
    uid: str | None = None
    duplicates: tuple[str, ...] = ()
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class DeleteOptions:
    """Preconditions and propagation of a delete."""

    uid: str | None = None
    resource_version: str | None = None
    propagation: str | None = None
    dry_run: bool = False


class StrictError(ValueError):
    """Strict validation found unknown or repeated fields."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("strict decoding error: " + ", ".join(problems))


class Writer:
    """All writes to the store go through here, whoever asks for them."""

    def __init__(self, store: Store, *, time: clock.Clock, choose: random.Random) -> None:
        self._store = store
        self._time = time
        self._choose = choose

    def create(self, resource: resources.Resource, key: Key, obj: Object, options: Options) -> Stored:
        """Store a new object (which is changed in place). Raises `StatusError`."""
        self._decode(resource, obj, options)
        meta = objects.meta(obj)
        self._require_namespace(resource, key)
        self._name(resource, key, meta)
        key = key._replace(name=meta["name"])
        for name in _SYSTEM_FIELDS:
            meta.pop(name, None)
        managers.track_update(None, obj, self._request(resource, options))
        self._admit(resource, key, obj, options)
        return self._store_new(resource, key, obj, options)

    def _admit(self, resource: resources.Resource, key: Key, obj: Object, options: Options) -> None:
        """Make `obj` ready to be stored as a new object, and validate it."""
        meta = objects.meta(obj)
        for name in _SYSTEM_FIELDS:
            meta.pop(name, None)
        meta["uid"] = str(uuid.UUID(int=self._choose.getrandbits(128), version=4))
        meta["creationTimestamp"] = self._time.stamp()
        resource.strategy.prepare_create(obj)
        problems = metadata.validate(obj, resource)
        problems = resource.strategy.validate(obj, None, metadata=problems)
        if problems:
            raise errors.invalid(resource.group, obj["kind"], key.name, problems)
        options.warnings += metadata.warnings(obj, None)

    def _store_new(self, resource: resources.Resource, key: Key, obj: Object, options: Options) -> Stored:
        if self._store.get(key):
            raise errors.already_exists(resource.group, resource.plural, key.name)
        had_status = "status" in obj
        resource.strategy.decode(obj)
        if options.dry_run:
            return Stored(obj, revision=0)
        if objects.meta(obj).get("resourceVersion"):
            raise errors.unexplained("resourceVersion should not be set on objects to be created")
        # A custom object is stored without the status that defaults give it whenever it is read.
        return self._store.put(key, obj, completed="status" in obj and not had_status)

    def _require_namespace(self, resource: resources.Resource, key: Key) -> None:
        if not resource.namespaced:
            return
        namespace = self._store.get(Key(("", "namespaces"), "", key.namespace))
        if namespace is None:
            raise errors.not_found("", "namespaces", key.namespace)
        if objects.dig(namespace.obj, "metadata", "deletionTimestamp"):
            text = f"unable to create new content in namespace {key.namespace} because it is being terminated"
            cause = {
                "reason": "NamespaceTerminating",
                "message": f"namespace {key.namespace} is being terminated",
                "field": "metadata.namespace",
            }
            raise errors.forbidden(resource.group, resource.plural, key.name, text, causes=[cause])

    def _name(self, resource: resources.Resource, key: Key, meta: Object) -> None:
        if not meta.get("name") and meta.get("generateName"):
            meta["name"] = names.generated(meta["generateName"], choose=self._choose)
        if not meta.get("name"):
            problem = fielderrors.required("metadata.name", "name or generateName is required")
            raise errors.invalid(resource.group, resource.kind, "", [problem])
        if resource.namespaced:
            meta["namespace"] = key.namespace
        else:
            meta.pop("namespace", None)

    def _decode(self, resource: resources.Resource, obj: Object, options: Options) -> None:
        unknown = resource.strategy.decode(obj)
        problems = [f'unknown field "{path}"' for path in unknown]
        problems += [f'duplicate field "{path}"' for path in options.duplicates]
        if problems and options.validation == "Strict":
            raise StrictError(problems)
        if options.validation == "Warn":
            options.warnings += problems

    def _request(self, resource: resources.Resource, options: Options, subresource: str = "") -> managers.Request:
        return managers.Request(
            manager=options.manager,
            api_version=resource.api_version,
            subresource=subresource,
            kind=typed.Type(resource.strategy.schema),
            reset=resource.strategy.reset_fields(subresource),
            now=self._time.now(),
            blank=resource.strategy.blank,
            force=options.force,
        )

    def update(
        self,
        resource: resources.Resource,
        key: Key,
        change: Callable[[Object], Object],
        options: Options,
        *,
        subresource: str = "",
    ) -> Stored:
        """Change an object: `change` gets a copy and returns the new object. Raises `StatusError`."""
        stored = self._store.get(key)
        if stored is None:
            raise resource.missing(key.name)
        old = stored.obj
        new = change(objects.clone(old))
        self._decode(resource, new, options)
        self._require_same_version(resource, key, new, old, options)
        managers.track_update(old, new, self._request(resource, options, subresource))
        return self._store_changed(resource, key, stored, new, options, subresource=subresource)

    def apply(
        self, resource: resources.Resource, key: Key, config: Object, options: Options, *, subresource: str = ""
    ) -> tuple[Stored, bool]:
        """Server-side apply; return the object, and whether it is new. Raises `StatusError`."""
        stored = self._store.get(key)
        request = self._request(resource, options, subresource)
        if stored is None:
            if subresource:
                raise resource.missing(key.name)
            self._require_namespace(resource, key)
        new = managers.apply(stored.obj if stored else None, config, request)
        if stored is None:
            return self._apply_new(resource, key, new, options), True
        if not objects.dig(config, "metadata", "resourceVersion"):
            objects.meta(new)["resourceVersion"] = objects.meta(stored.obj)["resourceVersion"]
        resource.strategy.default(new)
        self._require_same_version(resource, key, new, stored.obj, options)
        return self._store_changed(resource, key, stored, new, options, subresource=subresource), False

    def _apply_new(self, resource: resources.Resource, key: Key, new: Object, options: Options) -> Stored:
        meta = objects.meta(new)
        if meta.get("uid"):
            why = f"uid mismatch: the provided object specified uid {meta['uid']}, and no existing object was found"
            raise errors.conflict(resource.group, resource.plural, key.name, why)
        if not meta.get("name"):
            raise errors.bad_request(
                f"the name of the object ({key.name} based on URL) was undeterminable: name must be provided"
            )
        self._name(resource, key, meta)
        resource.strategy.default(new)
        self._admit(resource, key, new, options)
        return self._store_new(resource, key, new, options)

    def _require_same_version(
        self, resource: resources.Resource, key: Key, new: Object, old: Object, options: Options
    ) -> None:
        version, before = objects.meta(new).get("resourceVersion") or "", objects.meta(old)
        if version and not version.isdigit():
            raise errors.unexplained(f'strconv.ParseUint: parsing "{version}": invalid syntax')
        if not version and not resource.strategy.unconditional_update:
            problem = fielderrors.invalid("metadata.resourceVersion", 0, "must be specified for an update")
            raise errors.invalid(resource.group, resource.plural, key.name, [problem])
        if options.uid and options.uid != before["uid"]:
            told = f"Precondition failed: UID in precondition: {options.uid}, UID in object meta: {before['uid']}"
            place = "/".join(part for part in _storage_path(resource, key) if part)
            why = (
                f"StorageError: invalid object, Code: 4, Key: /{place}, ResourceVersion: 0, AdditionalErrorMsg: {told}"
            )
            raise errors.conflict(resource.group, resource.plural, key.name, why)
        if version and version != before["resourceVersion"]:
            raise errors.conflict(resource.group, resource.plural, key.name, errors.STALE)

    def _store_changed(
        self, resource: resources.Resource, key: Key, stored: Stored, new: Object, options: Options, *, subresource: str
    ) -> Stored:
        old = stored.obj
        metadata.keep_system_fields(new, old)
        if subresource == "status":
            resource.strategy.prepare_status(new, old)
        else:
            resource.strategy.prepare_update(new, old)
        # Twice, as the real server: once for every kind, once by the kind's own strategy.
        problems = 2 * metadata.validate_update(new, old)
        problems = resource.strategy.validate(new, old, subresource=subresource, metadata=problems)
        if problems:
            raise errors.invalid(resource.group, new["kind"], key.name, problems)
        resource.strategy.decode(new)
        options.warnings += metadata.warnings(new, old)
        if managers.same_but_times(new, old) and not stored.completed:
            return stored
        if metadata.finished(new):
            return self._remove(key, new, dry_run=options.dry_run)
        return Stored(new, revision=stored.revision) if options.dry_run else self._store.put(key, new)

    def _remove(self, key: Key, obj: Object, *, dry_run: bool = False) -> Stored:
        return Stored(obj, revision=0) if dry_run else self._store.remove(key, obj)

    def delete(self, resource: resources.Resource, key: Key, options: DeleteOptions) -> tuple[Stored, bool]:
        """Delete an object, or mark it where finalizers hold it; return it and whether it is gone.

        Raises `StatusError`.
        """
        stored = self._store.get(key)
        if stored is None:
            raise resource.missing(key.name)
        obj = objects.clone(stored.obj)
        meta = objects.meta(obj)
        objection = resource.strategy.undeletable(key.name)
        if objection:
            raise errors.forbidden(resource.group, resource.plural, key.name, objection)
        self._require_preconditions(resource, key, meta, options)
        extra = _PROPAGATION_FINALIZERS.get(options.propagation or "")
        if extra and extra not in meta.get("finalizers", []):
            meta["finalizers"] = [*meta.get("finalizers", []), extra]
        if not meta.get("finalizers") and not resource.strategy.holds(obj):
            return self._remove(key, obj, dry_run=options.dry_run), True
        if meta.get("deletionTimestamp"):
            return stored, False
        meta["deletionTimestamp"] = self._time.stamp()
        meta["deletionGracePeriodSeconds"] = 0
        if meta.get("generation"):
            meta["generation"] += 1
        resource.strategy.prepare_delete(obj)
        return (Stored(obj, revision=0) if options.dry_run else self._store.put(key, obj)), False

    def _require_preconditions(
        self, resource: resources.Resource, key: Key, meta: Object, options: DeleteOptions
    ) -> None:
        if options.uid is not None and options.uid != meta["uid"]:
            why = (
                f"the UID in the precondition ({options.uid}) does not match the UID in record ({meta['uid']}). "
                "The object might have been deleted and then recreated"
            )
            raise errors.conflict(resource.group, resource.kind, key.name, why)
        asked, actual = options.resource_version, meta["resourceVersion"]
        if asked is not None and asked != actual:
            why = (
                f"the ResourceVersion in the precondition ({asked}) does not match the ResourceVersion in record "
                f"({actual}). The object might have been modified"
            )
            raise errors.conflict(resource.group, resource.kind, key.name, why)

    def settle(self, key: Key, change: Callable[[Object], Any]) -> None:
        """Change a stored object as a controller of the server itself would, past all strategies.

        An object that this leaves without anything to wait for is removed.
        """
        stored = self._store.get(key)
        if stored is None:
            return
        new = objects.clone(stored.obj)
        change(new)
        if metadata.finished(new) and not objects.dig(new, "spec", "finalizers"):
            self._store.remove(key, new)
        elif not objects.same(new, stored.obj):
            self._store.put(key, new)


def _storage_path(resource: resources.Resource, key: Key) -> tuple[str, ...]:
    """Return where the real server keeps an object in etcd, which some of its messages tell."""
    head = (resource.group,) if resource.custom else ("registry",)
    return (*head, resource.plural, key.namespace, key.name)
