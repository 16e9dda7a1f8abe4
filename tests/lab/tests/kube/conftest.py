"""The API servers that these tests run on: the embedded one, and a real one where KUBEBUILDER_ASSETS names it."""

import itertools
import os
import pathlib
import shutil
import tempfile

import pytest
import yaml

from acrcmk_lab import processes
from tests.lab.tests.kube import servers
from tests.support import envtest

HERE = pathlib.Path(__file__).parent
ASSETS = os.environ.get("KUBEBUILDER_ASSETS")
THING = {"apiVersion": "parity.dev/v1", "kind": "Thing"}


def thing(name, *, metadata=None, **fields):
    return {**THING, "metadata": {"name": name, **(metadata or {})}, **fields}


@pytest.fixture(scope="session")
def embedded_api(tmp_path_factory):
    with servers.embedded(tmp_path_factory.mktemp("embedded")) as api:
        servers.define(api, yaml.safe_load((HERE / "things.yaml").read_text()))
        yield api


@pytest.fixture(scope="session")
def real_api():
    if not ASSETS:
        pytest.skip("KUBEBUILDER_ASSETS names no folder with a real kube-apiserver")
    directory = pathlib.Path(tempfile.mkdtemp(prefix="acrcmk-"))
    with processes.Children(directory) as children:
        api = servers.Api.of(envtest.start(children, pathlib.Path(ASSETS)).admin_kubeconfig)
        servers.define(api, yaml.safe_load((HERE / "things.yaml").read_text()))
        yield api
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session", params=["embedded", "real"] if ASSETS else ["embedded"])
def api(request):
    """Each server in turn: what a test says of one must hold of the other."""
    return request.getfixturevalue(f"{request.param}_api")


_numbers = itertools.count(1)


@pytest.fixture
def things(api):
    """The path of the things of a namespace of the test's own."""
    namespace = f"test-{os.getpid()}-{next(_numbers)}"
    api.do("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
    return f"/apis/parity.dev/v1/namespaces/{namespace}/things"
