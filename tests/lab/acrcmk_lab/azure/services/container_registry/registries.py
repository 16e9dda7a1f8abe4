"""Microsoft.ContainerRegistry: registries, in the three generations of answers on record.

GEN_A answers 200 with the final body. GEN_B answers 201 with an operation and shows the old state
until that has ended; GEN_C likewise, but shows the new state at once.
"""

import asyncio
import dataclasses
import re
from collections.abc import Coroutine
from typing import Any

from acrcmk_lab.azure.arm import errors, ids, operations
from acrcmk_lab.azure.arm.messages import Answer, Body, RefusedError
from acrcmk_lab.azure.arm.operations import Call, Operation
from acrcmk_lab.azure.services.container_registry import (
    customer_managed_keys,
    models,
)
from acrcmk_lab.azure.services.container_registry.async_operations import AsyncOperation, RegistryOperations
from acrcmk_lab.azure.services.container_registry.child_resources import RegistryChildren, Replication
from acrcmk_lab.azure.services.container_registry.customer_managed_keys import Subject
from acrcmk_lab.azure.services.container_registry.key_rotation import RegistryRotation
from acrcmk_lab.azure.services.container_registry.models import Attached, Identities, Registry, Settings
from acrcmk_lab.azure.services.container_registry.webhooks import RegistryWebhooks, Webhook
from acrcmk_lab.azure.services.managed_identity import identities
from acrcmk_lab.azure.services.managed_identity.identities import Identity
from acrcmk_lab.azure.state.directory import Principal
from acrcmk_lab.azure.state.state import World

NAMESPACE = models.NAMESPACE
VERSIONS = (
    "2019-05-01",
    "2019-12-01-preview",
    "2020-11-01-preview",
    "2021-06-01-preview",
    "2021-08-01-preview",
    "2021-09-01",
    "2021-12-01-preview",
    "2022-02-01-preview",
    "2022-12-01",
    "2023-01-01-preview",
    "2023-06-01-preview",
    "2023-07-01",
    "2023-08-01-preview",
    "2023-11-01-preview",
    "2024-11-01-preview",
    "2025-03-01-preview",
    "2025-04-01",
    "2025-05-01-preview",
    "2025-06-01-preview",
    "2025-11-01",
    "2025-12-01-preview",
    "2026-09-01-preview",
)
ASSIGN = f"{identities.TYPE}/assign/action"
_NAME = re.compile(r"[a-zA-Z0-9]{5,50}")
_CHILDREN = ("registries/replications", "registries/webhooks")


class ContainerRegistry:
    """The provider."""

    namespace = NAMESPACE
    versions: tuple[str, ...] = VERSIONS

    def __init__(self, state: World) -> None:
        self._world = state
        self._running = RegistryOperations(state)
        self._children = RegistryChildren(state, running=self._running)
        self.rotation = RegistryRotation(state)
        state.removers[Registry] = self.remove
        # Names that somebody else in Azure holds, and creates that are being looked at.
        self.taken: set[str] = set()
        # Errors that the next operations end with, one each.
        self.fail_next: list[Body] = []
        self._writing: set[str] = set()

    def accepts(self, version: str) -> bool:
        return version in VERSIONS

    def headers(self, call: Call) -> dict[str, str]:
        """Recorded: a registry tells the version asked for, its children tell all there are."""
        if call.route.typed.startswith(_CHILDREN):
            return {"api-supported-versions": ", ".join(VERSIONS)}
        return {} if call.route.typed.startswith("locations") else {"api-supported-versions": call.version}

    def offers(self) -> list[Operation]:
        return [
            *operations.crud(
                NAMESPACE,
                path="registries/*",
                get=self.get,
                put=self.put,
                patch=self.patch,
                delete=self.delete,
                latency=False,
            ),
            *operations.crud(NAMESPACE, path="registries", get=self.index),
            Operation(
                method="POST",
                template=f"{NAMESPACE}/checkNameAvailability".lower(),
                handler=self.check_name,
                action=f"{NAMESPACE}/checkNameAvailability/read",
                kind="read",
            ),
            *self._running.offers(),
            *self._children.offers(),
            *RegistryWebhooks(self._world).offers(),
        ]

    async def get(self, call: Call) -> Answer:
        return Answer(200, self._body(self._found(call), version=call.version))

    async def index(self, call: Call) -> Answer:
        found = self._world.store.under(call.route.scope, kind=Registry)
        rows = [self._body(registry, version=call.version) for registry in found]
        return operations.page(call, rows=rows, url=self._world.url)

    async def put(self, call: Call) -> Answer:
        existing = self._world.store.get(Registry, call.route.path)
        if existing is None or not (existing.made or existing.pending):
            return await self._exclusively(call, self._create(call))
        return await self._exclusively(call, self._update(call, existing, replace=True))

    async def patch(self, call: Call) -> Answer:
        return await self._exclusively(call, self._update(call, self._found(call), replace=False))

    async def delete(self, call: Call) -> Answer:
        registry = self._world.store.get(Registry, call.route.path)
        if registry is None:
            return Answer(204)
        if self._world.store.under(registry.id, kind=Replication):
            registry.provisioning = "Deleting"
            headers = self._running.begin_deletion(
                call, owner=registry.id, location=registry.location, done=lambda: self.remove(registry)
            )
            return Answer(202, self._body(registry, version=call.version), headers)
        self.remove(registry)
        return Answer(200)

    def remove(self, registry: Registry) -> None:
        """Delete a registry with all below it."""
        for kind in (Replication, Webhook):
            for child in self._world.store.under(registry.id, kind=kind):
                self._world.store.remove(child)
        self._world.store.remove(registry)

    async def check_name(self, call: Call) -> Answer:
        """Recorded: a registry of one's own is told as taken, too."""
        name = str(call.body.get("name", ""))
        if not _NAME.fullmatch(name):
            message = errors.error("ACR_NAME_INVALID", name=name)["message"]
            return Answer(200, {"nameAvailable": False, "reason": "Invalid", "message": message})
        if self._is_taken(name):
            message = f"The registry {name} is already in use."
            return Answer(200, {"nameAvailable": False, "reason": "AlreadyExists", "message": message})
        return Answer(200, {"nameAvailable": True})

    async def _exclusively(self, call: Call, write: Coroutine[Any, Any, Answer]) -> Answer:
        """Run a write unless another one of the same registry is being answered."""
        key = call.route.path.lower()
        if key in self._writing:
            write.close()
            raise errors.refusal("ACR_BUSY", name=call.names[0])
        self._writing.add(key)
        try:
            return await write
        finally:
            self._writing.discard(key)

    async def _create(self, call: Call) -> Answer:
        name, location = call.names[0], str(call.body.get("location") or "")
        settings = models.new_settings(call.body)
        if not _NAME.fullmatch(name):
            raise errors.refusal("ACR_NAME_INVALID", name=name)
        if self._is_taken(name, by_other_than=call.route.path):
            raise errors.refusal("ACR_NAME_TAKEN", name=name)
        if not location:
            raise errors.refusal("ARM_LOCATION_REQUIRED")
        if settings.sku not in models.SKUS:
            raise errors.refusal("ACR_SKU_INVALID", sku=settings.sku)
        settings = self._identified(call, settings)
        registry = Registry(
            id=call.route.path,
            name=name,
            location=ids.location(location),
            created=self._world.clock.now(),
            created_by=call.caller.author,
            tenant_id=self._world.tenant_id,
            settings=dataclasses.replace(settings, identities=Identities()),
        )
        return await self._write(call, registry, settings=settings, word="Creating")

    async def _update(self, call: Call, registry: Registry, *, replace: bool) -> Answer:
        await self._wait_until_idle(registry)
        current = registry.settings
        laid = models.new_settings(call.body) if replace else models.overlaid(current, body=call.body)
        settings = dataclasses.replace(laid, identities=current.identities, encryption=current.encryption)
        settings = self._identified(call, settings, replace=replace)
        if current.encryption and settings.identities.principal(current.encryption.identity) is None:
            self._still_identified(call, registry, settings=settings)
        customer_managed_keys.check_transition(
            self._world, subject=_subject(registry), current=current, body=call.body, replace=replace
        )
        return await self._write(call, registry, settings=settings, word="Updating")

    async def _write(
        self,
        call: Call,
        registry: Registry,
        *,
        settings: Settings,
        word: str,
    ) -> Answer:
        """Take the synchronous wait, look at the key in it, and answer in the registry's mode."""
        switches, since = self._world.switches, self._world.clock.now()
        whole = self._world.draw(switches.acr_create if word == "Creating" else switches.acr_update)
        early = min(whole, self._world.draw(switches.acr_validation))
        await self._world.clock.sleep(early)
        failure = None
        try:
            encryption = customer_managed_keys.resolve(
                self._world,
                subject=_subject(registry),
                settings=settings,
                body=call.body,
                current=registry.settings.encryption,
            )
            settings = dataclasses.replace(settings, encryption=encryption)
        except RefusedError as refused:
            if switches.cmk_failure == "sync" or switches.registry_mode == "GEN_A":
                raise
            failure = refused.answer.body["error"]
        await self._world.clock.sleep(whole - early)
        self._world.spent("acr_create" if word == "Creating" else "acr_update", resource=registry.id, since=since)
        registry.modified, registry.modified_by = self._world.clock.now(), call.caller.author
        return self._settle(call, registry, settings=settings, word=word, failure=failure)

    def _settle(
        self,
        call: Call,
        registry: Registry,
        *,
        settings: Settings,
        word: str,
        failure: Body | None,
    ) -> Answer:
        self._world.store.put(registry)
        if word == "Creating":
            self.rotation.watch(registry)
        failure = failure or (self.fail_next.pop(0) if self.fail_next else None)
        if failure is None and self._at_once(registry, settings=settings, word=word):
            self._adopt(registry, settings)
            return Answer(200, self._body(registry, version=call.version))
        registry.pending, registry.provisioning = settings, word
        operation, headers = self._running.begin(
            call, owner=registry.id, word=word, failure=failure, done=lambda ended: self._ended(registry, ended)
        )
        registry.pending_until = operation.end
        return Answer(201, self._body(registry, version=call.version), headers)

    def _ended(self, registry: Registry, operation: AsyncOperation) -> None:
        settings, registry.pending = registry.pending, None
        if operation.error is None and settings is not None:
            self._adopt(registry, settings)
            return
        registry.provisioning = "Failed"
        if operation.word == "Creating" and self._world.switches.acr_failed_registry == "absent":
            self.remove(registry)

    def _adopt(self, registry: Registry, settings: Settings) -> None:
        registry.adopt(settings)
        # Recorded: a zone-redundant registry shows its home region among the replications at once.
        if settings.properties["zoneRedundancy"] == "Enabled":
            self._children.show_home(registry)

    async def _wait_until_idle(self, registry: Registry) -> None:
        """While an operation is under way: refuse or wait for its end, as the switch says."""
        while registry.pending is not None:
            if self._world.switches.acr_busy == "conflict":
                raise errors.refusal("ACR_BUSY", name=registry.name)
            await self._world.clock.sleep(registry.pending_until - self._world.clock.now())
            await asyncio.sleep(0)

    def _at_once(self, registry: Registry, *, settings: Settings, word: str) -> bool:
        """Recorded: a PATCH that touches neither key nor identity is final, a create mostly is not."""
        if self._world.switches.registry_mode == "GEN_A":
            return True
        if word == "Creating":
            return settings.encryption is None and self._world.switches.acr_plain_create == "sync"
        before = registry.settings
        return settings.encryption == before.encryption and settings.identities == before.identities

    def _identified(self, call: Call, settings: Settings, *, replace: bool = False) -> Settings:
        """Return settings with the body's identities: a PATCH merges, a PUT replaces [R]."""
        given = call.body.get("identity")
        if not isinstance(given, dict):
            return settings
        kinds = {kind.strip().lower() for kind in str(given.get("type") or "None").split(",")}
        current = settings.identities
        named = given.get("userAssignedIdentities") or {}
        users = dict(current.users) if not replace and "userassigned" in kinds else {}
        for identity_id, value in named.items():
            if value is None:
                users.pop(identity_id.lower(), None)
            else:
                users[identity_id.lower()] = self._attach(call, identity_id, known=current.users)
        system = None
        if "systemassigned" in kinds:
            system = current.system_principal or self._own_principal(call.names[0])
        return dataclasses.replace(settings, identities=Identities(users=users, system_principal=system))

    def _own_principal(self, name: str) -> str:
        principal = Principal(
            object_id=self._world.guid(),
            client_id=self._world.guid(),
            name=name,
            visible_at=self._world.clock.now() + self._world.draw(self._world.switches.principal_replication),
        )
        return self._world.directory.add(principal).object_id

    def _attach(self, call: Call, identity_id: str, *, known: dict[str, Attached]) -> Attached:
        found = self._world.store.get(Identity, identity_id)
        if found is None:
            raise errors.refusal("ACR_IDENTITY_MISSING", id=call.route.path, identity=identity_id)
        attached = Attached.of(found)
        if known.get(identity_id.lower()) == attached:
            return attached
        now, oid = self._world.clock.now(), call.caller.object_id
        if not self._world.access.allows(oid, action=ASSIGN, scope=found.id, now=now):
            raise errors.refusal(
                "ARM_LINKED_AUTHZ",
                name=call.caller.author,
                oid=oid,
                action=f"{models.TYPE}/write",
                scope=call.route.path,
                linkedAction=ASSIGN,
                linkedScope=found.id,
            )
        return attached

    def _still_identified(
        self,
        call: Call,
        registry: Registry,
        *,
        settings: Settings,
    ) -> None:
        """The identity in use may go only with a key that another one reaches."""
        given = (call.body.get("properties") or {}).get("encryption") or {}
        wanted = str((given.get("keyVaultProperties") or {}).get("identity") or "")
        in_use = registry.settings.encryption.identity if registry.settings.encryption else ""
        if settings.identities.principal(wanted or in_use) is None:
            raise customer_managed_keys.refusal(
                self._world, "ACR_IDENTITY_ACCESS", subject=_subject(registry), clientId=in_use
            )

    def _is_taken(self, name: str, *, by_other_than: str = "") -> bool:
        held = self._world.store.named(Registry, name)
        return name.lower() in self.taken or bool(held and held.key != by_other_than.lower())

    def _found(self, call: Call) -> Registry:
        return models.found_registry(self._world, call)

    def _body(self, registry: Registry, *, version: str) -> Body:
        shown = registry.settings
        if registry.pending and self._world.switches.registry_mode != "GEN_B":
            shown = registry.pending
        return models.body_of(
            registry,
            shown,
            version=version,
            time=self._world.clock,
            tenant_id=self._world.tenant_id,
            domain=self._world.switches.registry_domain,
        )


def _subject(registry: Registry) -> Subject:
    return Subject(id=registry.id, name=registry.name)
