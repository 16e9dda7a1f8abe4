"""Microsoft Graph, as `az` uses it."""

import pytest

from acrcmk_lab.azure.arm.messages import Request

GRAPH = "https://graph.microsoft.com"
NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def ask(lab):
    """Send a request to Graph, by default as the user of az."""

    async def response(path, *, method="GET", query=None, body=None, caller=None, audience=GRAPH, token=None):
        if token is None:
            token = lab.cloud.tokens.issue(caller or lab.cloud.person, audience=audience)
        found = await lab.cloud.respond(
            Request(
                method=method,
                path=f"/v1.0/{path}",
                query=query or {},
                headers={"authorization": f"Bearer {token}"},
                body=body,
                host="graph.microsoft.com",
            )
        )
        return found.status, found.body

    return response


def by_name(name):
    return {"$filter": f"servicePrincipalNames/any(c:c eq '{name}')"}


async def get_by_ids(ask, *ids, **body):
    return await ask("directoryObjects/getByIds", method="POST", body={"ids": list(ids), **body})


async def test_a_managed_identity_is_found_by_its_client_id_once_it_has_replicated(lab, azure, ask):
    identity = await azure.identity()
    before = await ask("servicePrincipals", query=by_name(identity.client_id))
    await lab.clock.advance(23)
    status, after = await ask("servicePrincipals", query=by_name(identity.client_id))

    assert before == (200, {**before[1], "value": []})
    assert status == 200
    assert [one["id"] for one in after["value"]] == [identity.principal_id]
    assert after["value"][0]["servicePrincipalType"] == "ManagedIdentity"
    assert after["value"][0]["alternativeNames"] == ["isExplicit=True", identity.id]


async def test_a_deleted_identity_is_not_found(lab, azure, ask):
    identity = await azure.identity()
    await lab.clock.advance(23)
    await azure.identities.user_assigned_identities.delete("rg", "identity")

    assert (await ask(f"servicePrincipals/{identity.principal_id}"))[0] == 404
    assert (await get_by_ids(ask, identity.principal_id))[1]["value"] == []


async def test_ids_are_resolved_to_typed_objects_and_unknown_ones_skipped(lab, ask):
    status, found = await get_by_ids(
        ask, lab.cloud.operator.object_id.upper(), NOBODY, types=["user", "servicePrincipal"]
    )

    assert status == 200
    assert [(one["@odata.type"], one["displayName"]) for one in found["value"]] == [
        ("#microsoft.graph.servicePrincipal", "operator")
    ]


async def test_only_wanted_types_are_resolved(lab, ask):
    assert (await get_by_ids(ask, lab.cloud.operator.object_id, types=["user"]))[1]["value"] == []


@pytest.mark.parametrize(
    "query",
    [
        {"$filter": "appId eq '{0.client_id}'"},
        {"$filter": "id eq '{0.object_id}'"},
        {"$filter": "displayName eq '{0.name}'"},
    ],
)
async def test_a_service_principal_is_found_by_each_of_its_names(lab, ask, query):
    operator = lab.cloud.operator
    _, found = await ask("servicePrincipals", query={name: text.format(operator) for name, text in query.items()})

    assert [one["id"] for one in found["value"]] == [operator.object_id]


async def test_the_directory_has_no_users(ask):
    assert (await ask("users", query={"$filter": "userPrincipalName eq 'jane@contoso.com'"}))[1]["value"] == []


@pytest.mark.parametrize(
    ("question", "status", "code"),
    [
        ({"path": "me"}, 400, "BadRequest"),
        ({"path": f"servicePrincipals/{NOBODY}"}, 404, "Request_ResourceNotFound"),
        ({"path": f"directoryObjects/{NOBODY}"}, 404, "Request_ResourceNotFound"),
        ({"path": f"users/{NOBODY}"}, 404, "Request_ResourceNotFound"),
        ({"path": "servicePrincipals", "query": {"$filter": "tags eq 'x'"}}, 400, "Request_UnsupportedQuery"),
        ({"path": "users", "query": {"$filter": "tags eq 'x'"}}, 400, "Request_UnsupportedQuery"),
        ({"path": "directoryObjects/getByIds", "method": "POST", "body": {}}, 400, "Request_BadRequest"),
        ({"path": "planets"}, 400, "BadRequest"),
        ({"path": "users", "token": ""}, 401, "InvalidAuthenticationToken"),
        ({"path": "users", "token": "made up"}, 401, "InvalidAuthenticationToken"),
        ({"path": "users", "audience": "https://management.azure.com"}, 401, "InvalidAuthenticationToken"),
    ],
)
async def test_errors_of_graph_have_its_own_form(ask, question, status, code):
    answered, body = await ask(**question)

    assert (answered, body["error"]["code"]) == (status, code)
    assert set(body["error"]) == {"code", "message", "innerError"}


async def test_an_expired_token_is_refused(lab, ask):
    token = lab.cloud.tokens.issue(lab.cloud.person, audience=GRAPH)
    lab.cloud.state.tokens.expire_all()

    assert (await ask("users", token=token))[1]["error"]["message"].startswith("Lifetime validation failed")


async def test_a_caller_without_directory_access_gets_403(lab, ask):
    status, body = await ask("servicePrincipals", caller=lab.cloud.operator)

    assert (status, body["error"]["code"]) == (403, "Authorization_RequestDenied")
