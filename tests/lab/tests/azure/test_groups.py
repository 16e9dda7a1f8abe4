"""Resource groups, as azure-cli's recordings of 2023 show them."""

import pytest

from acrcmk_lab.azure.arm.messages import Request
from tests.lab.tests.azure import rest

VERSION = "2022-09-01"


async def call(azure, method, name="other", body=None, **options):
    path = f"/subscriptions/{azure.subscription}/resourcegroups/{name}"
    return await rest.call(azure, method, path, version=VERSION, body=body, **options)


@pytest.mark.parametrize(
    ("requested", "shown"),
    [
        ({}, {}),
        ({"tags": {}}, {"tags": {}}),
        ({"tags": {"a": "b", "c": ""}}, {"tags": {"a": "b", "c": ""}}),
        ({"managedBy": "other-resource"}, {"managedBy": "other-resource"}),
    ],
)
async def test_a_group_shows_only_the_members_that_were_in_the_request(azure, requested, shown):
    status, _, body = await call(azure, "PUT", body={"location": "westus", **requested})
    assert status == 201
    assert {name: body[name] for name in ("tags", "managedBy") if name in body} == shown
    assert (await call(azure, "GET"))[2] == body


async def test_a_put_replaces_the_tags_and_keeps_who_manages_the_group(azure):
    await call(azure, "PUT", body={"location": "westus", "managedBy": "x", "tags": {"a": "b"}})
    status, _, body = await call(azure, "PUT", body={"location": "westus", "tags": {}})
    assert (status, body["tags"], body["managedBy"]) == (200, {}, "x")


async def test_head_says_whether_a_group_exists(azure):
    status, headers, _ = await call(azure, "HEAD")
    assert (status, headers["x-ms-failure-cause"]) == (404, "gateway")
    await call(azure, "PUT", body={"location": "westus"})
    status, headers, _ = await call(azure, "HEAD")
    assert (status, "x-ms-failure-cause" in headers) == (204, False)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("tagname eq 'a'", ["one", "two"]),
        ("tagname eq 'a' and tagvalue eq 'b'", ["one"]),
        ("tagName eq 'c'", []),
    ],
)
async def test_groups_are_filtered_by_tag(azure, text, names):
    await call(azure, "PUT", "one", {"location": "westus", "tags": {"a": "b"}})
    await call(azure, "PUT", "two", {"location": "westus", "tags": {"a": ""}})
    assert [group.name async for group in azure.resources.resource_groups.list(filter=text)] == names


async def test_two_slashes_at_the_beginning_of_a_path_are_one(azure):
    token = azure.lab.cloud.tokens.issue(azure.lab.cloud.operator, audience="https://management.azure.com")
    request = Request(
        method="GET",
        path=f"//subscriptions/{azure.subscription}/resourcegroups/rg",
        query={"api-version": VERSION},
        headers={"authorization": f"Bearer {token}"},
        host="management.azure.com",
    )
    response = await azure.lab.cloud.respond(request)
    assert (response.status, response.body["name"]) == (200, "rg")
