import pytest

from acrcmk.domain import remedies
from acrcmk.domain.failures import AzureFailure, Kind
from acrcmk.domain.outcome import Blocked, Progressing

SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_a_remedy_whose_message_keeps_azures_text(kind: Kind) -> None:
    outcome = remedies.outcome_of(AzureFailure(kind=kind, text="Code: {braces} stay"), doing="create vault kv")
    assert outcome.message.startswith("Could not create vault kv. ")
    assert outcome.message.endswith(" Azure: Code: {braces} stay")
    assert isinstance(outcome, Blocked if remedies.REMEDIES[kind].blocks else Progressing)


@pytest.mark.parametrize(
    ("kind", "text", "command"),
    [
        (
            Kind.LOCKED,
            f"locked: '/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-demo'. Remove",
            "az lock list --resource-group rg-demo)",
        ),
        (Kind.LOCKED, "locked", "az lock list --resource-group <resource group>)"),
        (Kind.LOCKED, "locked", "az lock delete --ids"),
        (
            Kind.NOT_REGISTERED,
            "The subscription is not registered to use namespace 'Microsoft.KeyVault'.",
            "az provider register --namespace Microsoft.KeyVault",
        ),
        (
            Kind.SUBSCRIPTION_DISABLED,
            f"The subscription '{SUBSCRIPTION}' is disabled",
            f"--subscription-id {SUBSCRIPTION})",
        ),
        (
            Kind.LOCATION_NOT_AVAILABLE,
            "not available for resource type 'Microsoft.KeyVault/vaults'",
            "az provider show --namespace Microsoft.KeyVault)",
        ),
        (Kind.ACCESS_POLICIES_REJECTED, "no", "az keyvault delete-policy"),
        (
            Kind.AUTHORIZATION,
            "does not have authorization to perform action 'Microsoft.KeyVault/vaults/write' over scope '/s'",
            "deploy/azure",
        ),
    ],
)
def test_the_advice_names_the_command(kind: Kind, text: str, command: str) -> None:
    message = remedies.outcome_of(AzureFailure(kind=kind, text=text), doing="x").message
    assert command in message
    assert text in message
