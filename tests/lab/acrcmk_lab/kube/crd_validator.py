"""Validate objects by a definition as an API server does, without a server."""

import datetime

from acrcmk_lab.kube.apimachinery import objects
from acrcmk_lab.kube.apimachinery.clock import Clock
from acrcmk_lab.kube.apimachinery.field_errors import FieldError
from acrcmk_lab.kube.apimachinery.objects import Object
from acrcmk_lab.kube.cluster import Cluster
from acrcmk_lab.kube.registry import crds, create
from acrcmk_lab.kube.registry.options import WriteOptions
from acrcmk_lab.kube.storage.stored import Key

_NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


class CrdValidator:
    """Validates by the storage version of a definition. Raises `errors.StatusError` where the definition is invalid.

    `unknown` are the unknown fields of the definition itself.
    """

    def __init__(self, definition: Object) -> None:
        cluster = Cluster(clock=Clock(lambda: _NOW), seed=0)
        crd_resource = cluster.resources.find(crds.COLLECTION[0], "v1", crds.COLLECTION[1])
        assert crd_resource is not None  # noqa: S101 - builtins.yaml has it
        obj = objects.clone(definition)
        self.unknown = crd_resource.strategy.decode(obj)
        key = Key(crds.COLLECTION, "", objects.meta(obj)["name"])
        stored = create.create(cluster.backend, crd_resource, key, obj, WriteOptions(manager="crd-validator"))
        spec = stored.obj["spec"]
        storage = next(version["name"] for version in spec["versions"] if version["storage"])
        resource = cluster.resources.find(spec["group"], storage, spec["names"]["plural"])
        if resource is None:
            raise ValueError(f"{key.name}: version {storage} is stored but not served")
        self._resource = resource

    def errors(self, new: Object, old: Object | None = None) -> list[FieldError]:
        """Return the errors of a new object, or of the update of `old`."""
        return self._resource.strategy.validate(self._decoded(new), old and self._decoded(old), metadata=[])

    def unknown_fields(self, obj: Object) -> list[str]:
        """Return the paths that would be pruned."""
        return self._resource.strategy.decode(objects.clone(obj))

    def _decoded(self, obj: Object) -> Object:
        decoded: Object = objects.clone(obj)
        self._resource.strategy.decode(decoded)
        return decoded
