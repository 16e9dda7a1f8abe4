"""One cluster, wired: the store, the served resources, the target of writes, and the controllers."""

import random
from typing import Final

from acrcmk_lab.kube.apimachinery.clock import Clock
from acrcmk_lab.kube.apimachinery.objects import Object
from acrcmk_lab.kube.registry import builtins, create
from acrcmk_lab.kube.registry.backend import Backend
from acrcmk_lab.kube.registry.crds import CrdController, CrdStrategy
from acrcmk_lab.kube.registry.lifecycle import DeletionController
from acrcmk_lab.kube.registry.options import WriteOptions
from acrcmk_lab.kube.registry.resources import ServedResources
from acrcmk_lab.kube.storage.store import Store
from acrcmk_lab.kube.storage.stored import Key

_NAMESPACES: Final = ("default", "kube-system", "kube-public", "kube-node-lease")


class Cluster:
    """The state behind the API; `seed` makes uids and generated names repeatable."""

    def __init__(self, *, clock: Clock, seed: int | None = None, window: int = 10_000) -> None:
        self.clock = clock
        self.rng = random.Random(seed)
        self.store = Store(window=window)
        self.resources = ServedResources()
        for resource in builtins.load({**builtins.STRATEGIES, "CustomResourceDefinition": CrdStrategy}):
            self.resources.add(resource)
        self.backend = Backend(store=self.store, clock=clock, rng=self.rng)
        self.crd_controller = CrdController(self.backend, self.resources)
        self.deletion_controller = DeletionController(self.backend, self.resources)

    def bootstrap(self) -> None:
        """Create the namespaces that every cluster has."""
        resource = self.resources.find("", "v1", "namespaces")
        assert resource is not None  # noqa: S101 - builtins.yaml has it
        for name in _NAMESPACES:
            obj: Object = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            key = Key(resource.collection, "", name)
            create.create(self.backend, resource, key, obj, WriteOptions(manager="kube-apiserver"))
        self.store.start_at(self.store.revision)
