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
PROPAGATION_FINALIZERS: Final = {"Foreground": "foregroundDeletion", "Orphan": "orphan"}


@dataclass
class Options:
    """What a write request asks for beside the object. `warnings` is filled while it is carried out."""

    manager: str = "unknown"
    dry_run: bool = False
    force: bool = False
    validation: Validation = "Warn"
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class DeleteOptions:
    """Preconditions and propagation of a delete."""

    uid: str | None = None
    resource_version: str | None = None
    propagation: str | None = None
    dry_run: bool = False


class UnknownFields(Exception):  # noqa: N818 - what was found, for the caller to word
    """Strict validation found fields that the schema does not have; `paths` are theirs."""

    def __init__(self, paths: list[str]) -> None:
        super().__init__(", ".join(paths))
        self.paths = paths


class Writer:
    """All writes to the store go through here, whoever asks for them."""

    def __init__(self, store: Store, *, time: clock.Clock, choose: random.Random) -> None:
        self._store = store
        self._time = time
        self._choose = choose

    def create(self, resource: resources.Resource, key: Key, obj: Object, options: Options) -> Stored:
        """Store a new object (which is changed in place). Raises `StatusError`."""
        meta = objects.meta(obj)
        self._require_namespace(resource, key)
        if meta.get("resourceVersion"):
            raise errors.bad_request("resourceVersion should not be set on objects to be created")
        self._name(resource, key, meta)
        key = key._replace(name=meta.get("name", ""))
        self._decode(resource, obj, options)
        request = self._request(resource, options)
        managers.track_update(None, obj, request)
        self._admit(resource, key, obj, options, subresource="")
        return self._store_new(resource, key, obj, options)

    def _admit(
        self, resource: resources.Resource, key: Key, obj: Object, options: Options, *, subresource: str
    ) -> None:
        """Make `obj` ready to be stored as a new object, and validate it."""
        meta = objects.meta(obj)
        for name in ("deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "generation"):
            meta.pop(name, None)
        meta["uid"] = str(uuid.UUID(int=self._choose.getrandbits(128), version=4))
        meta["creationTimestamp"] = self._time.stamp()
        resource.strategy.prepare_create(obj)
        problems = metadata.validate(obj, resource)
        problems += resource.strategy.validate(obj, None, subresource=subresource)
        if problems:
            raise errors.invalid(resource.group, resource.kind, key.name, problems)
        resource.strategy.decode(obj)
        options.warnings += metadata.warnings(obj, None)

    def _store_new(self, resource: resources.Resource, key: Key, obj: Object, options: Options) -> Stored:
        if self._store.get(key):
            raise errors.already_exists(resource.group, resource.plural, key.name)
        if options.dry_run:
            return Stored(obj, revision=0)
        return self._store.put(key, obj)

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
        if unknown and options.validation == "Strict":
            raise UnknownFields(unknown)
        if options.validation == "Warn":
            options.warnings += [f'unknown field "{path}"' for path in unknown]

    def _request(self, resource: resources.Resource, options: Options, subresource: str = "") -> managers.Request:
        return managers.Request(
            manager=options.manager,
            api_version=resource.api_version,
            subresource=subresource,
            kind=typed.Type(resource.strategy.schema),
            reset=resource.strategy.reset_fields(subresource),
            now=self._time.now(),
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
        self._require_same_version(resource, key, new, old)
        managers.track_update(old, new, self._request(resource, options, subresource))
        return self._store_changed(resource, key, stored, new, options, subresource=subresource)

    def apply(
        self, resource: resources.Resource, key: Key, config: Object, options: Options, *, subresource: str = ""
    ) -> tuple[Stored, bool]:
        """Server-side apply; return the object, and whether it is new. Raises `StatusError`."""
        stored = self._store.get(key)
        request = self._request(resource, options, subresource)
        if stored is None and subresource:
            raise resource.missing(key.name)
        if stored is None:
            self._require_namespace(resource, key)
        try:
            new = managers.apply(stored.obj if stored else None, config, request)
        except typed.MergeError as error:
            raise errors.internal(str(error)) from None
        if stored is None:
            self._name(resource, key, objects.meta(new))
            self._decode(resource, new, options)
            self._admit(resource, key, new, options, subresource="")
            return self._store_new(resource, key, new, options), True
        wanted = objects.dig(config, "metadata", "resourceVersion")
        if not wanted:
            objects.meta(new)["resourceVersion"] = objects.meta(stored.obj)["resourceVersion"]
        self._decode(resource, new, options)
        self._require_same_version(resource, key, new, stored.obj)
        return self._store_changed(resource, key, stored, new, options, subresource=subresource), False

    def _require_same_version(self, resource: resources.Resource, key: Key, new: Object, old: Object) -> None:
        meta, before = objects.meta(new), objects.meta(old)
        version = meta.get("resourceVersion") or ""
        if not version and not resource.strategy.unconditional_update:
            problem = fielderrors.invalid("metadata.resourceVersion", 0, "must be specified for an update")
            raise errors.invalid(resource.group, resource.kind, key.name, [problem])
        if meta.get("uid") and meta["uid"] != before["uid"]:
            why = f"Precondition failed: UID in precondition: {meta['uid']}, UID in object meta: {before['uid']}"
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
        problems = metadata.validate_update(new, old)
        problems += resource.strategy.validate(new, old, subresource=subresource)
        if problems:
            raise errors.invalid(resource.group, resource.kind, key.name, problems)
        resource.strategy.decode(new)
        options.warnings += metadata.warnings(new, old)
        if managers.same_but_times(new, old):
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
        self._require_preconditions(resource, key, meta, options)
        extra = PROPAGATION_FINALIZERS.get(options.propagation or "")
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
            why = f"Precondition failed: UID in precondition: {options.uid}, UID in object meta: {meta['uid']}"
            raise errors.conflict(resource.group, resource.plural, key.name, f"{why}")
        version = options.resource_version
        if version is not None and version != meta["resourceVersion"]:
            why = (
                f"Precondition failed: ResourceVersion in precondition: {version}, "
                f"ResourceVersion in object meta: {meta['resourceVersion']}"
            )
            raise errors.conflict(resource.group, resource.plural, key.name, why)

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
