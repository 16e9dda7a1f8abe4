"""Resource Graph through the real SDK's pipeline."""

import pytest

from acrcmk_lab.azure import kql
from tests.lab.tests.azure import rest

PATH = "/providers/Microsoft.ResourceGraph/resources"
VERSION = "2021-03-01"
COLUMNS = ("id", "name", "type", "tags", "sku", "properties")
ROWS = [
    {"id": "/a/1", "name": "one", "type": "t/x", "tags": {"owner": "c/n/one"}, "sku": {"name": "Premium"}},
    {"id": "/a/2", "name": "Two", "type": "t/y", "tags": {}, "sku": {"name": "Basic"}},
    {"id": "/A/3", "name": "three", "type": "t/x", "tags": None, "sku": None},
]


@pytest.fixture
def query(azure, lab):
    """Ask Resource Graph; an index that is always new unless a test says otherwise."""
    lab.switches.set("arg_lag", value="0")

    async def ask(text, **options):
        body = {"subscriptions": [lab.subscription_id], "query": text, "options": options}
        return await rest.call(azure, "POST", PATH, version=VERSION, body=body)

    return ask


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("resources", ["one", "Two", "three"]),
        ("Resources | where type =~ 'T/X'", ["one", "three"]),
        ("resources | where type == 'T/X'", []),
        ("resources | where type != 't/x'", ["Two"]),
        ("resources | where type !~ 'T/X'", ["Two"]),
        ("resources | where id in~ ('/A/1', \"/a/3\")", ["one", "three"]),
        ("resources | where id in ('/A/1', '/a/2')", ["Two"]),
        ("resources | where id !in~ ('/A/1', '/a/2')", ["three"]),
        ("resources | where tags['owner'] startswith 'C/N'", ["one"]),
        ("resources | where tags.owner == 'c/n/one' or name endswith 'WO'", ["one", "Two"]),
        ("resources | where type =~ 't/x' and (name contains 'HRE' or name == 'Two')", ["three"]),
        ("resources | where not(name contains 'o')", ["three"]),
        ("resources | where isempty(sku.name) // the rest has one", ["three"]),
        ("resources | where tolower(name) == 'two'", ["Two"]),
        ("resources\n| where type =~ 't/x'\n| where name == 'one'", ["one"]),
        ("resources | order by name asc", ["Two", "one", "three"]),
        ("resources | sort by type, name", ["Two", "three", "one"]),
        ("resources | order by name desc | limit 1", ["three"]),
        ("resources | take 2", ["one", "Two"]),
        (r"resources | where name == 'it\'s'", []),
    ],
)
def test_a_query_selects_and_orders_rows(text, names):
    assert [row["name"] for row in kql.parse(text, columns=COLUMNS).run(ROWS)] == names


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("resources | project id, sku.name", {"id": "/a/1", "sku_name": "Premium"}),
        ("resources | project Owner = tags['owner'], name", {"Owner": "c/n/one", "name": "one"}),
        ("resources | project sku = sku.name | where sku == 'Basic'", {"sku": "Basic"}),
        ("resources | where type =~ 't/x' | count", {"Count": 2}),
    ],
)
def test_a_query_shapes_its_columns(text, first):
    assert kql.parse(text, columns=COLUMNS).run(ROWS)[0] == first


@pytest.mark.parametrize(
    ("text", "token", "place"),
    [
        ("", "<EOF>", (1, 0)),
        ("resources | parse id with *", "parse", (1, 12)),
        ("resources | where nothing == 'x'", "nothing", (1, 18)),
        ("resources\n| where id in~ 'x'", "'x'", (2, 15)),
        ("resources | where id =~", "<EOF>", (1, 23)),
        ("resources | limit many", "many", (1, 18)),
        ("resources where", "where", (1, 10)),
        ("resources | project id | where name == 'x'", "name", (1, 31)),
        ("resources | where id == 'open", "'", (1, 24)),
        ("resources | where (id == 'x'", "<EOF>", (1, 28)),
    ],
)
def test_what_is_not_understood_is_pointed_at(text, token, place):
    with pytest.raises(kql.UnreadableError) as error:
        kql.parse(text, columns=COLUMNS)
    found = error.value.token

    assert (found.text, (found.line, found.column)) == (token, place)


async def test_a_resource_is_found_by_type_and_id_with_its_whole_body(azure, lab, query):
    vault = await azure.vault("Vault-One", tags={"acrcmk-owner": "c/n/o"})
    await azure.identity()
    status, _, body = await query(
        f"resources | where type =~ 'Microsoft.KeyVault/vaults' | where id in~ ('{vault.id.upper()}')"
        " | project id, type, resourceGroup, tags, properties.enablePurgeProtection"
    )

    assert status == 200
    assert body == {
        "totalRecords": 1,
        "count": 1,
        "data": [
            {
                "id": vault.id,
                "type": "microsoft.keyvault/vaults",
                "resourceGroup": "rg",
                "tags": {"acrcmk-owner": "c/n/o"},
                "properties_enablePurgeProtection": True,
            }
        ],
        "facets": [],
        "resultTruncated": "false",
    }


async def test_a_registry_shows_what_a_get_shows(azure, query):
    await azure.encrypted_registry()
    _, _, body = await query("resources | where type =~ 'microsoft.containerregistry/registries'")
    shown = await azure.registry()

    row = body["data"][0]
    assert row["sku"]["name"] == "Premium"
    assert row["properties"]["encryption"]["status"] == shown.properties.encryption.status == "enabled"
    assert row["subscriptionId"] == azure.subscription


async def test_children_and_settings_are_not_resources_here(azure, query):
    await azure.encryptable()
    _, _, body = await query("resources | project type | order by type asc")

    assert [row["type"] for row in body["data"]] == [
        "microsoft.keyvault/vaults",
        "microsoft.managedidentity/userassignedidentities",
    ]


async def test_the_index_lags_behind(azure, lab, query):
    lab.switches.set("arg_lag", value="30")
    names = "resources | project name"
    await query(names)
    await azure.identity()
    before = (await query(names))[2]["data"]
    await lab.clock.advance(30)
    after = (await query(names))[2]["data"]

    assert (before, after) == ([], [{"name": "identity"}])


async def test_pages_lead_on_until_all_is_told(azure, query):
    for number in range(5):
        await azure.identity(f"identity{number}")
    names, token = [], None
    while True:
        _, _, body = await query("resources | project id, name", **{"$top": 2, "$skipToken": token})
        assert (body["totalRecords"], body["count"]) == (5, len(body["data"]))
        names += [row["name"] for row in body["data"]]
        token = body.get("$skipToken")
        if not token:
            break

    assert names == [f"identity{number}" for number in range(5)]


@pytest.mark.parametrize("text", ["resources | project tags", "resources | project id | limit 2"])
async def test_what_cannot_be_paged_says_that_there_is_more(azure, query, text):
    for number in range(3):
        await azure.identity(f"identity{number}")
    _, _, body = await query(text, **{"$top": 1})

    assert (body["count"], body["resultTruncated"], "$skipToken" in body) == (1, "true", False)


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("resources | parse id with *", {}),
        ("planets", {}),
        ("resources", {"$top": 1001}),
        ("resources", {"$skipToken": "made up"}),
        ("resources", {"resultFormat": "table"}),
    ],
)
async def test_a_wrong_query_is_refused(query, text, options):
    status, _, body = await query(text, **options)

    assert (status, body["error"]["code"]) == (400, "BadRequest")
    assert body["error"]["details"][0]["code"] == "InvalidQuery"


async def test_a_caller_sees_what_it_may_read(azure, lab, query):
    await azure.vault()
    await azure.identity()
    everything = lab.cloud.operator.object_id
    await lab.control.revoke("operator")
    await lab.control.grant(everything, "Managed Identity Contributor")
    _, _, body = await query("resources | project name")

    assert body["data"] == [{"name": "identity"}]


async def test_other_subscriptions_are_left_out(azure, lab):
    await azure.identity()
    body = {"subscriptions": ["00000000-0000-4000-8000-000000000000"], "query": "resources"}

    assert (await rest.call(azure, "POST", PATH, version=VERSION, body=body))[2]["data"] == []


async def test_the_quota_is_told_and_kept(lab, query):
    told = [(await query("resources"))[1]["x-ms-user-quota-remaining"] for _ in range(15)]
    status, headers, body = await query("resources")
    await lab.clock.advance(5)
    again, renewed, _ = await query("resources")

    assert told == [str(left) for left in range(14, -1, -1)]
    assert (status, body["error"]["code"]) == (429, "RateLimiting")
    assert body["error"]["details"][0]["code"] == "RateLimiting"
    assert headers["x-ms-user-quota-resets-after"] == "00:00:05"
    assert headers["Retry-After"] == "5"
    assert (again, renewed["x-ms-ratelimit-remaining-tenant-resource-requests"]) == (200, "14")


async def test_the_quota_is_each_callers_own(lab, query):
    for _ in range(15):
        await query("resources")
    someone_else = await lab.control.arm("POST", PATH, {"query": "resources"})

    assert (await query("resources"))[0] == 429
    assert someone_else.status == 200
