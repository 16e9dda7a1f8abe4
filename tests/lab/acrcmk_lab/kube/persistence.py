"""Save a cluster in a file while the server runs and when it stops; restore it at the next start."""

import asyncio
import contextlib
import json
import os
import pathlib
import tempfile

from acrcmk_lab.kube.cluster import Cluster
from acrcmk_lab.kube.registry import crds
from acrcmk_lab.kube.storage.stored import Key


def restore(cluster: Cluster, path: pathlib.Path) -> bool:
    """Fill an empty cluster from `path`; return whether there was such a file."""
    if not path.exists():
        return False
    saved = json.loads(path.read_text(encoding="utf-8"))
    for entry in saved["objects"]:
        key = Key(tuple(entry["collection"]), entry["namespace"], entry["name"])
        cluster.store.restore(entry["object"], key)
    cluster.store.start_at(saved["revision"])
    for stored in cluster.store.select(crds.COLLECTION):
        cluster.crd_controller.serve(stored.obj)
    return True


def save(cluster: Cluster, path: pathlib.Path) -> None:
    """Write the cluster to `path`, atomically."""
    entries = []
    for key in cluster.store.all_keys():
        stored = cluster.store.get(key)
        if stored is not None:
            location = {"collection": list(key.collection), "namespace": key.namespace, "name": key.name}
            entries.append({**location, "object": stored.obj})
    write_atomically(path, json.dumps({"revision": cluster.store.revision, "objects": entries}))


def write_atomically(path: pathlib.Path, text: str, *, mode: int = 0o600) -> None:
    """Write a file so that a reader sees all of it or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    pathlib.Path(name).chmod(mode)
    pathlib.Path(name).replace(path)


async def save_periodically(cluster: Cluster, path: pathlib.Path, *, seconds: float = 1.0) -> None:
    """Save after every change, at most every `seconds`, and once more when cancelled."""
    saved = -1
    with contextlib.suppress(asyncio.CancelledError):
        while True:
            if saved != cluster.store.revision:
                saved = cluster.store.revision
                save(cluster, path)
            await asyncio.sleep(seconds)
    save(cluster, path)
