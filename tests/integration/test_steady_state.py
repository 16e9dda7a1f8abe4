"""Left alone, the operator looks and writes nothing: not to Azure, not to Kubernetes."""

import pytest

from tests.support import azurelab, waiting

pytestmark = pytest.mark.integration

TEN_MINUTES = 600.0


@pytest.fixture
def resyncing(operator):
    operator.restart(resync_seconds="1")


def test_ten_minutes_of_resyncs_read_azure_and_write_nothing(resyncing, space, cluster):
    space.ready("rbac")
    space.ready("policy", vault={"name": space.vault("policy"), "access": "AccessPolicy"})
    registries = [space.registry_id(name) for name in ("rbac", "policy")]
    calls, requests = len(space.azure.calls()), len(cluster.operator_requests())
    versions = [space.object(name).get()["metadata"]["resourceVersion"] for name in ("rbac", "policy")]
    began = space.azure.now()

    waiting.eventually(
        space.azure.now, lambda now: now - began >= TEN_MINUTES, timeout=TEN_MINUTES / azurelab.SPEED * 3
    )

    since = space.azure.calls()[calls:]
    looks = [[one for one in since if one.path == path.casefold()] for path in registries]
    assert all(len(of_one) >= 5 for of_one in looks), "several resyncs should have looked at each registry"
    assert [one for one in since if one.writes] == []
    assert [one for one in cluster.operator_requests()[requests:] if one.writes] == []
    assert versions == [space.object(name).get()["metadata"]["resourceVersion"] for name in ("rbac", "policy")]


def test_a_restart_reads_and_writes_nothing(operator, space, cluster):
    handle = space.ready()
    calls, requests = len(space.azure.calls()), len(cluster.operator_requests())
    seen = handle.get()

    operator.restart()
    path = space.registry_id().casefold()
    waiting.eventually(lambda: [one for one in space.azure.calls()[calls:] if one.path == path])
    operator.stop()

    assert [one for one in space.azure.calls()[calls:] if one.writes] == []
    assert [one for one in cluster.operator_requests()[requests:] if one.writes] == []
    assert handle.get() == seen
