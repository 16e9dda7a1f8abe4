"""Fixtures of the integration tests: one cluster, one Azure and one operator per test process, a namespace per test."""

import itertools
import pathlib
import shutil
import tempfile
from collections.abc import Callable, Iterator

import pytest

from acrcmk_lab import launch, processes
from tests.support import azurelab, clusters, operators, project, spaces


@pytest.fixture(scope="session")
def children() -> Iterator[processes.Children]:
    """The processes behind the tests. A short path: etcd's sockets are in it, and 107 characters are the limit."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="acrcmk-"))
    with processes.Children(directory) as children:
        yield children
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def cluster(children: processes.Children) -> clusters.Cluster:
    """The API server, with the CRD; a real one with the operator's manifests too."""
    running = clusters.start(children)
    launch.apply_crds(running.kubectl)
    if running.real:
        running.kubectl.run("apply", "-f", str(project.MANIFESTS))
    return running


@pytest.fixture(scope="session")
def azure(children: processes.Children) -> azurelab.Azure:
    """Azure."""
    return azurelab.Azure.start(children)


@pytest.fixture(scope="session")
def running_operator(
    children: processes.Children, cluster: clusters.Cluster, azure: azurelab.Azure
) -> operators.Operator:
    """The operator of all tests that don't care which."""
    running = operators.Operator(children=children, kubeconfig=cluster.operator_kubeconfig, azure=azure.environment)
    running.start()
    return running


@pytest.fixture(scope="session")
def new_space(
    cluster: clusters.Cluster, azure: azurelab.Azure, running_operator: operators.Operator
) -> Callable[[], spaces.Space]:
    """Opens a namespace each time it is called; the operator is there to serve it."""
    numbers = itertools.count(1)
    cluster_id = cluster.kubectl.json("get", "namespace", "kube-system")["metadata"]["uid"]

    def open_one() -> spaces.Space:
        opened = spaces.Space(
            kubectl=cluster.kubectl, azure=azure, namespace=f"t{next(numbers)}", cluster_id=cluster_id
        )
        opened.open()
        return opened

    return open_one


@pytest.fixture
def space(new_space: Callable[[], spaces.Space], running_operator: operators.Operator) -> Iterator[spaces.Space]:
    """The test's own namespace, cleared afterwards, for which the operator must be as usual again."""
    own = new_space()
    yield own
    running_operator.as_usual()
    own.close()


@pytest.fixture
def operator(running_operator: operators.Operator, space: spaces.Space) -> operators.Operator:
    """The operator, to be killed and restarted at will: clearing the test's space sets it right."""
    return running_operator
