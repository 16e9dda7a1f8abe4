"""The shipped manifests give the operator what it needs and nothing else; proved by a real server's authorizer."""

import pytest

from acrcmk_lab import launch
from acrcmk_lab.kubectl import Kubectl, KubectlError
from tests.support import envtest, project, waiting

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("assets")]

AS = f"--as={project.OPERATOR_USER}"

KIND = "encryptedregistries.acrcmk.dev"
READ = {"get", "list", "watch"}
WRITE = {"create", "delete", "deletecollection", "patch", "update"}
USERS = [("view", READ), ("edit", READ | WRITE), ("admin", READ | WRITE)]
"""Roles of Kubernetes, and the verbs on the kind that they get by aggregation."""

FORBIDDEN = [
    ("get", "secrets"),
    ("list", "configmaps"),
    ("create", "pods"),
    ("create", "encryptedregistries.acrcmk.dev"),
    ("delete", "encryptedregistries.acrcmk.dev"),
    ("update", "customresourcedefinitions.apiextensions.k8s.io"),
    ("delete", "namespaces"),
    ("create", "clusterrolebindings.rbac.authorization.k8s.io"),
    ("impersonate", "users"),
]


def used(cluster) -> set[tuple[str, str]]:
    """Return (verb, resource) of everything that the operator was allowed so far."""
    allowed = [
        one
        for one in launch.read_log(cluster.audit_log)
        if one["annotations"].get("authorization.k8s.io/decision") == "allow"
    ]
    return {(one["verb"], resource(one["objectRef"])) for one in allowed if "objectRef" in one}


def resource(target: dict) -> str:
    return "/".join(filter(None, (target["resource"], target.get("subresource"))))


def granted() -> set[tuple[str, str]]:
    """Return (verb, resource) of every rule in the roles that the manifests bind to the operator."""
    documents = project.documents(project.MANIFESTS)
    bound = {each["roleRef"]["name"] for each in documents if each["kind"] in {"ClusterRoleBinding", "RoleBinding"}}
    roles = [
        each for each in documents if each["kind"] in {"ClusterRole", "Role"} and each["metadata"]["name"] in bound
    ]
    rules = [rule for role in roles for rule in role["rules"] if "resources" in rule]
    return {(verb, name) for rule in rules for name in rule["resources"] for verb in rule["verbs"]}


def test_the_whole_way_works_with_the_manifests_rights_and_nothing_is_denied(space, cluster):
    space.ready().delete()
    assert [one for one in cluster.operator_requests() if one.code == 403] == []


def test_every_right_in_the_manifests_is_used(space, cluster):
    handle = space.ready()
    handle.patch_metadata({"finalizers": ["acrcmk.dev/finalizer"]})  # of an earlier version; its removal is the patch
    waiting.eventually(lambda: handle.get()["metadata"].get("finalizers", []), lambda finalizers: not finalizers)
    handle.delete()
    assert granted() <= used(cluster)


@pytest.mark.parametrize(("verb", "what"), FORBIDDEN)
def test_what_the_operator_does_not_need_it_may_not_do(cluster, verb, what):
    with pytest.raises(KubectlError, match="no"):
        cluster.kubectl.run("auth", "can-i", verb, what, "--all-namespaces", AS)


@pytest.mark.parametrize(("role", "verbs"), USERS)
def test_users_get_the_kind_in_their_namespace_with_the_roles_of_kubernetes(assets, children, space, role, verbs):
    kubectl, user = space.kubectl, f"--as={role}-of-{space.namespace}"
    binding = ("create", "rolebinding", role, f"--clusterrole={role}", user.replace("--as", "--user"))
    kubectl.run(*binding, "-n", space.namespace)
    manager = envtest.start_controller_manager(children, assets, controller="clusterrole-aggregation-controller")
    try:
        waiting.eventually(lambda: allowed(kubectl, user, "get", KIND, space.namespace))
        if verbs >= WRITE:
            waiting.eventually(lambda: allowed(kubectl, user, "create", KIND, space.namespace))
    finally:
        manager.stop()
    assert {verb for verb in READ | WRITE if allowed(kubectl, user, verb, KIND, space.namespace)} == verbs
    assert not allowed(kubectl, user, "get", KIND, "default")
    assert not allowed(kubectl, user, "patch", f"{KIND}/status", space.namespace)


def allowed(kubectl: Kubectl, user: str, verb: str, resource: str, namespace: str) -> bool:
    """Return whether the API server allows a user a verb on a resource in a namespace."""
    name, _, subresource = resource.partition("/")
    options = (f"--subresource={subresource}",) if subresource else ()
    try:
        kubectl.run("auth", "can-i", verb, name, *options, "-n", namespace, user)
    except KubectlError:
        return False
    return True
