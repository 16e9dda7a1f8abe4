"""Azure Policy over the wire: definitions and assignments, and what they do to the real SDK's writes."""

import datetime

import pytest
from azure.core.exceptions import HttpResponseError

from tests.lab.tests.azure import rest
from tests.lab.tests.azure.conftest import GROUP, LOCATION, encrypted

VERSION = "2023-04-01"
DELETION_PROTECTION = "0b60c0b2-2dc2-4e1c-b5c9-abbed971de53"
KEYS_EXPIRE = "152b15f7-8e1f-4c1f-ab71-8c010ba5dbc0"
REGISTRIES_ENCRYPTED = "5b9159ae-1701-4a6f-9a7a-aa9c8ddd0580"
PUBLIC_ACCESS_OFF = "a3701552-92ea-433e-9d17-33b7f1208fc9"
INHERIT_TAG = "cd3aa116-8754-49c9-a813-ad46512ece54"
APPEND_TAG = "9ea02ca2-71db-412d-8b00-7c7ca9fcd32d"
REQUIRE_TAG = "871b6d14-10aa-478d-b590-94f262ecfa99"
PLAIN = {"location": LOCATION, "sku": {"name": "Premium"}}
MANAGEMENT_GROUP = "/providers/Microsoft.Management/managementGroups/root"


class Policies:
    """Definitions and assignments through Resource Manager."""

    def __init__(self, azure):
        self._azure = azure
        self.subscription = f"/subscriptions/{azure.subscription}"
        self.group = f"{self.subscription}/resourceGroups/{GROUP}"

    async def call(self, method, path, body=None):
        status, _, answer = await rest.call(self._azure, method, path, version=VERSION, body=body)
        return status, answer

    async def define(self, rule, *, name="custom", scope=None, **properties):
        path = f"{scope or self.subscription}/providers/Microsoft.Authorization/policyDefinitions/{name}"
        body = {"properties": {"displayName": "Custom policy", "policyRule": rule, **properties}}
        status, answer = await self.call("PUT", path, body)
        assert status == 201, answer
        return answer["id"]

    async def assign(self, definition, *, name="assigned", scope=None, parameters=None, **properties):
        path = f"{scope or self.subscription}/providers/Microsoft.Authorization/policyAssignments/{name}"
        if not definition.startswith("/"):
            definition = f"/providers/Microsoft.Authorization/policyDefinitions/{definition}"
        values = {key: {"value": value} for key, value in (parameters or {}).items()}
        body = {"properties": {"policyDefinitionId": definition, "parameters": values, **properties}}
        status, answer = await self.call("PUT", path, body)
        assert status == 201, answer
        return answer["id"]


@pytest.fixture
def policies(azure):
    return Policies(azure)


async def refusal(awaitable):
    with pytest.raises(HttpResponseError) as caught:
        await awaitable
    return caught.value


async def test_a_denied_vault_names_definition_and_assignment(azure, policies):
    assignment = await policies.assign(
        DELETION_PROTECTION, name="kv-protect", parameters={"effect": "Deny"}, displayName="Protect vaults"
    )
    error = await refusal(azure.vault(enablePurgeProtection=None))
    assert (error.status_code, error.error.code, error.error.target) == (403, "RequestDisallowedByPolicy", "vault-one")
    assert error.error.message.startswith("Resource 'vault-one' was disallowed by policy. Policy identifiers: '[{")
    violation = error.error.additional_info[0]
    assert violation.type == "PolicyViolation"
    info = violation.info
    assert info["policyDefinitionDisplayName"] == "Key vaults should have deletion protection enabled"
    assert info["policyDefinitionId"].endswith(f"/policyDefinitions/{DELETION_PROTECTION}")
    assert (info["policyAssignmentName"], info["policyAssignmentDisplayName"]) == ("kv-protect", "Protect vaults")
    assert (info["policyAssignmentId"], info["policyAssignmentScope"]) == (assignment, policies.subscription)
    assert info["policyAssignmentParameters"] == {"effect": {"value": "Deny"}}
    first, *_, last = info["evaluationDetails"]["evaluatedExpressions"]
    assert (first["path"], first["operator"], first["result"]) == ("type", "Equals", "True")
    assert (last["path"], last["targetValue"]) == ("properties.enablePurgeProtection", "true")
    assert (await azure.vault()).properties.enable_purge_protection is True


async def test_a_reason_of_the_assignment_is_in_the_message(azure, policies):
    await policies.assign(
        REGISTRIES_ENCRYPTED, parameters={"effect": "deny"}, nonComplianceMessages=[{"message": "Encrypt it."}]
    )
    error = await refusal(azure.create_registry(PLAIN))
    assert error.error.message == (
        "Resource 'registry1' was disallowed by policy. Reasons: 'Encrypt it.'. "
        "See error details for policy resource IDs."
    )
    identity, _, key = await azure.encryptable()
    await azure.create_registry(encrypted(identity, key.properties.key_uri))


async def test_audit_and_unenforced_assignments_deny_nothing(azure, policies):
    await policies.assign(REGISTRIES_ENCRYPTED)
    await policies.assign(
        REGISTRIES_ENCRYPTED, name="dry-run", parameters={"effect": "Deny"}, enforcementMode="DoNotEnforce"
    )
    await policies.assign(
        REGISTRIES_ENCRYPTED, name="elsewhere", parameters={"effect": "Deny"}, notScopes=[policies.group]
    )
    await azure.create_registry(PLAIN)


@pytest.mark.parametrize("scope", ["group", "subscription", "management group"])
async def test_an_assignment_holds_below_its_scope(azure, policies, scope):
    scopes = {"group": policies.group, "subscription": policies.subscription, "management group": MANAGEMENT_GROUP}
    await policies.assign(REQUIRE_TAG, scope=scopes[scope], parameters={"tagName": "Owner"})
    assert (await refusal(azure.identity())).error.code == "RequestDisallowedByPolicy"
    await azure.resources.resource_groups.create_or_update("rg2", {"location": LOCATION})
    other = azure.identities.user_assigned_identities.create_or_update("rg2", "identity", {"location": LOCATION})
    if scope == "group":
        await other
    else:
        assert (await refusal(other)).error.code == "RequestDisallowedByPolicy"
    await azure.identities.user_assigned_identities.create_or_update(
        GROUP, "identity", {"location": LOCATION, "tags": {"owner": "team-a"}}
    )


async def test_modify_replaces_a_value_on_put_and_on_patch(azure, policies):
    await azure.create_registry(PLAIN)
    await azure.lab.clock.advance(10)
    await policies.assign(PUBLIC_ACCESS_OFF)
    await azure.registries.registries.begin_update(GROUP, "registry1", {"tags": {"a": "b"}})
    assert (await azure.registry()).properties.public_network_access == "Disabled"
    body = {"properties": {"publicNetworkAccess": "Enabled"}}
    await azure.registries.registries.begin_update(GROUP, "registry1", body)
    registry = await azure.registry()
    assert (registry.properties.public_network_access, registry.tags) == ("Disabled", {"a": "b"})
    await azure.create_registry({**PLAIN, **body}, name="registry2")
    assert (await azure.registry("registry2")).properties.public_network_access == "Disabled"


async def test_a_tag_is_inherited_from_the_group_by_every_taggable_resource(azure, policies):
    tags = {"CostCenter": "RG-9000"}
    await azure.resources.resource_groups.create_or_update(GROUP, {"location": LOCATION, "tags": tags})
    await policies.assign(INHERIT_TAG, parameters={"tagName": "CostCenter"})
    own = {"CostCenter": "4711", "Owner": "team-a"}
    identity = await azure.identities.user_assigned_identities.create_or_update(
        GROUP, "identity", {"location": LOCATION, "tags": own}
    )
    assert identity.tags == {**own, **tags}
    assert (await azure.vault(tags=own)).tags == {**own, **tags}
    await azure.create_registry(PLAIN)
    await azure.lab.clock.advance(10)
    assert (await azure.registry()).tags == tags
    update = {"properties": {"adminUserEnabled": True}}
    await azure.registries.registries.begin_update(GROUP, "registry1", {"tags": own})
    await azure.registries.registries.begin_update(GROUP, "registry1", update)
    assert (await azure.registry()).tags == {**own, **tags}


async def test_append_adds_only_what_is_missing(azure, policies):
    await azure.resources.resource_groups.create_or_update(GROUP, {"location": LOCATION, "tags": {"Env": "test"}})
    await policies.assign(APPEND_TAG, parameters={"tagName": "Env"})
    assert (await azure.identity()).tags == {"Env": "test"}
    own = {"location": LOCATION, "tags": {"Env": "prod"}}
    other = await azure.identities.user_assigned_identities.create_or_update(GROUP, "other", own)
    assert other.tags == {"Env": "prod"}


async def test_an_append_that_would_replace_a_value_denies(azure, policies):
    field = "Microsoft.ContainerRegistry/registries/adminUserEnabled"
    rule = {"if": {"field": field, "equals": True}, "then": {"effect": "append", "details": []}}
    rule["then"]["details"] = [{"field": field, "value": False}]
    await policies.assign(await policies.define(rule))
    error = await refusal(azure.create_registry({**PLAIN, "properties": {"adminUserEnabled": True}}))
    assert error.error.code == "RequestDisallowedByPolicy"


async def test_keys_without_expiration_are_denied_in_both_planes(azure, policies, key_client):
    await azure.vault()
    await policies.assign(KEYS_EXPIRE, parameters={"effect": "Deny"})
    expires = 4102444800
    error = await refusal(azure.key())
    assert (error.status_code, error.error.code) == (403, "Forbidden")
    assert error.error.message == "Operation is not allowed by policy. Key Vault keys should have an expiration date"
    client = await key_client()
    assert (await refusal(client.create_rsa_key("key"))).error.innererror["code"] == "ForbiddenByPolicy"
    await azure.key(attributes={"exp": expires})
    assert (await azure.key()).name == "key", "an existing key is returned, not made"
    await client.create_rsa_key("other", expires_on=datetime.datetime(2100, 1, 1, tzinfo=datetime.UTC))


@pytest.mark.parametrize(
    ("condition", "is_denied"),
    [
        ({"field": "location", "notIn": ["westeurope", "northeurope"]}, False),
        ({"field": "location", "in": ["WestEurope"]}, True),
        ({"field": "name", "like": "reg*"}, True),
        ({"field": "name", "notLike": "reg*"}, False),
        ({"not": {"field": "Microsoft.ContainerRegistry/registries/sku.name", "equals": "premium"}}, False),
        ({"field": "tags['team']", "contains": "blue"}, True),
        ({"field": "tags", "containsKey": "team"}, True),
        ({"value": "[length(field('tags'))]", "greaterOrEquals": 2}, False),
        ({"anyOf": [{"field": "tags.team", "exists": False}, {"value": 3, "less": "[parameters('limit')]"}]}, True),
        (
            {
                "count": {
                    "field": "Microsoft.ContainerRegistry/registries/networkRuleSet.ipRules[*]",
                    "where": {
                        "field": "Microsoft.ContainerRegistry/registries/networkRuleSet.ipRules[*].value",
                        "like": "10.*",
                    },
                },
                "greater": 0,
            },
            True,
        ),
        ({"field": "Microsoft.ContainerRegistry/registries/networkRuleSet.ipRules[*].value", "like": "10.*"}, False),
    ],
)
async def test_conditions_of_the_rule_language(azure, policies, condition, is_denied):
    rule = {"if": {"allOf": [{"field": "type", "like": "*/registries"}, condition]}, "then": {"effect": "deny"}}
    parameters = {"limit": {"type": "Integer", "defaultValue": 10}}
    await policies.assign(await policies.define(rule, scope=MANAGEMENT_GROUP, parameters=parameters))
    rules = [{"action": "Allow", "value": address} for address in ("10.0.0.1", "203.0.113.7")]
    body = {
        **PLAIN,
        "tags": {"team": "blue-one"},
        "properties": {"networkRuleSet": {"defaultAction": "Deny", "ipRules": rules}},
    }
    if is_denied:
        assert (await refusal(azure.create_registry(body))).error.code == "RequestDisallowedByPolicy"
    else:
        await azure.create_registry(body)


@pytest.mark.parametrize("condition", [{"field": "name", "sounds": "x"}, {"value": "[nonsense(1)]", "equals": 1}])
async def test_a_rule_that_the_lab_cannot_read_is_told(azure, policies, condition):
    await policies.assign(await policies.define({"if": condition, "then": {"effect": "deny"}}))
    error = await refusal(azure.create_registry(PLAIN))
    assert error.status_code == 400
    assert "policy custom" in error.error.message


async def test_definitions_and_assignments_are_read_listed_and_deleted(policies):
    rule = {"if": {"field": "name", "equals": "x"}, "then": {"effect": "deny"}}
    definition = await policies.define(rule)
    assignment = await policies.assign(definition, scope=policies.group)
    status, body = await policies.call("GET", definition)
    assert (status, body["properties"]["policyType"], body["properties"]["mode"]) == (200, "Custom", "All")
    status, body = await policies.call("GET", assignment)
    assert (status, body["properties"]["scope"], body["name"]) == (200, policies.group, "assigned")
    listed = f"{policies.subscription}/providers/Microsoft.Authorization/policyDefinitions"
    names = [row["name"] for row in (await policies.call("GET", listed))[1]["value"]]
    assert names[0] == "custom"
    assert REGISTRIES_ENCRYPTED in names
    listed = f"{policies.group}/providers/Microsoft.Authorization/policyAssignments"
    assert [row["id"] for row in (await policies.call("GET", listed))[1]["value"]] == [assignment]
    for path in (assignment, definition):
        assert [(await policies.call(method, path))[0] for method in ("DELETE", "DELETE", "GET")] == [200, 204, 404]


async def test_an_assignment_needs_a_definition_and_a_definition_a_rule(policies):
    path = f"{policies.group}/providers/Microsoft.Authorization/policyAssignments/a"
    status, body = await policies.call("PUT", path, {"properties": {"policyDefinitionId": "/nowhere/x"}})
    assert (status, body["error"]["code"]) == (404, "PolicyDefinitionNotFound")
    path = f"{policies.subscription}/providers/Microsoft.Authorization/policyDefinitions/a"
    assert (await policies.call("PUT", path, {"properties": {}}))[0] == 400
