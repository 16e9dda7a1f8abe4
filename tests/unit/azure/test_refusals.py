"""Refusals of Azure by kind, each with codes of ACR that no document lists, and what the message then says."""

import json

import pytest
from azure.core import exceptions
from azure.identity import CredentialUnavailableError

from acrcmk.azure import errors
from acrcmk.domain import remedies
from acrcmk.domain.failures import Kind

UNSOURCED = ("CMKError", "Unheard")

BY_CODE = [
    (403, "RequestDisallowedByPolicy", "Resource 'kv' was disallowed by policy.", Kind.POLICY_DENIED),
    (409, "ScopeLocked", "The scope cannot perform write operation", Kind.LOCKED),
    (409, "ReadOnlyDisabledSubscription", "The subscription 'x' is disabled", Kind.SUBSCRIPTION_DISABLED),
    (404, "SubscriptionNotRegistered", "no", Kind.SUBSCRIPTION_DISABLED),
    (409, "MissingSubscriptionRegistration", "no", Kind.NOT_REGISTERED),
    (400, "QuotaExceeded", "no", Kind.QUOTA_EXCEEDED),
    (400, "RoleAssignmentLimitExceeded", "no", Kind.QUOTA_EXCEEDED),
    (400, "LocationNotAvailableForResourceType", "no", Kind.LOCATION_NOT_AVAILABLE),
    (400, "LocationNotAvailableForResourceGroup", "no", Kind.LOCATION_NOT_AVAILABLE),
    (403, "RequestDisallowedByAzure", "Resource 'x' was disallowed by Azure", Kind.LOCATION_NOT_AVAILABLE),
    (409, "InvalidResourceLocation", "already exists in location 'x'", Kind.LOCATION_CONFLICT),
    (400, "ReservedResourceName", "no", Kind.NAME_NOT_ALLOWED),
    (409, "RoleAssignmentExists", "The role assignment already exists.", Kind.ALREADY_GRANTED),
    (409, "Conflict", "no", Kind.BUSY),
    (409, "ConflictError", "no", Kind.BUSY),
    (409, "ResourceGroupBeingDeleted", "no", Kind.BUSY),
    (403, "DenyAssignmentAuthorizationFailed", "no", Kind.AUTHORIZATION),
    (401, "InvalidAuthenticationTokenTenant", "The access token is from the wrong issuer", Kind.WRONG_TENANT),
]


@pytest.mark.parametrize(("status", "code", "message", "kind"), BY_CODE, ids=[row[1] for row in BY_CODE])
def test_a_known_code_decides(status: int, code: str, message: str, kind: Kind) -> None:
    assert errors.failure(status=status, code=code, message=message, headers={}).kind is kind


BY_TEXT = [
    (403, "Operation is not allowed by policy. Key should have an expiration date.", Kind.POLICY_DENIED),
    (400, "Resource 'k' was disallowed by policy.", Kind.POLICY_DENIED),
    (409, "the following scope(s) are locked: '/subscriptions/s/resourceGroups/rg'", Kind.LOCKED),
    (403, "The subscription 'x-1' is disabled and therefore marked as read only.", Kind.SUBSCRIPTION_DISABLED),
    (403, "Registries in this region exceed the quota of 5", Kind.QUOTA_EXCEEDED),
    (400, "The specified resource name is disallowed: it contains a reserved word.", Kind.NAME_NOT_ALLOWED),
    (400, "An invalid value was provided for 'accessPolicies'.", Kind.ACCESS_POLICIES_REJECTED),
    (403, "Caller is not authorized to perform action on resource.", Kind.AUTHORIZATION),
    (403, "The user 'x' does not have keys get permission on key vault 'v'", Kind.AUTHORIZATION),
    (403, "Client address is not authorized and caller is not a trusted service.", Kind.REJECTED),
    (409, "Another operation is in progress on the registry", Kind.BUSY),
    (409, "a thing nobody knows", Kind.REJECTED),
    (403, "a thing nobody knows", Kind.REJECTED),
    (400, "a thing nobody knows", Kind.REJECTED),
    (412, "a thing nobody knows", Kind.BUSY),
    (503, "was disallowed by policy", Kind.UNAVAILABLE),
    (401, "AADSTS7000222: The provided client secret keys are expired.", Kind.CREDENTIAL_EXPIRED),
    (401, "AADSTS700024: Client assertion is not within its valid time range.", Kind.CREDENTIAL_EXPIRED),
    (401, "AADSTS90002: Tenant 'x' not found.", Kind.WRONG_TENANT),
    (401, "AADSTS700213: No matching federated identity record found", Kind.AUTHENTICATION),
]


@pytest.mark.parametrize("code", UNSOURCED)
@pytest.mark.parametrize(("status", "message", "kind"), BY_TEXT)
def test_an_unknown_code_is_reported_by_its_text(status: int, message: str, kind: Kind, code: str) -> None:
    assert errors.failure(status=status, code=code, message=message, headers={}).kind is kind


class Response:
    reason = "no"

    def __init__(self, status: int, body: object) -> None:
        self.status_code, self.headers, self._text = status, {}, json.dumps(body)

    def text(self) -> str:
        return self._text


def classify(status: int, error: dict[str, object]):
    return errors.classify(exceptions.HttpResponseError(response=Response(status, {"error": error})))


def test_a_policy_is_named_with_definition_and_assignment() -> None:
    info = {
        "policyDefinitionDisplayName": "Azure Key Vault should have firewall enabled",
        "policyDefinitionId": "/providers/Microsoft.Authorization/policyDefinitions/55615ac9",
        "policyAssignmentName": "kv-firewall",
    }
    error = {
        "code": "RequestDisallowedByPolicy",
        "message": "Resource 'kv' was disallowed by policy.",
        "additionalInfo": [{"type": "PolicyViolation", "info": info}],
    }
    outcome = remedies.outcome_of(classify(403, error), doing="create vault kv")
    assert outcome.reason == "PolicyDenied"
    assert "'Azure Key Vault should have firewall enabled' (/providers/" in outcome.message
    assert "assignment 'kv-firewall'" in outcome.message
    assert "az policy exemption create" in outcome.message


@pytest.mark.parametrize(
    "additional", [None, [], ["x"], [{"type": "PolicyViolation"}], [{"type": "Other", "info": {}}]]
)
def test_unusual_additional_info_does_not_hide_the_code(additional: object) -> None:
    error = {"code": "RequestDisallowedByPolicy", "message": "no", "additionalInfo": additional}
    assert classify(403, error).text == "RequestDisallowedByPolicy: no"


def test_a_policy_denial_inside_the_vault_is_reported_by_its_inner_code() -> None:
    error = {"code": "Forbidden", "message": "Key should expire.", "innererror": {"code": "ForbiddenByPolicy"}}
    assert classify(403, error).kind is Kind.POLICY_DENIED


def test_entras_refusal_of_a_credential_is_no_rejection() -> None:
    body = {"error": "invalid_request", "error_description": "AADSTS90002: Tenant 'x' not found."}
    error = exceptions.ClientAuthenticationError(message=body["error_description"], response=Response(400, body))
    assert errors.classify(error).kind is Kind.WRONG_TENANT
    assert errors.classify(CredentialUnavailableError(message="x")).kind is Kind.CREDENTIAL_MISSING


def test_tokens_are_left_out_of_azures_text() -> None:
    failure = errors.failure(status=400, code="c", message="Bearer abcdefghijklmnop was sent", headers={})
    assert "abcdefghijklmnop" not in failure.text
