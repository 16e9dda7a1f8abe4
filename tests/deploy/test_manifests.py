"""The plain manifests fit the operator and grant no more than it needs."""

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

USER_ROLES = {
    "acrcmk-view": ({"get", "list", "watch"}, {"view", "edit", "admin"}),
    "acrcmk-edit": ({"create", "delete", "deletecollection", "patch", "update"}, {"edit", "admin"}),
}
"""Roles of users: the verbs on the kind, and the roles of Kubernetes that they are aggregated into."""

AGGREGATE_TO = "rbac.authorization.k8s.io/aggregate-to-"


def only(kind: str) -> dict:
    """Return the manifests' only object of a kind."""
    (document,) = [document for document in project.documents(project.MANIFESTS) if document["kind"] == kind]
    return document


def cluster_roles() -> dict[str, dict]:
    """Return the manifests' cluster roles by name."""
    documents = project.documents(project.MANIFESTS)
    return {document["metadata"]["name"]: document for document in documents if document["kind"] == "ClusterRole"}


def pod() -> dict:
    return only("Deployment")["spec"]["template"]["spec"]


def container() -> dict:
    (container,) = pod()["containers"]
    return container


def granted(role: str) -> dict[tuple[str, str, tuple[str, ...]], set[str]]:
    rules = cluster_roles()[role]["rules"]
    return {
        (group, resource, tuple(rule.get("resourceNames", ()))): set(rule["verbs"])
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }


def test_the_role_grants_what_is_needed_and_nothing_else():
    assert granted(only("ClusterRoleBinding")["roleRef"]["name"]) == RULES
    kinds = [document["kind"] for document in project.documents(project.MANIFESTS)]
    assert (kinds.count("ClusterRoleBinding"), kinds.count("RoleBinding")) == (1, 0)


def test_user_roles_grant_the_kind_alone_and_are_aggregated_into_the_roles_of_kubernetes():
    assert set(cluster_roles()) == {"acrcmk-operator", *USER_ROLES}
    for name, (verbs, roles) in USER_ROLES.items():
        assert granted(name) == {("acrcmk.dev", "encryptedregistries", ()): verbs}
        labels = cluster_roles()[name]["metadata"]["labels"]
        aggregated = {label: value for label, value in labels.items() if label.startswith(AGGREGATE_TO)}
        assert aggregated == {f"{AGGREGATE_TO}{role}": "true" for role in roles}


def test_the_role_of_the_operator_is_not_aggregated_into_roles_of_users():
    assert "labels" not in cluster_roles()["acrcmk-operator"]["metadata"]


def test_the_documentation_shows_the_user_roles():
    rows = markdown.rows(project.ROOT / "docs" / "security.md", "aggregated role")
    assert {
        markdown.code(role)[0]: (set(verbs.split(", ")), set(markdown.code(roles))) for role, verbs, roles in rows
    } == USER_ROLES


def test_the_documentation_shows_the_role():
    shown = {
        (resource, tuple(names)): set(verbs.split(", "))
        for what, verbs, _ in markdown.rows(project.ROOT / "docs" / "security.md", "resource")
        for resource, *names in [markdown.code(what)]
    }
    assert shown == {(resource, names): verbs for (_, resource, names), verbs in RULES.items()}


def test_the_binding_grants_the_role_to_the_service_account_of_the_pod():
    account, binding = only("ServiceAccount")["metadata"], only("ClusterRoleBinding")
    (subject,) = binding["subjects"]
    assert subject == {"kind": "ServiceAccount", "name": account["name"], "namespace": account["namespace"]}
    assert binding["roleRef"]["name"] == "acrcmk-operator"
    assert pod()["serviceAccountName"] == account["name"]
    assert f"system:serviceaccount:{account['namespace']}:{account['name']}" == project.OPERATOR_USER


def test_environment_variables_are_settings():
    known = {tables.variable(name) for name in Settings.model_fields}
    assert {variable["name"] for variable in container()["env"]} | set(only("ConfigMap")["data"]) <= known


def test_a_placeholder_that_was_not_replaced_is_refused_by_name():
    with pytest.raises(pydantic.ValidationError, match="subscription_id"):
        Settings(
            tenant_id="00000000-0000-0000-0000-000000000000",
            subscription_id=only("ConfigMap")["data"]["ACRCMK_SUBSCRIPTION_ID"],
        )


def test_the_pod_has_no_privileges():
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
    environment = {variable["name"]: variable["value"] for variable in container()["env"]}
    assert (environment["ACRCMK_HTTP_HOST"], environment["ACRCMK_HTTP_PORT"]) == ("0.0.0.0", str(port["containerPort"]))
    probes = {name: container()[name]["httpGet"] for name in ("readinessProbe", "livenessProbe")}
    assert probes == {
        "readinessProbe": {"path": "/readyz", "port": port["name"]},
        "livenessProbe": {"path": "/healthz", "port": port["name"]},
    }


def test_workload_identity_is_enabled():
    assert only("Deployment")["spec"]["template"]["metadata"]["labels"]["azure.workload.identity/use"] == "true"
    assert "azure.workload.identity/client-id" in only("ServiceAccount")["metadata"]["annotations"]


def test_memory_is_limited():
    assert container()["resources"]["requests"]["memory"] == "256Mi"
    assert container()["resources"]["limits"]["memory"] == "512Mi"


def test_the_kustomization_contains_every_file():
    kustomization = yaml.safe_load((project.MANIFESTS / "Kustomization").read_text())
    assert kustomization["resources"] == sorted(path.name for path in project.MANIFESTS.glob("*.yaml"))
