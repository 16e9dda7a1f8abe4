"""What an API server would say of objects of a definition, asked without a server."""

import datetime

from acrcmk_lab.kube import clock, cluster, crds, fielderrors, objects, writes
from acrcmk_lab.kube.objects import Object
from acrcmk_lab.kube.store import Key

_NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


class Judge:
    """Judges by the storage version of a definition. Raises `errors.StatusError` where the definition is refused.

    `unknown` are the fields of the definition itself that no server knows.
    """

    def __init__(self, definition: Object) -> None:
        lab = cluster.Cluster(time=clock.Clock(lambda: _NOW), seed=0)
        kind = lab.catalogue.find(crds.COLLECTION[0], "v1", crds.COLLECTION[1])
        assert kind is not None  # noqa: S101 - builtins.yaml has it
        mine = objects.clone(definition)
        self.unknown = kind.strategy.decode(mine)
        key = Key(crds.COLLECTION, "", objects.meta(mine)["name"])
        stored = lab.writer.create(kind, key, mine, writes.Options(manager="judge"))
        spec = stored.obj["spec"]
        storage = next(version["name"] for version in spec["versions"] if version["storage"])
        found = lab.catalogue.find(spec["group"], storage, spec["names"]["plural"])
        if found is None:
            raise ValueError(f"{key.name}: version {storage} is stored but not served")
        self._resource = found

    def complaints(self, new: Object, old: Object | None = None) -> list[fielderrors.FieldError]:
        """Return what is wrong with a new object, or with the update of `old`."""
        return self._resource.strategy.validate(self._decoded(new), old and self._decoded(old), metadata=[])

    def unknown_fields(self, obj: Object) -> list[str]:
        """Return the paths that would be pruned."""
        return self._resource.strategy.decode(objects.clone(obj))

    def _decoded(self, obj: Object) -> Object:
        mine: Object = objects.clone(obj)
        self._resource.strategy.decode(mine)
        return mine
