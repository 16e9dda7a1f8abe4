"""Whatever the spec, Azure's generation, slowness and lost answers: passes end with Ready, and then write nothing."""

import asyncio
import dataclasses
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from acrcmk.api import status as statuses
from acrcmk.domain import claim, conditions, names, report, steps
from acrcmk.domain.subject import Subject
from acrcmk.domain.view import View
from tests.property.domain.model import CRYPTO, ModelAzure, identity, role_of
from tests.unit.domain import builders

MOST = 40
"""Passes that are enough by far: 10 writes, as many lost answers, and delays of 3."""

SHARED = names.identity_id("shared", subscription=builders.SUBSCRIPTION, group="rg")
IDENTITY = st.sampled_from([{}, {"name": "own"}, {"resourceId": str(SHARED)}])
VAULT = st.sampled_from([{"name": "kv-images"}, {"resourceId": str(builders.VAULT_ID)}])
ROTATION = st.sampled_from(
    [{}, {"mode": "Manual"}, {"mode": "Manual", "version": builders.VERSION_1}, {"mode": "Automatic"}]
)
SETTINGS = st.fixed_dictionaries(
    {"name": st.just("teamaimages"), "adminUserEnabled": st.booleans()},
    optional={
        "publicNetworkAccess": st.sampled_from(["Enabled", "Disabled"]),
        "networkRules": st.just({"defaultAction": "Deny", "ipRules": ["1.2.3.4"]}),
        "policies": st.just({"retentionDays": 7, "quarantine": True}),
    },
)
SPECS = st.builds(
    lambda identity, vault, access, rotation, registry, tags, group: {
        "identity": identity,
        "vault": {**vault, "access": access},
        "key": {"rotation": rotation},
        "registry": registry,
        "tags": tags,
        "createResourceGroup": group,
    },
    IDENTITY,
    VAULT,
    st.sampled_from(["RBAC", "AccessPolicy"]),
    ROTATION,
    SETTINGS,
    st.sampled_from([{}, {"team": "a"}]),
    st.booleans(),
)
MODELS = st.builds(
    ModelAzure,
    generation=st.sampled_from("ABC"),
    refuses_later=st.booleans(),
    delay=st.integers(0, 3),
    losses=st.lists(st.sampled_from(["", "before", "after"]), max_size=10).map(iter),
)


async def a_pass(spec: Any, status: Any, model: ModelAzure) -> statuses.EncryptedRegistryStatus:
    view = View(model)
    wish = builders.wish(wanted=spec, status=status)
    settled = await claim.settle(wish, view)
    assert isinstance(settled, Subject), settled

    async def nobody(_: steps.Results) -> None:
        return

    results = await steps.run(settled, view, changed=nobody)
    told = conditions.conditions(conditions.verdicts(results), before=status.conditions, generation=1, now=builders.NOW)
    return report.status(settled, results).model_copy(update={"conditions": told, "observed_generation": 1})


async def until_ready(spec: Any, status: Any, model: ModelAzure) -> statuses.EncryptedRegistryStatus:
    for _ in range(MOST):
        status = await a_pass(spec, status, model)
        model.tick()
        if status.condition("Ready").status == "True":
            return status
    raise AssertionError([(one.type, one.reason, one.message) for one in status.conditions])


def prepared(model: ModelAzure, wire: dict[str, Any]) -> None:
    """Put there what a spec refers to, and remove the group that it wants created."""
    if "resourceId" in wire["identity"]:
        model.identities_[SHARED] = identity(SHARED, tags={})
    if "resourceId" in wire["vault"]:
        model.vaults[builders.VAULT_ID] = builders.vault(tags={}, rbac=wire["vault"]["access"] == "RBAC")
    if wire["createResourceGroup"]:
        model.groups.clear()


@settings(max_examples=150, deadline=None)
@given(SPECS, MODELS)
def test_passes_converge_and_then_write_nothing(wire: dict[str, Any], model: ModelAzure) -> None:
    prepared(model, wire)
    spec = builders.spec(**wire)

    async def scenario() -> None:
        status = await until_ready(spec, statuses.EncryptedRegistryStatus(), model)
        assert status.encryption is not None
        assert status.encryption.status == "enabled"
        assert {one.status for one in status.conditions} == {"True"}
        written = len(model.written)
        assert await a_pass(spec, status, model) == status
        assert len(model.written) == written
        assert role_of(model) == (CRYPTO if wire["vault"]["access"] == "RBAC" else set())
        if "resourceId" in wire["vault"]:
            assert dataclasses.replace(model.vaults[builders.VAULT_ID], policies=()) == builders.vault(
                tags={}, rbac=wire["vault"]["access"] == "RBAC"
            )

    asyncio.run(scenario())


@settings(max_examples=60, deadline=None)
@given(SPECS, SPECS, MODELS)
def test_any_spec_can_become_another_one_that_azure_allows(
    one: dict[str, Any], other: dict[str, Any], model: ModelAzure
) -> None:
    # A vault's access mode is never switched; an identity once referred to is not left without naming another one.
    other = {**other, "vault": one["vault"], "createResourceGroup": False}
    other["identity"] = other["identity"] or one["identity"]
    prepared(model, one)
    prepared(model, other)

    async def scenario() -> None:
        first = await until_ready(builders.spec(**one), statuses.EncryptedRegistryStatus(), model)
        second = await until_ready(builders.spec(**other), first, model)
        lost = await until_ready(builders.spec(**other), statuses.EncryptedRegistryStatus(), model)
        assert lost.registry == second.registry
        assert lost.encryption == second.encryption

    asyncio.run(scenario())
