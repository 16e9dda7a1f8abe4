"""The lab that a recording is replayed against: new, at its date, with the resources that it presupposes."""

import asyncio
import dataclasses
import datetime
import random
import urllib.parse
import uuid
from collections.abc import Callable
from typing import Any

from acrcmk_lab.azure.arm import ids
from acrcmk_lab.azure.arm.messages import Request, Response
from acrcmk_lab.azure.cloud import Cloud
from acrcmk_lab.azure.services.authorization.models import RoleAssignment
from acrcmk_lab.azure.services.container_registry.models import Registry
from acrcmk_lab.azure.state import rbac
from acrcmk_lab.azure.state.clock import Clock
from acrcmk_lab.azure.state.directory import Principal
from acrcmk_lab.azure.state.rbac import Grant
from acrcmk_lab.azure.state.request_log import Log
from acrcmk_lab.azure.state.settings import Settings
from acrcmk_lab.replay import (
    api_dates,
    observations,
    preconditions,
    principals,
    progress,
    recordings,
    roles,
    schedule,
    setup_request,
    vault_preconditions,
)
from acrcmk_lab.replay.binding import Binding
from acrcmk_lab.replay.comparison import Comparison
from acrcmk_lab.replay.masks import Masks
from acrcmk_lab.replay.recordings import Recording
from acrcmk_lab.replay.setup_request import NO_AUTHOR, Author, SetupRequest

Json = Any
ARM = "https://management.azure.com"
SETUP_START_LEAD = datetime.timedelta(hours=1)
"""The lab's clock starts this long before the first setup request."""
SETUP_END_LEAD = datetime.timedelta(seconds=1)
"""All setup requests are sent at least this long before the first exchange, whatever date the recording shows."""
RESPONSE_TIMEOUT = 10.0
"""Real seconds: the lab's clock does not advance while it handles a request."""
UNLIMITED = "1000000000"
NO_DELAY = ("rbac_propagation", "policy_propagation")
"""Access that a recording uses was granted long before; otherwise the recording would show 403."""
NO_DELAY_DURING_SETUP = ("dns_delay", "acr_operation", "acr_delete", "group_delete", "key_delete")
"""Operations of the setup are finished before the recording begins."""
ALL_PERMISSIONS = ["all", "purge"]
CRYPTO_SERVICE_ENCRYPTION_USER = "e147488a-f6f5-4113-8e2d-b22465e65bf6"
_UNAUTHORIZED = 401


class LabSetup:
    """One lab for one recording; `bindings` are the pairs of ids, texts and URLs of the two."""

    def __init__(self, recording: Recording) -> None:
        self.timestamps = schedule.timestamps(recording)
        self.settings = progress.settings(recording, timestamps=self.timestamps)
        self.bindings = Binding()
        self.refused: list[str] = []
        self._recording = recording
        self._principals = principals.derive(recording, timestamps=self.timestamps, new_guid=_guids())
        self._setup_requests = preconditions.setup_requests(recording, policies=[self._full_policy()])
        self._rbac_vaults = vault_preconditions.rbac_vaults(recording, self._setup_requests)
        self._authors: dict[Author, Principal] = {}
        start = self.timestamps[0] if self.timestamps else datetime.datetime.now(datetime.UTC)
        self._setup_end = start - SETUP_END_LEAD
        epoch = min([self._setup_end, *(r.timestamp for r in self._setup_requests if r.timestamp)]) - SETUP_START_LEAD
        self.clock = Clock(epoch=epoch)
        self.cloud = Cloud(time=self.clock, settings=Settings.without_latency(), log=Log())
        self.cloud.state.url = ARM
        for name, value in self._initial_settings(start.date()).items():
            self.set(name, value)
        self._fill_directory()

    @property
    def caller(self) -> Principal:
        """The principal that sent the recorded requests."""
        return self._principals.caller

    def set(self, name: str, value: str) -> None:
        """Set one of the lab's settings."""
        self.cloud.state.settings.set(name, value=value)

    async def prepare(self) -> None:
        """Send the setup requests."""
        for request in self._setup_requests:
            if request.timestamp:
                await self.advance_to(min(request.timestamp, self._setup_end))
            self.grant_key_access(request.body or {})
            before = {name: str(getattr(self.cloud.state.settings, name)) for name in request.settings}
            for name, value in request.settings.items():
                self.set(name, value)
            await self._send_setup_request(request)
            for name, value in before.items():
                self.set(name, value)
        self._grant_data_plane_access()
        await self.advance_to(self._setup_end)
        defaults = Settings()
        for name in NO_DELAY_DURING_SETUP:
            self.set(name, str(getattr(defaults, name)))

    def grant_key_access(self, registry: dict[str, Json], *, before: int = 0) -> None:
        """Grant the identity in a registry's body access to its key, if no role assignment `before` did.

        Role assignments that existed before the recording are not in it, but the registry's write that succeeded is.
        """
        key = vault_preconditions.key_properties(registry)
        vault_id = self._rbac_vaults.get(vault_preconditions.vault_of(str(key.get("keyIdentifier", ""))))
        identity = self.cloud.state.directory.by_client(self.bindings.text(str(key.get("identity", ""))))
        if vault_id and identity and not self._is_assigned(vault_id, before=before):
            self._grant(identity, role=CRYPTO_SERVICE_ENCRYPTION_USER, scope=vault_id)

    def _grant_data_plane_access(self) -> None:
        """Grant the caller access to the vaults that accept its first request, if no role assignment did."""
        for name, vault_id in self._rbac_vaults.items():
            exchanges = (e for e in self._recording.exchanges if observations.vault_name(e).lower() == name)
            first = next((e for e in exchanges if e.status != _UNAUTHORIZED), None)
            if first and first.ok and not self._is_assigned(vault_id, before=first.number):
                self._grant(self.caller, role=rbac.KEY_VAULT_ADMINISTRATOR, scope=vault_id)

    def _is_assigned(self, vault_id: str, *, before: int) -> bool:
        """Return whether the recording assigns a role on a vault, or above it, before an exchange."""
        routes = (ids.route(e.path) for e in self._recording.exchanges[:before] if e.method == "PUT" and e.ok)
        return any(
            route.template == setup_request.ROLE_ASSIGNMENT
            and f"{vault_id}/".lower().startswith(f"{route.scope}/".lower())
            for route in routes
        )

    async def advance_to(self, timestamp: datetime.datetime) -> None:
        """Advance the lab's clock to a time; never turns it back."""
        seconds = (timestamp - self.clock.utc()).total_seconds()
        if seconds > 0:
            await self.clock.advance(seconds)

    async def send(self, method: str, url: str, *, body: Json = None, principal: Principal | None = None) -> Response:
        """Send a request; without a token if there is no principal."""
        parts = urllib.parse.urlsplit(url)
        headers = {"content-type": "application/json"}
        if principal:
            audience = f"{parts.scheme}://{(parts.hostname or '').partition('.')[2]}"
            headers["authorization"] = f"Bearer {self.cloud.tokens.issue(principal, audience=audience)}"
        request = Request(
            method=method,
            path=urllib.parse.unquote(parts.path),
            query=dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True)),
            headers=headers,
            body=body,
            host=parts.hostname or "",
        )
        try:
            async with asyncio.timeout(RESPONSE_TIMEOUT):
                return await self.cloud.respond(request)
        except TimeoutError:
            return _lab_failure("LabTimeout", f"no response within {RESPONSE_TIMEOUT:g} s")
        except Exception as error:  # noqa: BLE001 - as the lab's server, which answers 500 to any defect of the lab
            return _lab_failure("LabDefect", repr(error))

    def _initial_settings(self, day: datetime.date) -> dict[str, str]:
        kinds = ("read", "write", "delete")
        unregistered = {
            str(e.response_object["error"]["message"]).split("'")[1]
            for e in self._recording.exchanges
            if e.error == "MissingSubscriptionRegistration"
        }
        return {
            **dict.fromkeys((*NO_DELAY, *NO_DELAY_DURING_SETUP), "0"),
            **{f"{kind}_tokens": UNLIMITED for kind in kinds},
            **api_dates.settings(day),
            **api_dates.vault_release(self._recording),
            "unregistered_providers": ",".join(sorted(unregistered)),
        }

    def _full_policy(self) -> dict[str, Json]:
        """Return an access policy with all permissions for the caller."""
        return {
            "tenantId": self._principals.tenant_id,
            "objectId": self.caller.object_id,
            "permissions": dict.fromkeys(("keys", "secrets", "certificates", "storage"), ALL_PERMISSIONS),
        }

    def _fill_directory(self) -> None:
        """Add principals and roles, and make the caller the owner of all subscriptions."""
        state = self.cloud.state
        state.tenant_id = self._principals.tenant_id
        subscriptions = [*self._principals.subscriptions, *(ids.subscription_of(r.id) for r in self._setup_requests)]
        for subscription in subscriptions:
            self.cloud.add_subscription(subscription)
        for known in self._principals.known:
            if known.visible_from:
                known.principal.visible_at = (known.visible_from - self.clock.utc(0)).total_seconds()
            state.directory.add(known.principal)
        state.access.roles.update({role.guid.lower(): role for role in roles.derive(self._recording)})
        self._grant_owner(self.caller)

    def _grant_owner(self, principal: Principal) -> None:
        self.cloud.state.directory.add(principal)
        self._grant(principal, role=rbac.OWNER, scope="/")

    def _grant(self, principal: Principal, *, role: str, scope: str) -> None:
        grant = Grant(principal=principal.object_id, role=rbac.definitions()[role], scope=scope)
        self.cloud.state.access.grant(grant)

    async def _send_setup_request(self, request: SetupRequest) -> None:
        """Send a setup request, and bind the ids of its response to those in the recording."""
        response = await self.send(
            request.method,
            request.url,
            body=self.bindings.rewritten(request.body),
            principal=self._author(request.author),
        )
        if response.code:
            self.refused.append(f"{request.method} {request.id}: {response.status} {response.code}")
            return
        if request.expected and request.author != NO_AUTHOR:
            rules = Comparison(bindings=self.bindings, masks=Masks())
            rules.body(request.expected, response.body)
        self._set_authors(request)
        self._set_key_rotation(request)

    def _set_key_rotation(self, request: SetupRequest) -> None:
        """Set the time of a registry's last key rotation as recorded: the older key is not in the recording."""
        rotated = vault_preconditions.key_properties(request.expected).get("lastKeyRotationTimestamp")
        registry = self.cloud.state.store.get(Registry, request.id) if rotated else None
        if registry and registry.configuration.encryption:
            encryption = dataclasses.replace(registry.configuration.encryption, rotated=self.clock.now())
            registry.configuration = dataclasses.replace(registry.configuration, encryption=encryption)

    def _set_authors(self, request: SetupRequest) -> None:
        """Set the authors of a role assignment as recorded: no request creates those of Azure itself."""
        assignment = self.cloud.state.store.get(RoleAssignment, request.id)
        properties = recordings.properties_of(request.expected)
        if assignment and "updatedBy" in properties:
            assignment.creator_id, assignment.author_id = properties.get("createdBy"), properties["updatedBy"]

    def _author(self, author: Author | None) -> Principal:
        """Return the principal of an author; adds unknown ones to the directory."""
        caller_ids = (self.caller.name, self.caller.client_id, self.caller.object_id)
        if author in (None, NO_AUTHOR) or author.name in caller_ids:
            return self.caller
        if author not in self._authors:
            new_guid = self.cloud.state.guid
            self._authors[author] = Principal(
                object_id=new_guid() if author.kind else author.name,
                client_id=author.name if author.kind == "Application" else new_guid(),
                kind="User" if author.kind == "User" else "ServicePrincipal",
                name=author.name,
            )
            self._grant_owner(self._authors[author])
        return self._authors[author]


def _lab_failure(code: str, message: str) -> Response:
    return Response(500, body={"error": {"code": code, "message": message}})


def _guids() -> Callable[[], str]:
    """Return a generator of GUIDs that the recording does not contain, the same in every replay."""
    source = random.Random(0)
    return lambda: str(uuid.UUID(int=source.getrandbits(128), version=4))
