"""One cluster, wired: the store, what it serves, who writes to it, and the controllers inside it."""

import random
from typing import Final

from acrcmk_lab.kube import builtins, clock, crds, lifecycle, resources, store, writes
from acrcmk_lab.kube.objects import Object
from acrcmk_lab.kube.store import Key

_NAMESPACES: Final = ("default", "kube-system", "kube-public", "kube-node-lease")


class Cluster:
    """The state behind the API; `seed` makes uids and generated names repeatable."""

    def __init__(self, *, time: clock.Clock, seed: int | None = None, window: int = 10_000) -> None:
        self.time = time
        self.choose = random.Random(seed)
        self.store = store.Store(window=window)
        self.catalogue = resources.Catalogue()
        for resource in builtins.load(
            {
                "Namespace": builtins.NamespaceStrategy,
                "Secret": builtins.SecretStrategy,
                "ConfigMap": builtins.ConfigMapStrategy,
                "Lease": builtins.LeaseStrategy,
                "CustomResourceDefinition": crds.CrdStrategy,
            }
        ):
            self.catalogue.add(resource)
        self.writer = writes.Writer(self.store, time=time, choose=self.choose)
        self.registrar = crds.Registrar(self.store, self.catalogue, self.writer, time=time)
        self.reaper = lifecycle.Reaper(self.store, self.catalogue, self.writer)

    def bootstrap(self) -> None:
        """Create the namespaces that every cluster has."""
        resource = self.catalogue.find("", "v1", "namespaces")
        assert resource is not None  # noqa: S101 - builtins.yaml has it
        for name in _NAMESPACES:
            obj: Object = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            self.writer.create(
                resource, Key(resource.collection, "", name), obj, writes.Options(manager="kube-apiserver")
            )
        self.store.born(self.store.revision)
