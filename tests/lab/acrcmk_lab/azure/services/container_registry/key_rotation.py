"""Automatic key rotation: registries with an unversioned key identifier follow the newest version."""

import dataclasses

from acrcmk_lab.azure.services.container_registry import customer_managed_keys
from acrcmk_lab.azure.services.container_registry.models import Registry
from acrcmk_lab.azure.services.key_vault import access
from acrcmk_lab.azure.services.key_vault.access import Unreachable
from acrcmk_lab.azure.state.state import State


class RegistryRotation:
    """Checks every registry once in each `acr_key_scan` [D]."""

    def __init__(self, state: State) -> None:
        self._state = state

    def watch(self, registry: Registry) -> None:
        """Start the periodic check of a registry."""

        def scan() -> None:
            if self._state.store.get(Registry, registry.id) is registry:
                self.follow(registry)
                self.watch(registry)

        wait = max(1.0, self._state.draw(self._state.settings.acr_key_scan))
        self._state.clock.call_in(wait, callback=scan)

    def follow(self, registry: Registry) -> None:
        """Use the newest usable version if the identifier is unversioned and the key accessible."""
        configuration = registry.configuration
        encryption = configuration.encryption
        if encryption is None or not encryption.automatic or registry.pending:
            return
        principal = configuration.identities.principal(encryption.identity) or ""
        reached = access.reach(self._state, principal=principal, key_identifier=encryption.key_identifier)
        if isinstance(reached, Unreachable):
            return
        newest = customer_managed_keys.versioned(encryption.key_identifier, version=reached.version.version)
        if newest != encryption.versioned:
            moved = dataclasses.replace(encryption, versioned=newest, rotated=self._state.clock.now())
            registry.configuration = dataclasses.replace(configuration, encryption=moved)
