"""The modes of the runner: dry collects the next writes, forecast those of all reconciles up to Ready."""

from typing import Any

from acrcmk.api import status as statuses
from acrcmk.domain import queries, resources
from acrcmk.domain.dry import DryRun
from acrcmk.domain.memo import Memo
from acrcmk.domain.outcome import Ready
from acrcmk.domain.steps import runner
from acrcmk.reconcile import plan
from tests.property.domain.model import ModelAzure
from tests.unit.domain import builders

ALL_CREATES = ["CreateVault", "CreateIdentity", "AssignRole", "CreateKey", "CreateRegistry"]


async def ignore(_: Any) -> tuple[()]:
    return ()


def kinds(writes: Any) -> list[str]:
    return [type(write).__name__ for write in writes]


async def test_a_dry_run_collects_the_next_writes_and_applies_none() -> None:
    model = ModelAzure()
    dry = DryRun(model)
    await runner.run(builders.desired(), Memo(dry), before_write=ignore, progress=ignore)
    assert sorted(kinds(dry.writes)) == ["CreateIdentity", "CreateVault"]
    assert model.written == []


async def test_a_forecast_shows_every_write_of_a_new_object_up_to_ready() -> None:
    model = ModelAzure()
    writes, results = await plan.forecast(builders.desired(), model)
    assert sorted(kinds(writes)) == sorted(ALL_CREATES)
    assert {name for name, result in results.items() if not isinstance(result.outcome, Ready)} == set()
    assert model.written == []


async def test_a_forecast_holds_placeholders_for_what_azure_assigns() -> None:
    writes, _ = await plan.forecast(builders.desired(), ModelAzure())
    registry = next(write for write in writes if type(write).__name__ == "CreateRegistry")
    assert registry.client_id == "<client id of images-acr>"


async def test_a_forecast_of_a_ready_object_is_empty_and_of_a_changed_one_holds_the_change() -> None:
    model = ModelAzure()
    for query, answer in (
        (queries.GetRegistry(id=builders.REGISTRY_ID), builders.registry()),
        (queries.GetIdentity(id=builders.IDENTITY_ID), builders.identity()),
        (queries.GetVault(id=builders.VAULT_ID), builders.vault()),
        (queries.GetKey(vault=builders.VAULT_ID, name="acr-cmk"), builders.key()),
        (
            queries.ListRoleAssignments(scope=str(builders.VAULT_ID), principal=builders.PRINCIPAL),
            (builders.assignment(),),
        ),
    ):
        model.put(query, answer)
    status = statuses.EncryptedRegistryStatus()
    assert (await plan.forecast(builders.desired(status=status), model))[0] == ()
    changed = builders.desired(status=status, registry={"name": "teamaimages", "adminUserEnabled": True})
    (update,), _ = await plan.forecast(changed, model)
    assert update.settings == resources.RegistrySettings(admin_user_enabled=True)
