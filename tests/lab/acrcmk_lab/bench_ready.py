"""`acrcmk-lab bench-ready`: how long from `kubectl apply` to Ready, against the time that Azure itself takes."""

import argparse
import dataclasses
import json
import pathlib
import tempfile
import time

from acrcmk_lab import processes, stage
from acrcmk_lab.azure import critical_path

HELP = """Seconds from apply to Ready, against Azure's own critical path.

Runs lab and operator once, applies deploy/samples/minimal.yaml, and reads the figures from the lab's logs of that
run. The critical path is the longest chain of simulated latencies that no operator can avoid. Prints a table, and
as the last line one JSON object. All seconds are Azure's."""

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
        processes.Family(pathlib.Path(directory)) as family,
    ):
        print(
            f"One registry at {arguments.speed:g} times real time; about {100 / arguments.speed:.0f} s ...", flush=True
        )
        figures = dataclasses.asdict(measure(family, speed=arguments.speed))
    for name, value in figures.items():
        print(f"  {LABELS[name]:<32}{value:>10g}")
    print(json.dumps(figures))
    return 0


def measure(family: processes.Family, *, speed: float) -> Figures:
    """Run once: from the moment kubectl is asked to apply until `kubectl wait` sees Ready."""
    sample = stage.sample()
    name = sample["metadata"]["name"]
    lab = stage.Lab.open(family, speed=speed, spec=sample["spec"])
    stage.apply_crds(lab.kubectl)
    operator = lab.start_operator()
    operator.wait_until(lambda: _listed(lab), what="it looked for objects")
    began = time.monotonic()
    lab.kubectl.run("apply", "-f", str(stage.SAMPLE))
    lab.kubectl.run(
        "wait", "--for=condition=Ready", f"encreg/{name}", f"--timeout={READY_SECONDS}s", timeout=READY_SECONDS + 10
    )
    seconds = (time.monotonic() - began) * speed
    path = critical_path.seconds(stage.read_log(lab.azure.log))
    calls = lab.azure.calls()
    return Figures(
        ratio=round(seconds / path, 3),
        seconds=round(seconds, 1),
        critical_path_seconds=round(path, 1),
        azure_reads=sum(one["service"] == "arm" and one["kind"] == "read" for one in calls),
        azure_writes=sum(one["service"] == "arm" and one["kind"] != "read" for one in calls),
        vault_calls=sum(one["service"] == "vault" for one in calls),
        kube_writes=sum(one["method"] != "GET" for one in lab.kube.requests()),
        peak_rss_mib=round(operator.peak_rss_mib, 1),
    )


def _listed(lab: stage.Lab) -> bool:
    """Say whether the operator has listed its objects; its watch, which is logged when it ends, follows at once."""
    return any(one["path"].endswith("/encryptedregistries") for one in lab.kube.requests())
