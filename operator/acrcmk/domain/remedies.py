"""How each kind of failure is reported: reason, advice, and whether somebody has to act."""

import dataclasses

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
    Kind.ALREADY_GRANTED: Remedy(
        reason=Reason.PROPAGATING, advice="The role is assigned already; the operator tries again.", blocks=False
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
        advice="Check the operator's workload identity: client id, tenant, federated credential.",
    ),
    Kind.AUTHORIZATION: Remedy(
        reason=Reason.AUTHORIZATION_FAILED,
        advice="Give the operator's identity the permission that Azure names (deploy/azure).",
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
        advice="Register the resource provider in the subscription: az provider register --namespace <namespace>.",
    ),
    Kind.NAME_TAKEN: Remedy(
        reason=Reason.NAME_TAKEN, advice="The name is unique in all of Azure: choose another one in the spec."
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
    Kind.REJECTED: Remedy(
        reason=Reason.AZURE_REJECTED, advice="Azure refused the request; change what its message names."
    ),
}


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
    message = f"Could not {doing}. {remedy.advice} Azure: {failure}"
    if remedy.blocks:
        return Blocked(reason=remedy.reason, message=message, retry_after=failure.retry_after, unlocks=remedy.unlocks)
    return Progressing(
        reason=remedy.reason,
        message=message,
        retry_after=failure.retry_after,
        failed=True,
        holds=failure.kind is Kind.THROTTLED,
    )
