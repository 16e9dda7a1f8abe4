"""The checks of every ARM request before its handler, in Azure's order."""

import pytest

from acrcmk_lab.azure.arm.messages import Request

UNKNOWN = "00000000-0000-0000-0000-0000000000aa"


@pytest.fixture
def ask(lab):
    token = lab.cloud.tokens.issue(lab.cloud.operator, audience="https://management.azure.com")

    async def asked(method, path, body=None, *, version="2024-11-30", **headers):
        query = {"api-version": version} if version else {}
        return await lab.cloud.respond(
            Request(
                method=method,
                path=path,
                query=query,
                headers={"authorization": f"Bearer {token}", **headers},
                body=body,
            )
        )

    return asked


@pytest.fixture
def identity(lab):
    group = f"/subscriptions/{lab.subscription_id}/resourceGroups/rg"
    return f"{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/name"


async def test_every_response_carries_arm_s_headers_and_the_client_s_correlation_id(lab, ask, identity):
    response = await ask("GET", identity, **{"x-ms-correlation-request-id": "mine"})
    assert response.headers["x-ms-request-id"] == response.headers["x-ms-correlation-request-id"] == "mine"
    assert response.headers["x-ms-routing-request-id"] == "WESTEUROPE:20261123T120000Z:mine"
    assert response.headers["x-ms-ratelimit-remaining-subscription-reads"] == "249"
    assert response.headers["x-ms-ratelimit-remaining-subscription-global-reads"] == "3749"
    assert response.headers["Cache-Control"] == "no-cache"


async def test_only_writes_carry_an_operation_identifier(lab, ask, identity):
    write = await ask("PUT", identity, {"location": "westeurope"})
    assert f"objectId={lab.cloud.operator.object_id}" in write.headers["x-ms-operation-identifier"]
    assert "x-ms-operation-identifier" not in (await ask("GET", identity)).headers


@pytest.mark.parametrize(
    ("change", "code", "status"),
    [
        ({"version": ""}, "MissingApiVersionParameter", 400),
        ({"version": "2024-99-99x"}, "NoRegisteredProviderFound", 400),
        ({"version": "2016-01-01"}, "NoRegisteredProviderFound", 400),
        ({"path": "/providers/Microsoft.ManagedIdentity/teapots/x"}, "InvalidResourceType", 404),
        ({"path": "/providers/Microsoft.Teapots/pots/x"}, "InvalidResourceNamespace", 404),
        (
            {"method": "PATCH", "path": "/providers/Microsoft.Authorization/roleDefinitions/x"},
            "HttpMethodNotAllowed",
            405,
        ),
    ],
)
async def test_errors_of_arm_itself(ask, identity, change, code, status):
    group = identity.partition("/providers/")[0]
    path = group + change["path"] if "path" in change else identity
    response = await ask(change.get("method", "GET"), path, version=change.get("version", "2024-11-30"))
    assert (response.status, response.code) == (status, code)


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
async def test_a_missing_group_is_the_same_error_for_every_verb(ask, identity, method):
    response = await ask(method, identity.replace("/rg/", "/nowhere/"), {"location": "westeurope"})
    assert (response.status, response.code) == (404, "ResourceGroupNotFound")
    assert response.headers["x-ms-failure-cause"] == "gateway"


async def test_an_unknown_subscription_is_not_found(ask, lab, identity):
    response = await ask("GET", identity.replace(lab.subscription_id, UNKNOWN))
    assert response.code == "SubscriptionNotFound"


async def test_a_caller_without_the_right_is_refused_until_it_has_it(lab, ask, identity):
    await lab.control.revoke("operator")
    response = await ask("PUT", identity, {"location": "westeurope"})
    assert (response.status, response.code) == (403, "AuthorizationFailed")
    assert response.headers["x-ms-failure-cause"] == "gateway"
    assert "Microsoft.ManagedIdentity/userAssignedIdentities/write" in response.body["error"]["message"]
    await lab.control.grant("operator", "Managed Identity Contributor")
    assert (await ask("PUT", identity, {"location": "westeurope"})).status == 201


async def test_an_empty_bucket_throttles_and_names_the_wait(lab, ask, identity):
    await ask("GET", identity)
    await lab.control.drain("read")
    response = await ask("GET", identity)
    assert (response.status, response.code, response.headers["Retry-After"]) == (
        429,
        "SubscriptionRequestsThrottled",
        "1",
    )
    await lab.clock.advance(1)
    assert (await ask("GET", identity)).status == 404


async def test_a_provider_that_is_not_registered_refuses_writes_until_it_is(lab, ask, identity):
    namespace = "Microsoft.ManagedIdentity"
    lab.cloud.state.store.unregistered[lab.subscription_id, namespace.lower()] = "NotRegistered"
    refused = await ask("PUT", identity, {"location": "westeurope"})
    assert (refused.status, refused.code) == (409, "MissingSubscriptionRegistration")
    assert refused.body["error"]["details"][0]["target"] == namespace
    assert (await ask("GET", identity)).code == "ResourceNotFound", "reads need no registration"

    provider = f"/subscriptions/{lab.subscription_id}/providers/{namespace}"
    registering = await ask("POST", f"{provider}/register", version="2016-02-01")
    assert registering.body["registrationState"] == "Registering"
    await lab.clock.advance(70)
    assert (await ask("GET", provider, version="2016-02-01")).body["registrationState"] == "Registered"
    assert (await ask("PUT", identity, {"location": "westeurope"})).status == 201


async def test_the_log_has_principal_request_and_status(lab, ask, identity):
    await ask("PUT", identity, {"location": "westeurope"}, **{"x-ms-correlation-request-id": "c1"})
    await ask("DELETE", identity + "-other")
    created, deleted = lab.log.requests()
    assert (created.method, created.kind, created.status, created.principal) == ("PUT", "write", 201, "operator")
    assert (created.service, created.api_version, created.correlation_id) == ("arm", "2024-11-30", "c1")
    assert (deleted.kind, deleted.status, deleted.code) == ("delete", 204, None)
    assert [d.kind for d in lab.log.delays()] == ["principal"]
