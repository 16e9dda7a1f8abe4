import dataclasses
import inspect
import re
import typing

import pytest
from azure.mgmt.authorization.v2022_04_01.aio import AuthorizationManagementClient
from azure.mgmt.containerregistry.aio import ContainerRegistryManagementClient
from azure.mgmt.keyvault.aio import KeyVaultManagementClient
from azure.mgmt.msi.v2024_11_30.aio import ManagedServiceIdentityClient
from azure.mgmt.resource.resources.aio import ResourceManagementClient

from acrcmk import settings
from acrcmk.azure import api_versions
from acrcmk.azure.api_versions import ApiVersions
from acrcmk.settings import Settings

TENANT = "11111111-1111-1111-1111-111111111111"
CLIENTS = {
    "resource_groups": ResourceManagementClient,
    "managed_identity": ManagedServiceIdentityClient,
    "key_vault": KeyVaultManagementClient,
    "authorization": AuthorizationManagementClient,
    "container_registry": ContainerRegistryManagementClient,
}


def with_settings(**given):
    return Settings(AZURE_TENANT_ID=TENANT, **given)


def test_every_cloud_of_the_settings_has_versions():
    assert set(api_versions.BY_CLOUD) == set(typing.get_args(Settings.model_fields["cloud"].annotation))


@pytest.mark.parametrize("cloud", api_versions.BY_CLOUD)
def test_every_version_is_one_that_the_settings_would_accept(cloud):
    versions = dataclasses.asdict(api_versions.BY_CLOUD[cloud])
    assert [version for version in versions.values() if not re.match(settings.API_VERSION, version)] == []


@pytest.mark.parametrize(("service", "client"), CLIENTS.items())
def test_the_public_cloud_has_the_versions_that_the_installed_sdk_was_made_for(service, client):
    source = inspect.getsource(inspect.getmodule(client).__dict__[f"{client.__name__}Configuration"])
    (default,) = re.findall(r'kwargs\.pop\("api_version", "([^"]+)"\)', source)
    assert getattr(api_versions.BY_CLOUD["public"], service) == default


def test_every_service_has_a_setting():
    services = {field.name for field in dataclasses.fields(ApiVersions)}
    assert set(with_settings().api_versions) == services


def test_a_setting_replaces_the_version_of_its_service_only():
    given = with_settings(cloud="china", api_version_key_vault="2027-01-01-preview").api_versions
    china = api_versions.BY_CLOUD["china"]
    assert api_versions.of("china", overrides=given) == dataclasses.replace(china, key_vault="2027-01-01-preview")


@pytest.mark.parametrize("version", ["latest", "2026-5-15", "2026-05-15-beta", "2026-05-15&x=y", ""])
def test_what_is_no_version_is_refused(version):
    with pytest.raises(ValueError, match="api_version_key_vault"):
        with_settings(api_version_key_vault=version)
