"""What `demo --keep` leaves behind: running processes, a note of which they are, and `--stop` to end them."""

import dataclasses
import json
import pathlib
import shutil

import psutil

from acrcmk_lab import launch, processes
from acrcmk_lab.demo import terminal

NOTE = "processes.json"


@dataclasses.dataclass(frozen=True)
class Kept:
    """A process that was left running; `created` tells it from a later one with the same id."""

    name: str
    pid: int
    created: float

    def stop(self, *, grace: float = 10.0) -> bool:
        """End it; False when it had ended already."""
        try:
            process = psutil.Process(self.pid)
            if process.create_time() != self.created:
                return False
            process.terminate()
            process.wait(grace)
        except psutil.TimeoutExpired:
            process.kill()
        except psutil.NoSuchProcess:
            return False
        return True


def leave(family: processes.Family) -> None:
    """Let the processes run on, and write down which they are."""
    kept = [
        Kept(name=child.name, pid=child.pid, created=psutil.Process(child.pid).create_time())
        for child in family.leave()
    ]
    (family.directory / NOTE).write_text(json.dumps([dataclasses.asdict(one) for one in kept]))


def stop(directory: pathlib.Path, *, screen: terminal.Terminal) -> int:
    """End what was left running from `directory`, newest first, and remove the directory."""
    note = directory / NOTE
    if not note.exists():
        screen.line(f"{directory} holds no kept demo.")
        return 1
    kept = [Kept(**one) for one in json.loads(note.read_text())]
    for one in reversed(kept):
        screen.line(f"{one.name}: {'stopped' if one.stop() else 'had ended already'}")
    shutil.rmtree(directory)
    return 0


def advice(lab: launch.Lab, *, name: str) -> str:
    """Return what to try while it runs."""
    kubectl = "kubectl" if shutil.which("kubectl") else lab.kubectl.binary
    manual = json.dumps({"spec": {"key": {"rotation": {"mode": "Manual"}}}})
    moved = json.dumps({"spec": {"location": "northeurope"}})
    url, trust = lab.environment["ACRCMK_RESOURCE_MANAGER"], lab.environment["ACRCMK_CA_BUNDLE"]
    return f"""
All of it is still running. In any terminal:

  export KUBECONFIG={lab.kube.kubeconfig}
  {kubectl} get encreg --watch
  {kubectl} describe encreg {name}
  {kubectl} explain encreg.spec.key.rotation
  {kubectl} patch encreg {name} --type merge -p '{manual}'   # stay with one key version
  {kubectl} patch encreg {name} --type merge -p '{moved}'   # is refused
  curl --cacert {trust} {url}/_sim/state
  tail -f {lab.family.directory}/operator.log

To end it all:

  make demo STOP={lab.family.directory}
"""
