"""One EncryptedRegistry under test: applied, watched and deleted with kubectl, as a person would."""

import contextlib
import dataclasses
import json
import pathlib
import subprocess
import tempfile
from collections.abc import Iterator
from typing import Any

from acrcmk_lab import kubectl, processes
from tests.support import waiting


@dataclasses.dataclass(frozen=True)
class EncReg:
    """A handle on one object of the cluster."""

    kubectl: kubectl.Kubectl
    namespace: str
    name: str

    def run(self, *arguments: str, **more: Any) -> str:
        """Run kubectl in the object's namespace."""
        return self.kubectl.run(*arguments, "--namespace", self.namespace, **more)

    def get(self) -> dict[str, Any]:
        return json.loads(self.run("get", "encreg", self.name, "-o", "json"))

    @property
    def status(self) -> dict[str, Any]:
        return self.get().get("status", {})

    def condition(self, kind: str) -> dict[str, Any] | None:
        """Return a condition, or None when the object has none of this type."""
        return next((one for one in self.status.get("conditions", []) if one["type"] == kind), None)

    def patch(self, spec: dict[str, Any]) -> None:
        """Change the spec."""
        self.run("patch", "encreg", self.name, "--type", "merge", "-p", json.dumps({"spec": spec}))

    def patch_metadata(self, metadata: dict[str, Any]) -> None:
        """Change labels, annotations or finalizers."""
        self.run("patch", "encreg", self.name, "--type", "merge", "-p", json.dumps({"metadata": metadata}))

    def wait_ready(self, *, timeout: float = 40) -> dict[str, Any]:
        """Wait for Ready as `kubectl wait` judges it; return the status."""
        self.wait("condition=Ready", timeout=timeout)
        return self.status

    def wait_reason(self, reason: str, *, kind: str = "Ready", timeout: float = 30) -> dict[str, Any]:
        """Wait until a condition has this reason; return the condition."""
        path = f'{{.status.conditions[?(@.type=="{kind}")].reason}}'
        self.wait(f"jsonpath={path}={reason}", timeout=timeout)
        return self.condition(kind)

    def wait(self, condition: str, *, timeout: float) -> None:
        """Wait with `kubectl wait`; tell the whole status when it is in vain."""
        try:
            self.run(
                "wait",
                f"--for={condition}",
                f"encreg/{self.name}",
                f"--timeout={timeout}s",
                timeout=timeout + 10,
            )
        except kubectl.KubectlError as error:
            raise AssertionError(f"{error}; status: {json.dumps(self.status, indent=1)}") from error

    def observed(self, *, timeout: float = 20) -> dict[str, Any]:
        """Wait until the operator has seen the present generation; return the status."""
        return waiting.eventually(
            self.get,
            lambda seen: seen.get("status", {}).get("observedGeneration") == seen["metadata"]["generation"],
            timeout=timeout,
        )["status"]

    @contextlib.contextmanager
    def history(self) -> Iterator[list[dict[str, Any]]]:
        """Record every status from now on, as `kubectl get --watch` sees them; the list is filled at the end."""
        statuses: list[dict[str, Any]] = []
        watch = ("get", "encreg", self.name, "--namespace", self.namespace, "--watch")
        with tempfile.NamedTemporaryFile() as record:
            path = pathlib.Path(record.name)
            watching = subprocess.Popen(
                processes.with_parent_death_signal(self.kubectl.binary, *watch, "-o", 'jsonpath={.status}{"\\n"}'),
                stdout=record,
                env=self.kubectl.environment(),
            )
            try:
                waiting.eventually(lambda: _lines(path))
                yield statuses
                final = self.status
                waiting.eventually(lambda: _lines(path), lambda seen: seen[-1] == final)
            finally:
                watching.kill()
                watching.wait()
            statuses += _lines(path)

    def events(self) -> list[tuple[str, str]]:
        """Return (type, reason) of the object's events, oldest first, repeated ones as often as counted."""
        found = json.loads(self.run("get", "events", "-o", "json"))["items"]
        own = [one for one in found if one["involvedObject"]["name"] == self.name]
        own.sort(key=lambda one: one["metadata"]["creationTimestamp"])
        return [(one["type"], one["reason"]) for one in own for _ in range(one.get("count") or 1)]

    def delete(self, *, timeout: float = 20) -> None:
        """Delete and wait until it is gone; no error when it already is."""
        self.run("delete", "encreg", self.name, "--ignore-not-found", f"--timeout={timeout}s")


def _lines(path: pathlib.Path) -> list[dict[str, Any]]:
    whole, _, _ = path.read_text().rpartition("\n")
    return [json.loads(line) for line in whole.splitlines() if line]
