"""Diagnostic settings by the real SDK's generic operations."""

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from tests.lab.tests.azure import rest

VERSION = "2021-05-01-preview"
WORKSPACE = "/subscriptions/s/resourceGroups/Logs/providers/Microsoft.OperationalInsights/workspaces/Ws"
LOGS = [{"category": "ContainerRegistryLoginEvents", "enabled": True}]


def path_of(target, name="To-Workspace"):
    return f"{target}/providers/Microsoft.Insights/diagnosticSettings/{name}"


async def put(azure, target, *, name="To-Workspace", **properties):
    body = {"properties": {"workspaceId": WORKSPACE, "logs": LOGS, **properties}}
    return await rest.call(azure, "PUT", path_of(target, name), version=VERSION, body=body)


@pytest.fixture
async def vault(azure):
    return (await azure.vault("Vault-One")).id


async def test_a_setting_is_returned_with_the_targets_id_in_lower_case_and_all_defaults(azure, vault):
    status, headers, body = await put(azure, vault)

    assert status == 200
    assert headers["x-ms-ratelimit-remaining-subscription-resource-requests"] == "149"
    assert "x-ms-ratelimit-remaining-subscription-writes" not in headers
    assert body == {
        "id": f"{vault.lower()}/providers/microsoft.insights/diagnosticSettings/To-Workspace",
        "type": "Microsoft.Insights/diagnosticSettings",
        "name": "To-Workspace",
        "location": None,
        "kind": None,
        "tags": None,
        "properties": {
            "storageAccountId": None,
            "serviceBusRuleId": None,
            "workspaceId": WORKSPACE,
            "eventHubAuthorizationRuleId": None,
            "eventHubName": None,
            "metrics": [],
            "logs": [
                {
                    "category": "ContainerRegistryLoginEvents",
                    "categoryGroup": None,
                    "enabled": True,
                    "retentionPolicy": {"enabled": False, "days": 0},
                }
            ],
            "logAnalyticsDestinationType": None,
        },
        "identity": None,
    }


async def test_a_setting_is_read_listed_and_deleted_in_any_case(azure, vault):
    _, _, created = await put(azure, vault)
    found = await azure.resources.resources.get_by_id(path_of(vault.upper(), "to-workspace"), api_version=VERSION)
    listed = await rest.call(azure, "GET", path_of(vault, "").rstrip("/"), version=VERSION)
    gone = [
        (await rest.call(azure, "DELETE", path_of(vault), version=VERSION))[0],
        (await rest.call(azure, "DELETE", path_of(vault), version=VERSION))[0],
    ]

    assert found.id == created["id"]
    assert listed[2] == {"value": [created]}
    assert gone == [200, 204]
    with pytest.raises(ResourceNotFoundError, match="'To-Workspace' doesn't exist"):
        await azure.resources.resources.get_by_id(path_of(vault), api_version=VERSION)


async def test_settings_of_a_target_are_its_own(azure, vault):
    other = (await azure.vault("vault-one-more", ready=False)).id
    await put(azure, other)

    assert (await rest.call(azure, "GET", path_of(vault, "").rstrip("/"), version=VERSION))[2] == {"value": []}


async def test_settings_outlive_their_target_but_not_its_group(azure, lab, vault):
    await put(azure, vault)
    await azure.vaults.vaults.delete("rg", "vault-one")
    missing = await rest.call(azure, "GET", path_of(vault), version=VERSION)
    await azure.vaults.vaults.begin_create_or_update(
        "rg",
        "vault-one",
        {
            "location": "westeurope",
            "properties": {
                "tenantId": lab.cloud.state.tenant_id,
                "createMode": "recover",
                "sku": {"family": "A", "name": "standard"},
            },
        },
        polling=False,
    )
    back = await rest.call(azure, "GET", path_of(vault), version=VERSION)

    assert (missing[0], missing[2]["error"]["code"]) == (404, "ResourceNotFound")
    assert back[0] == 200


@pytest.mark.parametrize(
    ("properties", "status", "code"),
    [
        ({"workspaceId": None}, 400, "BadRequest"),
        ({"workspaceId": "11111111-2222-3333-4444-555555555555"}, 400, "LinkedInvalidPropertyId"),
    ],
)
async def test_a_sink_must_be_a_resource_id(azure, vault, properties, status, code):
    answered, _, body = await put(azure, vault, **properties)

    assert (answered, body["error"]["code"]) == (status, code)


@pytest.mark.parametrize(("missing", "code"), [("404", "ResourceNotFound"), ("400", "BadRequest")])
async def test_a_missing_workspace_is_an_error_with_the_status_of_the_setting(azure, lab, vault, missing, code):
    lab.settings.set("diagnostics_workspace", value=missing)
    status, _, body = await put(azure, vault)

    assert (status, body["error"]["code"]) == (int(missing), code)
    assert "Ws" in body["error"]["message"]


async def test_one_category_goes_to_one_sink_by_one_setting_only(azure, vault):
    await put(azure, vault)
    refused = await put(azure, vault, name="again")
    other = await put(azure, vault, name="audit", logs=[{"categoryGroup": "audit", "enabled": True}])
    same = await put(azure, vault)

    assert (refused[0], refused[2]["error"]["code"]) == (409, "Conflict")
    assert "already used in diagnostic setting 'To-Workspace'" in refused[2]["error"]["message"]
    assert (other[0], same[0]) == (200, 200)


@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_a_missing_target_is_not_found(azure, lab, method):
    target = f"/subscriptions/{lab.subscription_id}/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/nobody"
    body = {"properties": {"workspaceId": WORKSPACE}}
    status, _, response = await rest.call(azure, method, path_of(target), version=VERSION, body=body)

    assert status == 404
    assert "'Microsoft.KeyVault/vaults/nobody' under resource group 'rg'" in response["error"]["message"]


async def test_diagnostic_settings_have_a_limit_of_their_own_per_interval(azure, lab, vault):
    lab.settings.set("diagnostics_requests", value="2")
    await put(azure, vault)
    await put(azure, vault)
    with pytest.raises(HttpResponseError) as refused:
        await azure.resources.resources.begin_create_or_update_by_id(
            path_of(vault), {"properties": {"workspaceId": WORKSPACE}}, api_version=VERSION, polling=False
        )
    read = await azure.vaults.vaults.get("rg", "vault-one")
    await lab.clock.advance(300)
    after = await put(azure, vault)

    assert refused.value.error.code == "ResourceRequestsThrottled"
    assert "exceeded the limit of '2' for time interval '00:05:00'" in refused.value.message
    assert refused.value.response.headers["Retry-After"] == "300"
    assert read.name == "Vault-One"
    assert after[0] == 200
