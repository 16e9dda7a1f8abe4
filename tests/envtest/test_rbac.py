"""The shipped manifests give the operator what it needs and nothing else; proved by a real server's authorizer."""

import pytest

from acrcmk_lab import kubectl, launch
from tests.support import project

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("assets")]

AS = f"--as={project.OPERATOR_USER}"

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
    """Return (verb, resource) of every rule in the manifests' roles."""
    roles = [one for one in project.documents(project.MANIFESTS) if one["kind"] in {"ClusterRole", "Role"}]
    rules = [rule for role in roles for rule in role["rules"] if "resources" in rule]
    return {(verb, name) for rule in rules for name in rule["resources"] for verb in rule["verbs"]}


def test_the_whole_way_works_with_the_manifests_rights_and_nothing_is_denied(space, cluster):
    space.ready().delete()
    assert [one for one in cluster.operator_requests() if one.code == 403] == []


def test_every_right_in_the_manifests_is_used(space, cluster):
    space.ready().delete()
    assert granted() <= used(cluster)


@pytest.mark.parametrize(("verb", "what"), FORBIDDEN)
def test_what_the_operator_does_not_need_it_may_not_do(cluster, verb, what):
    with pytest.raises(kubectl.KubectlError, match="no"):
        cluster.kubectl.run("auth", "can-i", verb, what, "--all-namespaces", AS)
