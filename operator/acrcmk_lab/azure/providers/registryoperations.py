"""What goes on behind a registry's answers: long-running operations and the scan for newer keys."""

import asyncio
import base64
import dataclasses
import hashlib
import uuid
from collections.abc import Callable

from acrcmk_lab.azure import catalogue, keyaccess, messages, moments, operations, world
from acrcmk_lab.azure.providers import registrycmk, registrymodel

NAMESPACE = registrymodel.NAMESPACE
# Recorded: the certificate in a signed URL is about this long.
CERTIFICATE_LENGTH = 2200


def found_registry(state: world.World, call: operations.Call) -> registrymodel.Registry:
    """Return the registry of a path; refuses where there is none."""
    scope, name = call.route.scope, call.names[0]
    registry = state.store.get(registrymodel.Registry, f"{scope}/providers/{registrymodel.TYPE}/{name}")
    if registry is None:
        raise catalogue.refusal(
            "ARM_RESOURCE_NOT_FOUND", provider=NAMESPACE, type="registries", name=name, rg=call.route.group
        )
    return registry


class RegistryOperations:
    """Begins and ends operations, answers their polls, follows key versions."""

    def __init__(self, state: world.World) -> None:
        self._world = state
        self._deletions: dict[str, float] = {}
        self._certificate = base64.urlsafe_b64encode(
            hashlib.shake_256(str(state.seed).encode()).digest(CERTIFICATE_LENGTH * 3 // 4)
        ).decode()

    def offers(self) -> list[operations.Operation]:
        return [
            *operations.crud(NAMESPACE, path="registries/*/operationStatuses/*", get=self.status),
            *operations.crud(NAMESPACE, path="locations/*/operationResults/*", get=self.deletion_result),
        ]

    def begin(
        self,
        call: operations.Call,
        registry: registrymodel.Registry,
        *,
        settings: registrymodel.Settings,
        word: str,
        failure: messages.Body | None,
    ) -> str:
        """Begin an operation that will make `settings` of the registry; return the URL to poll."""
        seconds = self._world.draw(self._world.switches.acr_operation)
        end = self._world.delay("acr_operation", resource=registry.id, seconds=seconds)
        operation = registrymodel.Operation(id=self._id(), word=word, end=end, error=failure)
        registry.operations[operation.id] = operation
        registry.pending, registry.provisioning = settings, word
        self._world.clock.call_in(seconds, callback=lambda: self._end(registry, operation))
        return self._signed(f"{registry.id}/operationStatuses/{operation.id}", version=call.version)

    async def status(self, call: operations.Call) -> messages.Answer:
        """Recorded: a bare status; each answer carries the URL again, signed anew."""
        registry = found_registry(self._world, call)
        operation = registry.operations.get(call.names[1].lower())
        if operation is None:
            raise catalogue.refusal("ACR_CHILD_NOT_FOUND", name=call.names[1])
        headers = {"azure-asyncoperation": self._signed(call.route.path, version=call.version)}
        if self._world.clock.now() < operation.end:
            return messages.Answer(200, {"status": operation.word}, headers)
        if operation.error:
            return messages.Answer(200, {"status": "Failed", "error": operation.error}, headers)
        return messages.Answer(200, {"status": "Succeeded"}, headers)

    def deleted(
        self,
        call: operations.Call,
        registry: registrymodel.Registry,
        *,
        body: Callable[[], messages.Body],
    ) -> messages.Answer:
        """Begin to delete a registry with replicas. Recorded: 202 with its body and a Location."""
        registry.provisioning = "Deleting"
        seconds = self._world.draw(self._world.switches.acr_delete)
        end = self._world.delay("acr_delete", resource=registry.id, seconds=seconds)
        operation = self._id()
        self._deletions[operation] = end
        self._world.clock.call_in(seconds, callback=lambda: self._world.remove(registry))
        location = self._result_path(call, location=registry.location, operation=operation)
        return messages.Answer(202, body(), {"Location": self._signed(location, version=call.version)})

    async def deletion_result(self, call: operations.Call) -> messages.Answer:
        end = self._deletions.get(call.names[1].lower())
        if end is None:
            raise catalogue.refusal("ACR_CHILD_NOT_FOUND", name=call.names[1])
        if self._world.clock.now() >= end:
            return messages.Answer(200)
        return messages.Answer(202, None, {"Location": self._signed(call.route.path, version=call.version)})

    async def wait_until_idle(self, registry: registrymodel.Registry) -> None:
        """While an operation is under way: refuse or wait for its end, as the switch says."""
        while registry.pending is not None:
            if self._world.switches.acr_busy == "conflict":
                raise catalogue.refusal("ACR_BUSY", name=registry.name)
            end = max(operation.end for operation in registry.operations.values())
            await self._world.clock.sleep(end - self._world.clock.now())
            await asyncio.sleep(0)

    def watch_key(self, registry: registrymodel.Registry) -> None:
        """Look for a newer key version every `acr_key_scan` for as long as the registry exists."""

        def scan() -> None:
            if self._world.store.get(registrymodel.Registry, registry.id) is registry:
                self.follow_key(registry)
                self.watch_key(registry)

        self._world.clock.call_at(
            self._world.clock.now() + max(1.0, self._world.draw(self._world.switches.acr_key_scan)),
            callback=scan,
        )

    def follow_key(self, registry: registrymodel.Registry) -> None:
        """Move to the newest usable version if the identifier is unversioned and the key in reach."""
        settings = registry.settings
        encryption = settings.encryption
        if encryption is None or not encryption.automatic or registry.pending:
            return
        principal = settings.identities.principal(encryption.identity)
        reached = keyaccess.reach(self._world, principal=principal or "", key_identifier=encryption.key_identifier)
        if isinstance(reached, keyaccess.Unreachable):
            return
        newest = registrycmk.versioned(encryption.key_identifier, version=reached.version.version)
        if newest != encryption.versioned:
            moved = dataclasses.replace(encryption, versioned=newest, rotated=self._world.clock.now())
            registry.settings = dataclasses.replace(settings, encryption=moved)

    def _end(self, registry: registrymodel.Registry, operation: registrymodel.Operation) -> None:
        settings, registry.pending = registry.pending, None
        if operation.error is None and settings is not None:
            registry.settings, registry.provisioning, registry.made = settings, "Succeeded", True
            return
        registry.provisioning = "Failed"
        if operation.word == "Creating" and self._world.switches.acr_failed_registry == "absent":
            self._world.remove(registry)

    def _id(self) -> str:
        """Recorded: `registries-` and a GUID of version 1."""
        bits = self._world.random.getrandbits(128)
        return f"registries-{uuid.UUID(int=bits & ~(0xF << 76) | (1 << 76))}"

    def _result_path(self, call: operations.Call, *, location: str, operation: str) -> str:
        scope = f"/subscriptions/{call.route.subscription}/providers/{NAMESPACE}"
        return f"{scope}/locations/{location}/operationResults/{operation}"

    def _signed(self, path: str, *, version: str) -> str:
        """Return a URL whose time, signature and hash differ in every answer, as recorded."""
        ticks = moments.ticks(self._world.clock.utc())
        signature = hashlib.sha256(f"{path}{ticks}{self._world.random.random()}".encode()).hexdigest()
        return (
            f"{self._world.url}{path}?api-version={version}&t={ticks}"
            f"&c={self._certificate}&s={signature}&h={signature[::-1][:43]}"
        )
