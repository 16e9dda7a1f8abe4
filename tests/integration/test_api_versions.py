"""The versions that are pinned are the ones on the wire, and an object becomes Ready in those of every cloud."""

import collections

import pytest

from acrcmk.azure import api_versions

pytestmark = pytest.mark.integration

NAMESPACES = {
    "Microsoft.ManagedIdentity": "managed_identity",
    "Microsoft.KeyVault": "key_vault",
    "Microsoft.Authorization": "authorization",
    "Microsoft.ContainerRegistry": "container_registry",
}


def service(path: str) -> str:
    """Return the service of a call, as the pinned versions name it."""
    return NAMESPACES.get(path.rpartition("/providers/")[2].partition("/")[0], "resource_groups")


def versions_on_the_wire(azure, calls_before: int) -> dict[str, set[str]]:
    """Return the versions that were asked for since, by service."""
    versions = collections.defaultdict(set)
    for call in azure.server.requests()[calls_before:]:
        if "/operationstatuses/" not in call["path"].lower():  # Azure itself wrote that address
            versions[service(call["path"])].add(call["api_version"])
    return dict(versions)


@pytest.mark.parametrize("cloud", ["public", "china"])
def test_an_object_becomes_ready_in_the_versions_of_its_cloud(operator, space, cloud):
    operator.restart(cloud=cloud)
    before = len(space.azure.server.requests())
    registry = {"name": space.registry(), "anonymousPullEnabled": True}
    space.ready(registry=registry, createResourceGroup=True, resourceGroup=f"{space.group}-made")
    versions = api_versions.BY_CLOUD[cloud]
    assert versions_on_the_wire(space.azure, before) == {
        service: {getattr(versions, service)} for service in ("resource_groups", *NAMESPACES.values())
    }


def test_versions_from_the_settings_are_the_ones_on_the_wire(operator, space):
    operator.restart(api_version_key_vault="2026-02-01", api_version_authorization="2022-05-01-preview")
    before = len(space.azure.server.requests())
    space.ready()
    versions = versions_on_the_wire(space.azure, before)
    assert versions["key_vault"] == {"2026-02-01"}
    assert versions["authorization"] == {"2022-05-01-preview"}
