"""`acrcmk-lab bench-fleet`: many objects created at once, against the time and the calls that Azure allows."""

import argparse
import asyncio
import collections
import contextlib
import copy
import dataclasses
import http
import json
import pathlib
import tempfile
import time
from typing import Any

import psutil
import yaml

from acrcmk_lab import launch, processes
from acrcmk_lab.bench import fleet_figures
from acrcmk_lab.bench.flips import Flips

HELP = """Seconds and calls until many objects, created at once, are Ready.

Runs lab and operator once, applies N copies of deploy/samples/minimal.yaml with one kubectl apply, and reads the
figures from a watch and from the lab's request logs. Prints a table, and as the last line one JSON object:

  floor_seconds           time that Azure's throttling needs for one write of each resource: writes beyond
                          the burst at the refill rate
  critical_path_seconds   longest chain of simulated latencies of one object, as in bench-ready
  ratio                   seconds / (floor_seconds + critical_path_seconds)
  reads_, writes_per_object   Azure Resource Manager, as its throttling counts them
  flips                   conditions that went from True to False or Unknown, or back to a reason that they had left

All seconds are Azure's. The operator's own request budget runs in real time, whatever the speed: where it is what
limits the operator, only speed 1 gives the seconds and calls of the cloud.

The exit code is 1 if not all objects became Ready in time, or if Azure answered 429."""

WRITES_PER_OBJECT = 5
"""Identity, vault, key, role assignment, registry."""
PATH_SECONDS = 100.0
"""A generous critical path of one object, for the time after which the run is given up."""
GIVE_UP_FACTOR = 4.0
"""Twice the limit of 2 x (floor + critical path)."""
SAMPLE_SECONDS = 0.5
LABELS = {
    "objects": "objects",
    "ready": "Ready",
    "seconds": "apply to the last Ready",
    "floor_seconds": "Azure's write floor",
    "critical_path_seconds": "Azure's critical path",
    "ratio": "ratio (goal: at most 2)",
    "reads_per_object": "ARM reads per object (goal: at most 12)",
    "writes_per_object": "ARM writes per object (goal: at most 6)",
    "throttled": "answers of 429 (goal: 0)",
    "kube_writes_per_object": "Kubernetes writes per object (goal: 25)",
    "flips": "conditions that went back (goal: 0)",
    "peak_mib": "operator's peak memory (MiB, goal: 200)",
    "connections": "connections to Azure, most at once",
    "speed": "Azure's seconds per second",
}


@dataclasses.dataclass(kw_only=True)
class Progress:
    """What the watch and the samples saw so far."""

    ready: set[str] = dataclasses.field(default_factory=set)
    flips: Flips = dataclasses.field(default_factory=Flips)
    connections: int = 0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Measurement:
    """The figures, and the calls behind them by kind."""

    figures: fleet_figures.Figures
    azure_calls: collections.Counter[str]
    kube_writes: collections.Counter[str]
    flips: collections.Counter[str]

    def table(self) -> str:
        """Return the figures and the calls as a table."""
        lines = [f"  {LABELS[name]:<44}{value:>10g}" for name, value in dataclasses.asdict(self.figures).items()]
        breakdown = (
            ("Azure calls per object", self.azure_calls),
            ("Kubernetes writes per object", self.kube_writes),
            ("Flips per object", self.flips),
        )
        for title, counts in breakdown:
            lines += [f"  {title}:"] if counts else []
            lines += [f"    {count / self.figures.objects:>8.2f}  {name}" for name, count in counts.most_common()]
        return "\n".join(lines)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--objects", type=int, default=50, help="objects to create at once (%(default)s)")
    parser.add_argument("--speed", type=float, default=1.0, help="Azure's seconds per second (%(default)g)")


async def run(arguments: argparse.Namespace) -> int:
    """Measure once and print; return 1 if not all objects became Ready, or Azure throttled."""
    with (
        tempfile.TemporaryDirectory(prefix="acrcmk-bench-") as directory,
        processes.Children(pathlib.Path(directory)) as children,
    ):
        seconds = give_up_seconds(arguments.objects) / arguments.speed
        print(
            f"{arguments.objects} objects at {arguments.speed:g} times real time; at most {seconds:.0f} s ...",
            flush=True,
        )
        measurement = await measure(children, objects=arguments.objects, speed=arguments.speed)
    print(measurement.table())
    print(json.dumps(dataclasses.asdict(measurement.figures)))
    return 0 if measurement.figures.succeeded else 1


def give_up_seconds(objects: int) -> float:
    """Return Azure's seconds after which a run has failed."""
    return GIVE_UP_FACTOR * (fleet_figures.floor_seconds(objects * WRITES_PER_OBJECT) + PATH_SECONDS)


async def measure(children: processes.Children, *, objects: int, speed: float) -> Measurement:
    """Run once: measure from the start of `kubectl apply` until the watch has seen the last object Ready."""
    sample = launch.sample()
    lab = launch.Lab.open(children, speed=speed, spec=sample["spec"])
    launch.apply_crds(lab.kubectl)
    operator = lab.start_operator()
    operator.wait_until(lambda: _listed(lab), what="it listed the objects")
    progress = Progress()
    limit = give_up_seconds(objects) / speed
    sampling = asyncio.create_task(_sample_connections(operator, lab=lab, progress=progress))
    started = time.monotonic()
    try:
        async with asyncio.timeout(limit):
            await _create(lab, manifests=[manifest(sample, number) for number in range(objects)], progress=progress)
    except TimeoutError:
        print(f"only {len(progress.ready)} of {objects} objects are Ready after {limit:.0f} s", flush=True)
    finally:
        seconds = (time.monotonic() - started) * speed
        sampling.cancel()
    return _measurement(
        lab, objects=objects, seconds=seconds, progress=progress, peak_mib=round(operator.peak_rss_mib, 1)
    )


def manifest(sample: dict[str, Any], number: int) -> dict[str, Any]:
    """Return a copy of the sample with names of its own."""
    name = f"fleet{number:04}"
    result = copy.deepcopy(sample)
    result["metadata"]["name"] = name
    result["spec"]["vault"]["name"] = f"kv-{name}"
    result["spec"]["registry"]["name"] = f"acr{name}"
    return result


async def _create(lab: launch.Lab, *, manifests: list[dict[str, Any]], progress: Progress) -> None:
    """Apply all manifests at once, and follow their status until all are Ready."""
    async with lab.kubectl.follow(
        "get", "encreg", "--watch", "-o", 'jsonpath={.metadata.name} {.status.conditions}{"\\n"}'
    ) as lines:
        applying = asyncio.create_task(
            asyncio.to_thread(
                lab.kubectl.run, "apply", "-f", "-", stdin=yaml.safe_dump_all(manifests), timeout=60 + len(manifests)
            )
        )
        while len(progress.ready) < len(manifests):
            line = await lines.readline()
            if not line:
                raise processes.ChildError("kubectl stopped watching before all objects were Ready")
            name, _, conditions = line.decode().strip().partition(" ")
            _observe(progress, name=name, conditions=json.loads(conditions or "[]"))
        await applying


def _observe(progress: Progress, *, name: str, conditions: list[dict[str, str]]) -> None:
    progress.flips.observe(name, conditions)
    is_ready = any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)
    (progress.ready.add if is_ready else progress.ready.discard)(name)


async def _sample_connections(operator: processes.Child, *, lab: launch.Lab, progress: Progress) -> None:
    """Keep the largest number of connections that the operator has to the lab's Azure."""
    process, azure = psutil.Process(operator.pid), psutil.Process(lab.azure.child.pid)
    ports = {item.laddr.port for item in azure.net_connections(kind="tcp") if item.status == psutil.CONN_LISTEN}
    while True:
        with contextlib.suppress(psutil.Error):
            items = process.net_connections(kind="tcp")
            count = sum(bool(item.raddr) and item.raddr.port in ports for item in items)
            progress.connections = max(progress.connections, count)
        await asyncio.sleep(SAMPLE_SECONDS)


def _measurement(lab: launch.Lab, *, objects: int, seconds: float, progress: Progress, peak_mib: float) -> Measurement:
    requests = lab.azure.requests()
    arm = fleet_figures.arm(requests)
    reads = sum(entry["kind"] == "read" for entry in arm)
    kube_writes = fleet_figures.kube_writes(lab.kube.requests())
    floor = fleet_figures.floor_seconds(fleet_figures.needed_writes(requests))
    path = fleet_figures.critical_path_seconds(launch.read_log(lab.azure.log))
    figures = fleet_figures.Figures(
        objects=objects,
        ready=len(progress.ready),
        seconds=round(seconds, 1),
        floor_seconds=round(floor, 1),
        critical_path_seconds=round(path, 1),
        ratio=fleet_figures.ratio(seconds=seconds, floor=floor, path=path),
        reads_per_object=round(reads / objects, 2),
        writes_per_object=round((len(arm) - reads) / objects, 2),
        throttled=sum(entry["status"] == http.HTTPStatus.TOO_MANY_REQUESTS for entry in requests),
        kube_writes_per_object=round(kube_writes.total() / objects, 2),
        flips=progress.flips.total,
        peak_mib=peak_mib,
        connections=progress.connections,
        speed=lab.speed,
    )
    return Measurement(
        figures=figures,
        azure_calls=fleet_figures.azure_calls(requests),
        kube_writes=kube_writes,
        flips=progress.flips.counts,
    )


def _listed(lab: launch.Lab) -> bool:
    """Return whether the operator has listed its objects; its watch, which is logged when it ends, follows at once."""
    return any(entry["path"].endswith("/encryptedregistries") for entry in lab.kube.requests())
