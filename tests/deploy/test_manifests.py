"""The plain manifests: what they hold fits the operator, and grants no more than it needs."""

import pydantic
import pytest
import yaml

from acrcmk.settings import Settings
from tests.docs import markdown, tables
from tests.support import project

RULES = {
    ("acrcmk.dev", "encryptedregistries", ()): {"get", "list", "watch", "patch"},
    ("acrcmk.dev", "encryptedregistries/status", ()): {"patch"},
    ("", "events", ()): {"create"},
    ("apiextensions.k8s.io", "customresourcedefinitions", ()): {"list", "watch"},
    ("", "namespaces", ("kube-system",)): {"get"},
}
"""All that the operator may do: (group, resource, names) to verbs. tests/envtest shows that all of it is needed."""


def only(kind: str) -> dict:
    """Return the manifests' one object of a kind."""
    (found,) = [one for one in project.documents(project.MANIFESTS) if one["kind"] == kind]
    return found


def pod() -> dict:
    return only("Deployment")["spec"]["template"]["spec"]


def container() -> dict:
    (found,) = pod()["containers"]
    return found


def granted() -> dict[tuple[str, str, tuple[str, ...]], set[str]]:
    rules = only("ClusterRole")["rules"]
    return {
        (group, resource, tuple(rule.get("resourceNames", ()))): set(rule["verbs"])
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }


def test_the_role_grants_what_is_needed_and_nothing_else():
    assert granted() == RULES
    assert [one["kind"] for one in project.documents(project.MANIFESTS)].count("ClusterRoleBinding") == 1


def test_the_documentation_shows_the_role():
    shown = {
        (resource, tuple(names)): set(verbs.split(", "))
        for what, verbs, _ in markdown.rows(project.ROOT / "docs" / "security.md", "resource")
        for resource, *names in [markdown.code(what)]
    }
    assert shown == {(resource, names): verbs for (_, resource, names), verbs in RULES.items()}


def test_the_binding_gives_the_role_to_the_account_that_the_pod_runs_as():
    account, binding = only("ServiceAccount")["metadata"], only("ClusterRoleBinding")
    (subject,) = binding["subjects"]
    assert subject == {"kind": "ServiceAccount", "name": account["name"], "namespace": account["namespace"]}
    assert binding["roleRef"]["name"] == only("ClusterRole")["metadata"]["name"]
    assert pod()["serviceAccountName"] == account["name"]
    assert f"system:serviceaccount:{account['namespace']}:{account['name']}" == project.OPERATOR_USER


def test_environment_variables_are_settings():
    known = {tables.variable(name) for name in Settings.model_fields}
    assert {one["name"] for one in container()["env"]} | set(only("ConfigMap")["data"]) <= known


def test_a_placeholder_that_was_not_replaced_is_refused_by_name():
    with pytest.raises(pydantic.ValidationError, match="subscription_id"):
        Settings(
            tenant_id="00000000-0000-0000-0000-000000000000",
            subscription_id=only("ConfigMap")["data"]["ACRCMK_SUBSCRIPTION_ID"],
        )


def test_the_pod_may_do_nothing_special():
    assert pod()["securityContext"]["runAsNonRoot"] is True
    assert pod()["securityContext"]["runAsUser"] > 0
    assert pod()["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container()["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC", "volumes"} & set(pod())
    assert only("Namespace")["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_there_is_never_a_second_operator():
    assert only("Deployment")["spec"]["replicas"] == 1
    assert only("Deployment")["spec"]["strategy"] == {"type": "Recreate"}


def test_the_kubelet_waits_longer_than_running_reconciles_may_take():
    kopf_seconds = 10  # streams 2 s, tasks 5 s, and a margin
    assert pod()["terminationGracePeriodSeconds"] > Settings.model_fields["drain_seconds"].default + kopf_seconds


def test_probes_reach_the_port_that_the_operator_listens_on():
    (port,) = container()["ports"]
    environment = {one["name"]: one["value"] for one in container()["env"]}
    assert (environment["ACRCMK_HTTP_HOST"], environment["ACRCMK_HTTP_PORT"]) == ("0.0.0.0", str(port["containerPort"]))
    probes = {name: container()[name]["httpGet"] for name in ("readinessProbe", "livenessProbe")}
    assert probes == {
        "readinessProbe": {"path": "/readyz", "port": port["name"]},
        "livenessProbe": {"path": "/healthz", "port": port["name"]},
    }


def test_workload_identity_is_asked_for():
    assert only("Deployment")["spec"]["template"]["metadata"]["labels"]["azure.workload.identity/use"] == "true"
    assert "azure.workload.identity/client-id" in only("ServiceAccount")["metadata"]["annotations"]


def test_memory_is_limited():
    assert container()["resources"]["requests"]["memory"] == "256Mi"
    assert container()["resources"]["limits"]["memory"] == "512Mi"


def test_kustomize_takes_every_file():
    kustomization = yaml.safe_load((project.MANIFESTS / "Kustomization").read_text())
    assert kustomization["resources"] == sorted(one.name for one in project.MANIFESTS.glob("*.yaml"))
