"""`acrcmk-lab bench-ready`: how long from `kubectl apply` to Ready, against the time that Azure itself takes."""

import argparse
import dataclasses
import json
import pathlib
import tempfile
import time

from acrcmk_lab import launch, processes
from acrcmk_lab.azure import critical_path

HELP = """Seconds from apply to Ready, against Azure's own critical path.

Runs lab and operator once, applies deploy/samples/minimal.yaml, and reads the figures from the lab's request logs.
The critical path is the longest chain of simulated latencies that no operator can avoid. Prints a table, and as the
last line one JSON object. All seconds are Azure's."""

READY_SECONDS = 600


@dataclasses.dataclass(frozen=True, kw_only=True)
class Figures:
    """What is measured; seconds are Azure's."""

    ratio: float
    seconds: float
    critical_path_seconds: float
    azure_reads: int
    azure_writes: int
    vault_calls: int
    kube_writes: int
    peak_rss_mib: float


LABELS = {
    "ratio": "ratio (goal: at most 1.10)",
    "seconds": "apply to Ready",
    "critical_path_seconds": "Azure's critical path",
    "azure_reads": "Azure Resource Manager reads",
    "azure_writes": "Azure Resource Manager writes",
    "vault_calls": "vault data plane calls",
    "kube_writes": "Kubernetes writes",
    "peak_rss_mib": "operator's peak memory (MiB)",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--speed", type=float, default=1.0, help="Azure's seconds per second (%(default)g)")


async def run(arguments: argparse.Namespace) -> int:
    """Measure once and print."""
    with (
        tempfile.TemporaryDirectory(prefix="acrcmk-bench-") as directory,
        processes.Children(pathlib.Path(directory)) as children,
    ):
        print(
            f"One registry at {arguments.speed:g} times real time; about {100 / arguments.speed:.0f} s ...", flush=True
        )
        figures = dataclasses.asdict(measure(children, speed=arguments.speed))
    for name, value in figures.items():
        print(f"  {LABELS[name]:<32}{value:>10g}")
    print(json.dumps(figures))
    return 0


def measure(children: processes.Children, *, speed: float) -> Figures:
    """Run once: measure from the start of `kubectl apply` to the end of `kubectl wait`."""
    sample = launch.sample()
    name = sample["metadata"]["name"]
    lab = launch.Lab.open(children, speed=speed, spec=sample["spec"])
    launch.apply_crds(lab.kubectl)
    operator = lab.start_operator()
    operator.wait_until(lambda: _listed(lab), what="it listed the objects")
    started = time.monotonic()
    lab.kubectl.run("apply", "-f", str(launch.SAMPLE))
    lab.kubectl.run(
        "wait", "--for=condition=Ready", f"encreg/{name}", f"--timeout={READY_SECONDS}s", timeout=READY_SECONDS + 10
    )
    seconds = (time.monotonic() - started) * speed
    path = critical_path.seconds(launch.read_log(lab.azure.log))
    requests = lab.azure.requests()
    return Figures(
        ratio=round(seconds / path, 3),
        seconds=round(seconds, 1),
        critical_path_seconds=round(path, 1),
        azure_reads=sum(entry["service"] == "arm" and entry["kind"] == "read" for entry in requests),
        azure_writes=sum(entry["service"] == "arm" and entry["kind"] != "read" for entry in requests),
        vault_calls=sum(entry["service"] == "vault" for entry in requests),
        kube_writes=sum(entry["method"] != "GET" for entry in lab.kube.requests()),
        peak_rss_mib=round(operator.peak_rss_mib, 1),
    )


def _listed(lab: launch.Lab) -> bool:
    """Return whether the operator has listed its objects; its watch, which is logged when it ends, follows at once."""
    return any(entry["path"].endswith("/encryptedregistries") for entry in lab.kube.requests())
