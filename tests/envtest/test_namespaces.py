"""A namespace with an object in it can be deleted: the finalizer goes, Azure stays."""

import pytest

from tests.support import envtest

pytestmark = [pytest.mark.integration]


def test_deleting_the_namespace_lets_the_object_go_and_leaves_azure(assets, children, space):
    space.ready()
    owned = space.owned()
    manager = envtest.start_controller_manager(children, assets, controller="namespace-controller")
    try:
        space.kubectl.run("delete", "namespace", space.namespace, "--timeout=60s", timeout=70)
    finally:
        manager.stop()
    space.open()
    assert len(owned) == 3
    assert space.owned() == owned
