"""The state that all services of one lab share; nothing of it is global."""

import random
import uuid
from collections.abc import Callable
from typing import Any

from acrcmk_lab.azure.state.clock import Clock
from acrcmk_lab.azure.state.directory import Directory
from acrcmk_lab.azure.state.rbac import AccessControl
from acrcmk_lab.azure.state.request_log import DelayRecord, Log
from acrcmk_lab.azure.state.settings import Settings, Span
from acrcmk_lab.azure.state.store import Group, Resource, Store
from acrcmk_lab.azure.state.tokens import IssuedTokens


class State:
    """One Azure cloud with one tenant; `url` is the lab's own endpoint, for links in responses."""

    def __init__(
        self,
        *,
        time: Clock,
        settings: Settings,
        log: Log,
        seed: int = 0,
    ) -> None:
        self.clock = time
        self.settings = settings
        self.log = log
        self.seed = seed
        self.random = random.Random(seed)
        self.url = ""
        self.store = Store()
        self.tokens = IssuedTokens()
        self.directory = Directory()
        self.access = AccessControl()
        self.removers: dict[type[Resource], Callable[[Any], None]] = {}
        # When a vault of a name was last deleted: registries lose access to its keys then.
        self.vault_deletions: dict[str, float] = {}
        self.tenant_id = self.guid()

    def guid(self) -> str:
        """Return a new random GUID, the same ones in the same order for the same seed."""
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def hex32(self) -> str:
        """Return 32 hex digits: a key version."""
        return f"{self.random.getrandbits(128):032x}"

    def draw(self, span: Span) -> float:
        """Return one duration of a span, in simulated seconds."""
        return span.draw(self.random)

    def log_delay(self, kind: str, *, resource: str, seconds: float) -> float:
        """Log a delay that starts now and return its end."""
        start = self.clock.now()
        self.log.add(DelayRecord(kind=kind, resource=resource, start=round(start, 3), end=round(start + seconds, 3)))
        return start + seconds

    def log_elapsed(self, kind: str, *, resource: str, start: float) -> None:
        """Log a delay that ends now."""
        self.log.add(DelayRecord(kind=kind, resource=resource, start=round(start, 3), end=round(self.clock.now(), 3)))

    def remove(self, resource: Resource) -> None:
        """Delete a resource as its service does."""
        self.removers.get(type(resource), self.store.remove)(resource)

    def remove_group(self, group: Group) -> None:
        """Delete a resource group with its resources."""
        for resource in [r for r in self.store.all() if r.key.startswith(group.id.lower() + "/")]:
            self.remove(resource)
        self.store.groups.pop(group.id.lower(), None)
