"""How others read a status: kstatus (Flux, Helm 4), Argo CD with a health script in its manner, and kubectl wait.

kstatus in the order of its code (sigs.k8s.io/cli-utils pkg/kstatus/status), kubectl wait likewise (k8s.io/kubectl
pkg/cmd/wait); both verdicts were measured against the real ones for every row of the table in test_truth_table.
"""

from typing import Any

CURRENT, IN_PROGRESS, FAILED, TERMINATING = "Current", "InProgress", "Failed", "Terminating"
HEALTHY, PROGRESSING, DEGRADED = "Healthy", "Progressing", "Degraded"


def kstatus(seen: dict[str, Any]) -> str:
    """Judge an object as kstatus does; only the top-level observedGeneration counts."""
    metadata, status = seen["metadata"], seen.get("status", {})
    if "deletionTimestamp" in metadata:
        return TERMINATING
    if status.get("observedGeneration", metadata["generation"]) != metadata["generation"]:
        return IN_PROGRESS
    for condition in status.get("conditions", []):
        if condition["type"] == "Reconciling" and condition["status"] == "True":
            return IN_PROGRESS
        if condition["type"] == "Stalled" and condition["status"] == "True":
            return FAILED
    ready = _condition(seen, "Ready")
    return CURRENT if ready is None or ready["status"] == "True" else IN_PROGRESS


def argo(seen: dict[str, Any]) -> str:
    """Judge an object as Argo CD does with a health script that knows the kstatus conditions."""
    metadata, status = seen["metadata"], seen.get("status", {})
    if "deletionTimestamp" in metadata or status.get("observedGeneration") != metadata["generation"]:
        return PROGRESSING
    for kind, verdict in (("Reconciling", PROGRESSING), ("Stalled", DEGRADED), ("Ready", HEALTHY)):
        condition = _condition(seen, kind)
        if condition and condition["status"] == "True":
            return verdict
    return PROGRESSING


def kubectl_wait_ready(seen: dict[str, Any]) -> bool:
    """Say whether `kubectl wait --for=condition=Ready` is met: an older observedGeneration is not."""
    ready = _condition(seen, "Ready")
    if ready is None or ready["status"] != "True":
        return False
    observed = ready.get("observedGeneration", seen["status"].get("observedGeneration"))
    return observed is None or observed >= seen["metadata"]["generation"]


def _condition(seen: dict[str, Any], kind: str) -> dict[str, Any] | None:
    return next((one for one in seen.get("status", {}).get("conditions", []) if one["type"] == kind), None)
