"""Microsoft.ContainerRegistry: registries, in the three recorded generations of responses.

GEN_A answers 200 with the final body. GEN_B answers 201 with an operation and shows the old identity and key
until that has ended; GEN_C likewise, but shows the new ones at once.
"""

import asyncio
import dataclasses
import re
from collections.abc import Coroutine
from typing import Any

from acrcmk_lab.azure.arm import errors, ids, operations, paging
from acrcmk_lab.azure.arm.messages import AzureError, Body, Response
from acrcmk_lab.azure.arm.operations import Call, Operation
from acrcmk_lab.azure.services.container_registry import (
    customer_managed_keys,
    models,
)
from acrcmk_lab.azure.services.container_registry.async_operations import AsyncOperation, RegistryOperations
from acrcmk_lab.azure.services.container_registry.child_resources import RegistryChildren, Replication
from acrcmk_lab.azure.services.container_registry.key_rotation import RegistryRotation
from acrcmk_lab.azure.services.container_registry.models import AttachedIdentity, Configuration, Identities, Registry
from acrcmk_lab.azure.services.container_registry.webhooks import RegistryWebhooks, Webhook
from acrcmk_lab.azure.services.managed_identity import models as identity_models
from acrcmk_lab.azure.services.managed_identity.models import Identity
from acrcmk_lab.azure.state.directory import Principal
from acrcmk_lab.azure.state.state import State

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
    "2024-01-01-preview",
    "2024-11-01-preview",
    "2025-03-01-preview",
    "2025-04-01",
    "2025-05-01-preview",
    "2025-06-01-preview",
    "2025-09-01-preview",
    "2025-11-01",
    "2025-12-01-preview",
    "2026-01-01-preview",
    "2026-03-01-preview",
    "2026-09-01-preview",
    "2026-11-01",
)
ASSIGN = f"{identity_models.TYPE}/assign/action"
_NAME = re.compile(r"[a-zA-Z0-9]{5,50}")
_CHILDREN = ("registries/replications", "registries/webhooks")


class ContainerRegistry:
    """The provider."""

    namespace = NAMESPACE
    versions: tuple[str, ...] = VERSIONS

    def __init__(self, state: State) -> None:
        self._state = state
        self._async_operations = RegistryOperations(state)
        self._children = RegistryChildren(state, running_operations=self._async_operations)
        self.rotation = RegistryRotation(state)
        state.removers[Registry] = self.remove
        # Names that other tenants use.
        self.reserved_names: set[str] = set()
        # Errors of the next operations, one each.
        self.fail_next: list[Body] = []
        self._writing: set[str] = set()

    def accepts(self, version: str) -> bool:
        return version in VERSIONS

    def headers(self, call: Call) -> dict[str, str]:
        """Recorded: `api-supported-versions` is the requested version, for children of registries all versions."""
        if call.route.typed.startswith(_CHILDREN):
            return {"api-supported-versions": ", ".join(VERSIONS)}
        return {} if call.route.typed.startswith("locations") else {"api-supported-versions": call.version}

    def operations(self) -> list[Operation]:
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
            *self._async_operations.operations(),
            *self._children.operations(),
            *RegistryWebhooks(self._state).operations(),
        ]

    async def get(self, call: Call) -> Response:
        return Response(200, body=self._body(self._get(call), version=call.version))

    async def index(self, call: Call) -> Response:
        registries = self._state.store.under(call.route.scope, kind=Registry)
        rows = [self._body(registry, version=call.version) for registry in registries]
        return paging.page(call, rows=rows, url=self._state.url)

    async def put(self, call: Call) -> Response:
        existing = self._state.store.get(Registry, call.route.path)
        if existing is None or not (existing.is_created or existing.pending):
            return await self._run_exclusively(call, self._create(call))
        return await self._run_exclusively(call, self._update(call, existing, replace=True))

    async def patch(self, call: Call) -> Response:
        return await self._run_exclusively(call, self._update(call, self._get(call), replace=False))

    async def delete(self, call: Call) -> Response:
        registry = self._state.store.get(Registry, call.route.path)
        if registry is None:
            return Response(204)
        if self._state.store.under(registry.id, kind=Replication):
            registry.provisioning = "Deleting"
            headers = self._async_operations.begin_deletion(
                call, owner=registry.id, location=registry.location, done=lambda: self.remove(registry)
            )
            return Response(202, body=self._body(registry, version=call.version), headers=headers)
        self.remove(registry)
        return Response(200)

    def remove(self, registry: Registry) -> None:
        """Delete a registry with all below it."""
        for kind in (Replication, Webhook):
            for child in self._state.store.under(registry.id, kind=kind):
                self._state.store.remove(child)
        self._state.store.remove(registry)

    async def check_name(self, call: Call) -> Response:
        """Check a name; recorded: a name of an own registry is unavailable, too."""
        name = str(call.body.get("name", ""))
        if not _NAME.fullmatch(name):
            message = errors.content("ACR_NAME_INVALID", name=name)["message"]
            return Response(200, body={"nameAvailable": False, "reason": "Invalid", "message": message})
        if self._is_name_taken(name):
            message = f"The registry {name} is already in use."
            return Response(200, body={"nameAvailable": False, "reason": "AlreadyExists", "message": message})
        return Response(200, body={"nameAvailable": True})

    async def _run_exclusively(self, call: Call, write: Coroutine[Any, Any, Response]) -> Response:
        """Run a write; AzureError while another write of the same registry is handled."""
        key = call.route.path.lower()
        if key in self._writing:
            write.close()
            raise errors.error("ACR_BUSY", name=call.names[0])
        self._writing.add(key)
        try:
            return await write
        finally:
            self._writing.discard(key)

    async def _create(self, call: Call) -> Response:
        name, location = call.names[0], str(call.body.get("location") or "")
        configuration = models.new_configuration(call.body)
        if not _NAME.fullmatch(name):
            raise errors.error("ACR_NAME_INVALID", name=name)
        if self._is_name_taken(name, except_by=call.route.path):
            raise errors.error("ACR_NAME_TAKEN", name=name)
        self._check_required(call)
        configuration = self._with_identities(call, configuration)
        registry = Registry(
            id=call.route.path,
            name=name,
            location=ids.location(location),
            created=self._state.clock.now(),
            created_by=call.caller.author,
            tenant_id=self._state.tenant_id,
            configuration=dataclasses.replace(configuration, identities=Identities()),
        )
        return await self._write(call, registry, configuration=configuration, provisioning="Creating")

    def _check_required(self, call: Call) -> None:
        """Check that a PUT has what every PUT needs; AzureError with what is missing."""
        if not call.body.get("location"):
            raise errors.error("ARM_LOCATION_REQUIRED")
        sku = call.body.get("sku")
        name = str(sku.get("name") or "") if isinstance(sku, dict) else ""
        if name not in models.SKUS:
            raise errors.error("ACR_SKU_INVALID", sku=name)

    async def _update(self, call: Call, registry: Registry, *, replace: bool) -> Response:
        if replace:
            self._check_required(call)
        await self._wait_until_idle(registry)
        current = registry.configuration
        updated = models.new_configuration(call.body) if replace else models.overlay(current, body=call.body)
        configuration = dataclasses.replace(updated, identities=current.identities, encryption=current.encryption)
        configuration = self._with_identities(call, configuration, replace=replace)
        self._check_key_identity(call, registry, configuration=configuration)
        customer_managed_keys.check_transition(
            self._state, registry=registry, current=current, body=call.body, replace=replace
        )
        return await self._write(call, registry, configuration=configuration, provisioning="Updating")

    async def _write(
        self,
        call: Call,
        registry: Registry,
        *,
        configuration: Configuration,
        provisioning: str,
    ) -> Response:
        """Wait synchronously, check the key meanwhile, and respond as `registry_mode` says."""
        settings, start = self._state.settings, self._state.clock.now()
        total_wait = self._state.draw(settings.acr_create if provisioning == "Creating" else settings.acr_update)
        validation_wait = min(total_wait, self._state.draw(settings.acr_validation))
        await self._state.clock.sleep(validation_wait)
        failure = None
        try:
            encryption = customer_managed_keys.resolve(
                self._state,
                registry=registry,
                configuration=configuration,
                body=call.body,
                current=registry.configuration.encryption,
            )
            configuration = dataclasses.replace(configuration, encryption=encryption)
        except AzureError as error:
            if settings.cmk_failure == "sync" or settings.registry_mode == "GEN_A":
                raise
            failure = error.response.body["error"]
        await self._state.clock.sleep(total_wait - validation_wait)
        self._state.log_elapsed(
            "acr_create" if provisioning == "Creating" else "acr_update", resource=registry.id, start=start
        )
        registry.modified, registry.modified_by = self._state.clock.now(), call.caller.author
        return self._commit(call, registry, configuration=configuration, provisioning=provisioning, failure=failure)

    def _commit(
        self,
        call: Call,
        registry: Registry,
        *,
        configuration: Configuration,
        provisioning: str,
        failure: Body | None,
    ) -> Response:
        self._state.store.put(registry)
        if provisioning == "Creating":
            self.rotation.watch(registry)
        failure = failure or (self.fail_next.pop(0) if self.fail_next else None)
        if failure is None and self._completes_at_once(
            registry, configuration=configuration, provisioning=provisioning
        ):
            self._apply(registry, configuration)
            return Response(200, body=self._body(registry, version=call.version))
        registry.pending, registry.provisioning = configuration, provisioning
        operation, headers = self._async_operations.begin(
            call,
            owner=registry.id,
            status=provisioning,
            failure=failure,
            done=lambda finished: self._finish(registry, finished),
        )
        registry.pending_until = operation.end
        return Response(201, body=self._body(registry, version=call.version), headers=headers)

    def _finish(self, registry: Registry, operation: AsyncOperation) -> None:
        configuration, registry.pending = registry.pending, None
        if operation.error is None and configuration is not None:
            self._apply(registry, configuration)
            return
        registry.provisioning = "Failed"
        if operation.status == "Creating" and self._state.settings.acr_failed_registry == "absent":
            self.remove(registry)

    def _apply(self, registry: Registry, configuration: Configuration) -> None:
        registry.apply(configuration)
        # Recorded: a zone-redundant registry shows its home region among the replications at once.
        if configuration.properties["zoneRedundancy"] == "Enabled":
            self._children.add_home_replication(registry)

    async def _wait_until_idle(self, registry: Registry) -> None:
        """While an operation runs, fail or wait for its end, as `acr_busy` says."""
        while registry.pending is not None:
            if self._state.settings.acr_busy == "conflict":
                raise errors.error("ACR_BUSY", name=registry.name)
            await self._state.clock.sleep(registry.pending_until - self._state.clock.now())
            await asyncio.sleep(0)

    def _completes_at_once(self, registry: Registry, *, configuration: Configuration, provisioning: str) -> bool:
        """Recorded: a PATCH that touches neither key nor identity is final, a create mostly is not."""
        if self._state.settings.registry_mode == "GEN_A":
            return True
        if provisioning == "Creating":
            return configuration.encryption is None and self._state.settings.acr_plain_create == "sync"
        before = registry.configuration
        if self._state.settings.acr_plain_update == "async":
            return False
        return configuration.encryption == before.encryption and configuration.identities == before.identities

    def _with_identities(self, call: Call, configuration: Configuration, *, replace: bool = False) -> Configuration:
        """Return a configuration with the body's identities: a PATCH merges, a PUT replaces [R]."""
        identity_body = call.body.get("identity")
        if not isinstance(identity_body, dict):
            return configuration
        kinds = {kind.strip().lower() for kind in str(identity_body.get("type") or "None").split(",")}
        current = configuration.identities
        named = identity_body.get("userAssignedIdentities") or {}
        users = dict(current.users) if not replace and "userassigned" in kinds else {}
        for identity_id, value in named.items():
            if value is None:
                users.pop(identity_id.lower(), None)
            else:
                users[identity_id.lower()] = self._attach(call, identity_id, current=current.users)
        system = None
        if "systemassigned" in kinds:
            system = current.system_principal or self._create_system_principal(call.names[0])
        return dataclasses.replace(configuration, identities=Identities(users=users, system_principal=system))

    def _create_system_principal(self, name: str) -> str:
        principal = Principal(
            object_id=self._state.guid(),
            client_id=self._state.guid(),
            name=name,
            visible_at=self._state.clock.now() + self._state.draw(self._state.settings.principal_replication),
        )
        return self._state.directory.add(principal).object_id

    def _attach(self, call: Call, identity_id: str, *, current: dict[str, AttachedIdentity]) -> AttachedIdentity:
        identity = self._state.store.get(Identity, identity_id)
        if identity is None:
            raise errors.error("ACR_IDENTITY_MISSING", id=call.route.path, identity=identity_id)
        attached = AttachedIdentity.from_identity(identity)
        if current.get(identity_id.lower()) == attached:
            return attached
        now, oid = self._state.clock.now(), call.caller.object_id
        if not self._state.access.allows(oid, action=ASSIGN, scope=identity.id, now=now):
            raise errors.error(
                "ARM_LINKED_AUTHZ",
                name=call.caller.author,
                oid=oid,
                action=f"{models.TYPE}/write",
                scope=call.route.path,
                linkedAction=ASSIGN,
                linkedScope=identity.id,
            )
        return attached

    def _check_key_identity(
        self,
        call: Call,
        registry: Registry,
        *,
        configuration: Configuration,
    ) -> None:
        """Check that the identity of the key stays, or that the write names another one for it.

        an identity that was deleted and created again stays by its resource id, with a new client id:
        `acr_recreated_identity` tells whether a write may attach it without naming it for the key.
        """
        current = registry.configuration
        in_use = current.encryption.identity if current.encryption else ""
        if not in_use or configuration.identities.principal(in_use) is not None:
            return
        encryption = (call.body.get("properties") or {}).get("encryption") or {}
        requested = str((encryption.get("keyVaultProperties") or {}).get("identity") or "")
        if requested and configuration.identities.principal(requested) is not None:
            return
        if not requested and self._state.settings.acr_recreated_identity == "accept":
            attached = next((i for i, a in current.identities.users.items() if a.client_id == in_use), None)
            is_detached_already = current.identities.principal(in_use) is None
            if is_detached_already or attached in configuration.identities.users:
                return
        raise customer_managed_keys.error(self._state, "ACR_IDENTITY_ACCESS", registry=registry, clientId=in_use)

    def _is_name_taken(self, name: str, *, except_by: str = "") -> bool:
        existing = self._state.store.by_name(Registry, name)
        return name.lower() in self.reserved_names or bool(existing and existing.key != except_by.lower())

    def _get(self, call: Call) -> Registry:
        return models.get_registry(self._state, call)

    def _body(self, registry: Registry, *, version: str) -> Body:
        configuration = registry.pending or registry.configuration
        if registry.pending and self._state.settings.registry_mode == "GEN_B":
            current = registry.configuration
            configuration = dataclasses.replace(
                registry.pending, identities=current.identities, encryption=current.encryption
            )
        return models.body_of(
            registry,
            configuration,
            version=version,
            time=self._state.clock,
            tenant_id=self._state.tenant_id,
            domain=self._state.settings.registry_domain,
            regions={registry.location, *self._children.ready_regions(registry)},
        )
