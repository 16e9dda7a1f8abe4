"""Reconciles end with Ready and then write nothing, whatever the spec, Azure's generation, delays and lost answers."""

import asyncio
import dataclasses
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from acrcmk.api import status as statuses
from acrcmk.domain import forecast, ids, ledger, queries, resolve
from acrcmk.domain.desired import Desired
from acrcmk.domain.memo import Memo
from acrcmk.domain.status import Progress, next_status
from acrcmk.domain.steps import runner
from tests.property.domain.model import CRYPTO, ModelAzure, identity, roles
from tests.unit.domain import builders

MOST = 40
"""Reconciles that are enough by far: 10 writes, as many lost answers, and delays of 3."""

SHARED = ids.identity_id("shared", subscription=builders.SUBSCRIPTION, group="rg")
IDENTITY = st.sampled_from([{}, {"name": "own"}, {"resourceId": str(SHARED)}])
VAULT = st.sampled_from([{"name": "kv-images"}, {"resourceId": str(builders.VAULT_ID)}])
ROTATION = st.sampled_from(
    [{}, {"mode": "Manual"}, {"mode": "Manual", "version": forecast.VERSION}, {"mode": "Automatic"}]
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


async def reconcile(spec: Any, status: Any, model: ModelAzure) -> statuses.EncryptedRegistryStatus:
    azure = Memo(model)
    registry = builders.encrypted_registry(spec=spec, status=status)
    desired = await resolve.resolve(registry, azure)
    assert isinstance(desired, Desired), desired

    def after(progress: Progress) -> statuses.EncryptedRegistryStatus:
        return next_status(registry.status, progress, generation=1, now=builders.NOW).status

    created: statuses.Entries = ()

    async def record(write: Any) -> statuses.Entries:
        nonlocal created
        entry = ledger.entry(write, now=builders.NOW)
        created = ledger.with_entries(created, [entry] if entry else [])
        return ledger.with_entries(registry.status.resources, created)

    async def ignore(_: Any) -> None:
        return

    results = await runner.run(desired, azure, before_write=record, progress=ignore)
    return after(Progress(desired=desired, results=results, created=created, complete=True))


async def until_ready(spec: Any, status: Any, model: ModelAzure) -> statuses.EncryptedRegistryStatus:
    for _ in range(MOST):
        status = await reconcile(spec, status, model)
        model.tick()
        if status.condition("Ready").status == "True":
            return status
    raise AssertionError([(condition.type, condition.reason, condition.message) for condition in status.conditions])


def prepare(model: ModelAzure, wire: dict[str, Any]) -> None:
    """Put there what a spec refers to, and remove the group that it wants created."""
    if "resourceId" in wire["identity"]:
        model.put(queries.GetIdentity(id=SHARED), identity(SHARED))
    if "resourceId" in wire["vault"]:
        vault = builders.vault(tags={}, rbac=wire["vault"]["access"] == "RBAC")
        model.put(queries.GetVault(id=builders.VAULT_ID), vault)
    if wire["createResourceGroup"]:
        model.answers[queries.GroupExists(subscription=builders.SUBSCRIPTION, name="rg")] = False


@settings(max_examples=150, deadline=None)
@given(SPECS, MODELS)
def test_reconciles_converge_and_then_write_nothing(wire: dict[str, Any], model: ModelAzure) -> None:
    prepare(model, wire)
    spec = builders.new_spec(**wire)

    async def scenario() -> None:
        status = await until_ready(spec, statuses.EncryptedRegistryStatus(), model)
        assert status.encryption is not None
        assert status.encryption.status == "enabled"
        assert {condition.status for condition in status.conditions} == {"True"}
        written = len(model.written)
        assert await reconcile(spec, status, model) == status
        assert len(model.written) == written
        assert roles(model) == (CRYPTO if wire["vault"]["access"] == "RBAC" else set())
        if "resourceId" in wire["vault"]:
            vault = model.answers[queries.GetVault(id=builders.VAULT_ID)]
            assert dataclasses.replace(vault, policies=()) == builders.vault(tags={}, rbac=vault.rbac)

    asyncio.run(scenario())


@settings(max_examples=60, deadline=None)
@given(SPECS, SPECS, MODELS)
def test_any_spec_can_become_another_one_that_azure_allows(
    one: dict[str, Any], other: dict[str, Any], model: ModelAzure
) -> None:
    # A vault's access mode is never switched; an identity once referred to is not left without naming another one.
    other = {**other, "vault": one["vault"], "createResourceGroup": False}
    other["identity"] = other["identity"] or one["identity"]
    prepare(model, one)
    prepare(model, other)

    async def scenario() -> None:
        first = await until_ready(builders.new_spec(**one), statuses.EncryptedRegistryStatus(), model)
        second = await until_ready(builders.new_spec(**other), first, model)
        lost = await until_ready(builders.new_spec(**other), statuses.EncryptedRegistryStatus(), model)
        assert lost.registry == second.registry
        assert lost.encryption == second.encryption

    asyncio.run(scenario())
