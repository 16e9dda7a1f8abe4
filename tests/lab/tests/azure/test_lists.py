"""Lists of every type, by resource group and by subscription, over more than one page."""

import pytest

from tests.lab.tests.azure import rest

COUNT = 102
HERE = 101
KINDS = {
    "identity": ("Microsoft.ManagedIdentity/userAssignedIdentities", "2024-11-30", {}),
    "vault": (
        "Microsoft.KeyVault/vaults",
        "2026-02-01",
        {"properties": {"tenantId": "t", "sku": {"family": "A", "name": "standard"}}},
    ),
    "registry": ("Microsoft.ContainerRegistry/registries", "2025-11-01", {"sku": {"name": "Basic"}}),
}


def path_of(azure, kind, *, group=""):
    scope = f"/resourceGroups/{group}" if group else ""
    return f"/subscriptions/{azure.subscription}{scope}/providers/{KINDS[kind][0]}"


async def make(azure, kind, *, count=COUNT):
    """Make `count` resources of a kind, the last of them in another group."""
    azure.lab.add_group("other")
    azure.lab.settings.set("write_tokens", value="10000")
    for number in range(count):
        path = path_of(azure, kind, group="rg" if number < count - 1 else "other")
        created = await azure.lab.control.arm(
            "PUT", f"{path}/thing{number:04}", {"location": "westeurope", **KINDS[kind][2]}
        )
        assert not created.code, created.body
    await azure.lab.clock.advance(60)


async def pages_of(azure, path, *, version):
    """Follow the links through a list; return the names on each page."""
    found = []
    while path:
        status, _, body = await rest.call(azure, "GET", path, version=version)
        assert status == 200
        found.append([row["name"] for row in body["value"]])
        path = body.get("nextLink")
        version = None
    return found


@pytest.mark.parametrize("kind", KINDS)
async def test_a_list_has_pages_by_group_and_by_subscription(azure, kind):
    await make(azure, kind)
    version = KINDS[kind][1]
    everything = await pages_of(azure, path_of(azure, kind), version=version)
    here = await pages_of(azure, path_of(azure, kind, group="RG"), version=version)
    there = await pages_of(azure, path_of(azure, kind, group="other"), version=version)

    names = [f"thing{number:04}" for number in range(COUNT)]
    assert everything == [names[:100], names[100:]]
    assert here == [names[:100], names[100:HERE]]
    assert there == [names[HERE:]]


async def test_the_sdk_walks_through_all_pages(azure):
    await make(azure, "identity")
    found = [one.name async for one in azure.identities.user_assigned_identities.list_by_subscription()]

    assert found == [f"thing{number:04}" for number in range(COUNT)]
    assert len(azure.lab.log.requests(method="GET", path="userAssignedIdentities")) == 2


async def test_the_generic_list_has_a_thousand_rows_a_page_and_keeps_its_filter(azure):
    await make(azure, "identity", count=1002)
    await azure.vault()
    found = azure.resources.resources.list(filter="resourceType eq 'Microsoft.ManagedIdentity/userAssignedIdentities'")
    pages = [[one.name async for one in page] async for page in found.by_page()]
    grouped = [one.name async for one in azure.resources.resources.list_by_resource_group("other")]

    assert [len(page) for page in pages] == [1000, 2]
    assert len({name for page in pages for name in page}) == 1002
    assert grouped == ["thing1001"]


async def test_the_generic_list_may_be_cut_short(azure):
    await make(azure, "identity", count=3)

    assert [one.name async for one in azure.resources.resources.list(top=2)] == ["thing0000", "thing0001"]


@pytest.mark.parametrize("text", ["planet eq 'earth'", "nothing"])
async def test_the_generic_list_rejects_an_unknown_filter(azure, text):
    status, _, body = await rest.call(
        azure, "GET", f"/subscriptions/{azure.subscription}/resources?$filter={text}", version="2025-04-01"
    )

    assert (status, body["error"]["code"]) == (400, "InvalidFilterInQueryString")


async def test_deleted_vaults_and_keys_have_lists_too(azure):
    await azure.vault()
    keys = [await azure.key(f"key{number}") for number in range(3)]
    listed = [one.name async for one in azure.vaults.keys.list("rg", "vault-one")]
    versions = [one.id async for one in azure.vaults.keys.list_versions("rg", "vault-one", "key0")]
    await azure.vaults.vaults.delete("rg", "vault-one")

    assert listed == [key.name for key in keys]
    assert len(versions) == 1
    assert [one.name async for one in azure.vaults.vaults.list_deleted()] == ["vault-one"]


@pytest.mark.parametrize(("version", "reported"), [("2020-10-01", False), ("2021-04-01", True)])
async def test_the_generic_list_shows_identities_of_registries_and_since_2021_their_authors(azure, version, reported):
    await azure.encrypted_registry()
    path = f"/subscriptions/{azure.subscription}/resources"
    _, _, body = await rest.call(azure, "GET", path, version=version)
    rows = {row["name"]: row for row in body["value"]}

    assert {name: "systemData" in row for name, row in rows.items()} == {
        "identity": False,
        "vault-one": False,
        "registry1": reported,
    }
    assert rows["registry1"]["identity"]["type"] == "UserAssigned"
