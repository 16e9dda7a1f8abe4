"""`demo --keep`: record the running processes in a file; `--stop` ends them."""

import dataclasses
import json
import pathlib
import shutil

import psutil

from acrcmk_lab import launch, processes
from acrcmk_lab.demo import terminal

PROCESSES_FILE = "processes.json"


@dataclasses.dataclass(frozen=True, kw_only=True)
class KeptProcess:
    """A process that was left running; `created` distinguishes it from a later process with the same id."""

    name: str
    pid: int
    created: float

    def stop(self, *, grace: float = 10.0) -> bool:
        """Stop the process; return False if it had ended already."""
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


def keep(children: processes.Children) -> None:
    """Leave the processes running, and record them in a file."""
    kept_processes = [
        KeptProcess(name=child.name, pid=child.pid, created=psutil.Process(child.pid).create_time())
        for child in children.release()
    ]
    (children.directory / PROCESSES_FILE).write_text(
        json.dumps([dataclasses.asdict(process) for process in kept_processes])
    )


def stop(directory: pathlib.Path, *, screen: terminal.Terminal) -> int:
    """Stop the processes of a kept demo, newest first, and remove its directory; return the exit code."""
    path = directory / PROCESSES_FILE
    if not path.exists():
        screen.line(f"{directory} has no kept demo.")
        return 1
    kept_processes = [KeptProcess(**fields) for fields in json.loads(path.read_text())]
    for process in reversed(kept_processes):
        screen.line(f"{process.name}: {'stopped' if process.stop() else 'had ended already'}")
    shutil.rmtree(directory)
    return 0


def instructions(lab: launch.Lab, *, name: str) -> str:
    """Return commands to try while the demo is running."""
    kubectl = "kubectl" if shutil.which("kubectl") else lab.kubectl.binary
    manual = json.dumps({"spec": {"key": {"rotation": {"mode": "Manual"}}}})
    new_location = json.dumps({"spec": {"location": "northeurope"}})
    url, ca_bundle = lab.environment["ACRCMK_RESOURCE_MANAGER"], lab.environment["ACRCMK_CA_BUNDLE"]
    return f"""
Everything is still running. In any terminal:

  export KUBECONFIG={lab.kube.kubeconfig}
  {kubectl} get encreg --watch
  {kubectl} describe encreg {name}
  {kubectl} explain encreg.spec.key.rotation
  {kubectl} patch encreg {name} --type merge -p '{manual}'   # pin the key version
  {kubectl} patch encreg {name} --type merge -p '{new_location}'   # is rejected: immutable
  curl --cacert {ca_bundle} {url}/_sim/state
  tail -f {lab.children.directory}/operator.log

To stop everything:

  make demo STOP={lab.children.directory}
"""
