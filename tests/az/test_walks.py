"""The guide by hand with az, and the same by one object of the operator's: every option."""

import re

import pytest

from tests.az import cli, endstate, walks

pytestmark = [cli.needed, pytest.mark.integration, pytest.mark.timeout(600)]

INTENDED = {
    r".*/tags/acrcmk-owner": "the operator marks what it made, so that it never touches what it did not make",
    r"Microsoft.Authorization/roleAssignments/(id|name)": (
        "az draws the assignment's name; the operator derives it, so that repeating makes no second one"
    ),
    r"Microsoft.Authorization/roleAssignments/creator_id": "Azure records who assigned the role",
    r"Microsoft.KeyVault/vaults/flags/enabledForDeployment": (
        "az adds its own default when it writes the whole vault back (step 5); the operator leaves it unset"
    ),
    r"Microsoft.KeyVault/vaults/(access|effective)_policies/<person>/.*": (
        "az gives whoever makes the vault all permissions; the operator makes keys through Resource Manager "
        "and needs none"
    ),
}
"""Where az and the operator differ on purpose: pattern of the fact, and why."""


def test_step_9_prints_what_the_guide_expects(walked, way):
    _, identity, _, _, _, key, _, encryption = walked.printed[way]
    versioned = key["key"]["kid"]
    automatic = way.rotation == "automatic"

    assert encryption == {
        "keyVaultProperties": {
            "identity": identity["clientId"],
            "keyIdentifier": versioned.rpartition("/")[0] if automatic else versioned,
            "keyRotationEnabled": automatic,
            "lastKeyRotationTimestamp": None,
            "versionedKeyIdentifier": versioned,
        },
        "status": "enabled",
    }


def test_the_objects_status_says_what_az_prints(walked, way):
    printed = endstate.nameless(walked.printed[way][-1], walked.state, way.names("az"))
    # Kubernetes' way to say null is to leave it out.
    del printed["keyVaultProperties"]["lastKeyRotationTimestamp"]

    assert endstate.nameless(walked.status[way]["encryption"], walked.state, way.names("op")) == printed


def differing(walked, way):
    """Return the facts that az and the operator left different."""
    by_az, by_operator = (endstate.of(walked.state, way.names(maker)) for maker in ("az", "op"))
    return endstate.differences(by_az, by_operator)


def test_az_and_the_operator_end_the_same_but_for_what_is_intended(walked, way):
    found = differing(walked, way)

    assert {fact: both for fact, both in found.items() if not any(re.fullmatch(one, fact) for one in INTENDED)} == {}


@pytest.mark.parametrize("intended", INTENDED)
def test_what_is_intended_is_so(walked, intended):
    assert any(re.fullmatch(intended, fact) for way in walks.WAYS for fact in differing(walked, way))
