"""How each kind of failure is reported: reason, advice, and whether somebody has to act."""

import dataclasses
import re

from acrcmk.api.conditions import Reason
from acrcmk.domain.failures import AzureFailure, Kind
from acrcmk.domain.outcome import Blocked, Outcome, Progressing


@dataclasses.dataclass(frozen=True, kw_only=True)
class Remedy:
    """How one kind of failure is reported; `blocks` where somebody has to act."""

    reason: Reason
    advice: str
    blocks: bool = True
    unlocks: bool = False
    """Whether the steps after the one that failed run all the same."""


REMEDIES = {
    Kind.CHANGE_NOT_KEPT: Remedy(
        reason=Reason.CHANGE_NOT_KEPT,
        advice="Azure accepted this change several times, and something reverted it each time: an Azure Policy with "
        "the effect Modify, or another tool. Change the spec, or end what reverts it.",
        unlocks=True,
    ),
    Kind.THROTTLED: Remedy(
        reason=Reason.THROTTLED, advice="Azure limits the number of requests; the operator tries again.", blocks=False
    ),
    Kind.UNAVAILABLE: Remedy(
        reason=Reason.AZURE_UNAVAILABLE,
        advice="Azure did not answer, or answered with a server error; the operator tries again.",
        blocks=False,
    ),
    Kind.BUSY: Remedy(
        reason=Reason.UPDATING,
        advice="Another operation is in progress on the resource; the operator tries again.",
        blocks=False,
    ),
    Kind.REPLICATING: Remedy(
        reason=Reason.PROPAGATING,
        advice="Azure has not replicated an earlier change yet; the operator tries again.",
        blocks=False,
    ),
    Kind.AUTHENTICATION: Remedy(
        reason=Reason.AUTHENTICATION_FAILED,
        advice="Check the operator's workload identity: client id, tenant, federated credential "
        "(az identity federated-credential list --identity-name <identity> --resource-group <resource group>).",
    ),
    Kind.CREDENTIAL_MISSING: Remedy(
        reason=Reason.AUTHENTICATION_FAILED,
        advice='The operator has no credential: label its pod azure.workload.identity/use: "true" and annotate its '
        "service account with azure.workload.identity/client-id, or assign a managed identity to the nodes.",
    ),
    Kind.CREDENTIAL_EXPIRED: Remedy(
        reason=Reason.AUTHENTICATION_FAILED,
        advice="The operator's credential has expired: renew the client secret or certificate "
        "(az ad app credential reset --id <client id>), or check that the projected service account token is renewed "
        "and that the clock of the node is right.",
    ),
    Kind.WRONG_TENANT: Remedy(
        reason=Reason.AUTHENTICATION_FAILED,
        advice="The operator signs in to another tenant than that of the subscription: set AZURE_TENANT_ID to the "
        "tenant that az account show --subscription {subscription} --query tenantId prints, and AZURE_CLIENT_ID to an "
        "identity of that tenant.",
    ),
    Kind.AUTHORIZATION: Remedy(
        reason=Reason.AUTHORIZATION_FAILED,
        advice="Give the operator's identity the permission that Azure names: deploy/azure has the roles and the "
        "commands that assign them (az role assignment create).",
    ),
    Kind.ALREADY_GRANTED: Remedy(
        reason=Reason.PROPAGATING,
        advice="The role is assigned already; the registry's use of the key will prove it.",
        blocks=False,
    ),
    Kind.POLICY_DENIED: Remedy(
        reason=Reason.POLICY_DENIED,
        advice="Azure Policy forbids it: change the field of the spec that satisfies the policy, create the resource "
        "yourself and refer to it in the spec (spec.vault.resourceId, spec.key.identifier), or ask for an exemption "
        "(az policy exemption create --name <name> --exemption-category Waiver --policy-assignment <assignment id> "
        "--resource-group {group}).",
    ),
    Kind.LOCKED: Remedy(
        reason=Reason.LOCKED,
        advice="A management lock forbids it: find the lock (az lock list --resource-group {group}) and remove it "
        "(az lock delete --ids <lock id>), or undo the edit of the spec.",
    ),
    Kind.SUBSCRIPTION_DISABLED: Remedy(
        reason=Reason.SUBSCRIPTION_DISABLED,
        advice="The subscription is disabled, read-only or not registered "
        "(az account subscription show --subscription-id {subscription}): let its owner enable it again.",
    ),
    Kind.QUOTA_EXCEEDED: Remedy(
        reason=Reason.QUOTA_EXCEEDED,
        advice="Delete what is not used, or ask Azure's support to raise the quota or limit that Azure names.",
    ),
    Kind.LOCATION_NOT_AVAILABLE: Remedy(
        reason=Reason.LOCATION_NOT_AVAILABLE,
        advice="Set spec.location to a location that Azure offers "
        "(az account list-locations --query [].name; az provider show --namespace {namespace}).",
    ),
    Kind.LOCATION_CONFLICT: Remedy(
        reason=Reason.IMMUTABLE_FIELD_CHANGED,
        advice="A resource of this name exists in another location, which cannot be changed: set spec.location to "
        "that location, or choose another name.",
    ),
    Kind.GROUP_NOT_FOUND: Remedy(
        reason=Reason.RESOURCE_GROUP_NOT_FOUND,
        advice="Create the resource group, or set spec.createResourceGroup: true.",
    ),
    Kind.SUBSCRIPTION_NOT_FOUND: Remedy(
        reason=Reason.SUBSCRIPTION_NOT_FOUND,
        advice="Check spec.subscriptionId, or the operator's default subscription.",
    ),
    Kind.NOT_REGISTERED: Remedy(
        reason=Reason.PROVIDER_NOT_REGISTERED,
        advice="Register the resource provider in the subscription: "
        "az provider register --namespace {namespace} --subscription {subscription}.",
    ),
    Kind.NAME_TAKEN: Remedy(
        reason=Reason.NAME_TAKEN, advice="The name is unique in all of Azure: choose another one in the spec."
    ),
    Kind.NAME_NOT_ALLOWED: Remedy(
        reason=Reason.NAME_NOT_ALLOWED, advice="Azure does not allow the name: choose another one in the spec."
    ),
    Kind.ACCESS_POLICIES_REJECTED: Remedy(
        reason=Reason.ACCESS_POLICIES_REJECTED,
        advice="A vault takes 1024 access policies, and none of another tenant; Azure also answers so where principals "
        "in the list were deleted. Look at the list (az keyvault show --name <vault> "
        "--query properties.accessPolicies) and remove entries "
        "(az keyvault delete-policy --name <vault> --object-id <object id>), or use a vault with Azure RBAC.",
    ),
    Kind.VAULT_DELETED: Remedy(
        reason=Reason.VAULT_SOFT_DELETED,
        advice="A vault of this name is soft-deleted: recover it (az keyvault recover), or choose another name.",
    ),
    Kind.KEY_DELETED: Remedy(
        reason=Reason.KEY_SOFT_DELETED,
        advice="A key of this name is soft-deleted: recover it (az keyvault key recover), or choose another name.",
    ),
    Kind.KEY_ACCESS: Remedy(
        reason=Reason.KEY_ACCESS_DENIED,
        advice="Check that the identity may get, wrap and unwrap with the key, that the key is enabled and not "
        "expired, and that the vault's firewall lets trusted Azure services through.",
    ),
    Kind.CAUSE_UNKNOWN: Remedy(
        reason=Reason.PROVISIONING_FAILED,
        advice="Azure failed to carry it out, and why could not be read; the operator asks again.",
        blocks=False,
    ),
    Kind.REJECTED: Remedy(
        reason=Reason.AZURE_REJECTED, advice="Azure refused the request; change what its message names."
    ),
}


_DETAILS = {
    "namespace": (re.compile(r"\b(Microsoft\.\w+)"), "<namespace>"),
    "subscription": (re.compile(r"(?i)\bsubscriptions?\W{1,3}([0-9a-f-]{36})\b"), "<subscription>"),
    "group": (re.compile(r"(?i)/resourceGroups/([^/\s'\",;]+)"), "<resource group>"),
}
"""What commands in the advice name: how to find it in Azure's text, and what stands for it where it is not there."""


def of_read(failure: AzureFailure, *, doing: str, was_ready: bool) -> Outcome:
    """Return the outcome of a failed read: what was reported of a Ready object holds at first, whatever failed.

    Of an object that was not Ready a failure that somebody has to act on is reported at once.
    """
    outcome = outcome_of(failure, doing=doing)
    holds = was_ready or isinstance(outcome, Progressing)
    return dataclasses.replace(outcome, holds=holds) if isinstance(outcome, Progressing | Blocked) else outcome


def outcome_of(failure: AzureFailure, *, doing: str) -> Outcome:
    """Return the outcome of a failure; `doing` names the resource and what was being done to it.

    Throttling tells nothing about a resource, so what was reported of it holds.
    """
    remedy = REMEDIES[failure.kind]
    message = f"Could not {doing}. {advice(failure)} Azure: {failure}"
    if remedy.blocks:
        return Blocked(reason=remedy.reason, message=message, retry_after=failure.retry_after, unlocks=remedy.unlocks)
    return Progressing(
        reason=remedy.reason,
        message=message,
        retry_after=failure.retry_after,
        failed=True,
        holds=failure.kind is Kind.THROTTLED,
    )


def advice(failure: AzureFailure) -> str:
    """Return what to do about a failure, with the names in its commands where Azure's text has them."""
    details = {
        name: match[1].rstrip(".") if (match := pattern.search(failure.text)) else placeholder
        for name, (pattern, placeholder) in _DETAILS.items()
    }
    return REMEDIES[failure.kind].advice.format(**details)
