"""Child resources of a registry: replications, admin credentials, usages."""

import base64
import dataclasses
from typing import Any

from acrcmk_lab.azure.arm import errors, ids, operations, paging, timestamps
from acrcmk_lab.azure.arm.messages import Body, Response
from acrcmk_lab.azure.arm.operations import Call, Handler, Operation
from acrcmk_lab.azure.services.container_registry import models
from acrcmk_lab.azure.services.container_registry.async_operations import AsyncOperation, RegistryOperations
from acrcmk_lab.azure.services.container_registry.models import Registry
from acrcmk_lab.azure.services.container_registry.webhooks import Webhook
from acrcmk_lab.azure.state.directory import Author
from acrcmk_lab.azure.state.state import State
from acrcmk_lab.azure.state.store import Resource

NAMESPACE = models.NAMESPACE
SERVICE_APPLICATION = "6a0ec4d3-30cb-4a83-91c0-ae56bc0e3d26"
"""The application id of the Container Registry service, public in the resource provider's description."""
PASSWORDS = ("password", "password2")
GIB = 1024**3
_LIMITS: dict[str, tuple[int, int]] = {"Basic": (10 * GIB, 2), "Standard": (100 * GIB, 10), "Premium": (500 * GIB, 500)}
_COUNTS = {
    "Geo-replications": -1,
    "IPRules": 100,
    "VNetRules": 100,
    "PrivateEndpointConnections": 200,
    "ScopeMaps": 50000,
    "Tokens": 50000,
}


@dataclasses.dataclass(kw_only=True)
class Replication(Resource):
    """A replication; the one of the home region appears with the first other one."""

    TYPE = f"{models.TYPE}/replications"
    TRACKED = False

    provisioning: str = "Creating"
    status: dict[str, Any] = dataclasses.field(default_factory=dict)
    endpoint: bool = True
    zone_redundancy: str = "Disabled"


class RegistryChildren:
    """The operations on a registry's children."""

    def __init__(self, state: State, *, running_operations: RegistryOperations) -> None:
        self._state = state
        self._async_operations = running_operations

    def operations(self) -> list[Operation]:
        return [
            *operations.crud(
                NAMESPACE,
                path="registries/*/replications/*",
                get=self.get,
                put=self.put_replication,
                patch=self.patch_replication,
                delete=self.delete_replication,
            ),
            *operations.crud(NAMESPACE, path="registries/*/replications", get=self.index),
            *operations.crud(NAMESPACE, path="registries/*/listUsages", get=self.usages),
            self._action("listCredentials", self.credentials),
            self._action("regenerateCredential", self.regenerate),
        ]

    async def get(self, call: Call) -> Response:
        models.get_registry(self._state, call)
        return Response(200, body=self._body(self._get_replication(call), version=call.version))

    async def index(self, call: Call) -> Response:
        registry = models.get_registry(self._state, call)
        replications = self._state.store.under(registry.id, kind=Replication)
        rows = [self._body(child, version=call.version) for child in replications]
        return paging.page(call, rows=rows, url=self._state.url)

    def add_home_replication(self, registry: Registry) -> None:
        """Add the replication of the home region, as created by the service itself."""
        path = f"{registry.id}/replications/{registry.location}"
        if self._state.store.get(Replication, path) is None:
            author = Author(SERVICE_APPLICATION)
            home_replication = self._new_replication(path, location=registry.location, author=author)
            home_replication.provisioning = "Succeeded"
            home_replication.zone_redundancy = registry.configuration.properties["zoneRedundancy"]

    def ready_regions(self, registry: Registry) -> set[str]:
        """Return the regions of the replications that exist, not of those under creation."""
        replications = self._state.store.under(registry.id, kind=Replication)
        return {child.location for child in replications if child.provisioning != "Creating"}

    async def put_replication(self, call: Call) -> Response:
        registry = models.get_registry(self._state, call)
        location = str(call.body.get("location") or "")
        if not location:
            raise errors.error("ARM_LOCATION_REQUIRED")
        self.add_home_replication(registry)
        existing = self._state.store.get(Replication, call.route.path)
        if existing and self._changes_only_tags(call, existing):
            self._touch(call, existing)
            return Response(200, body=self._body(existing, version=call.version))
        child = existing or self._new_replication(call.route.path, location=location, author=call.caller.author)
        return self._begin_write(call, child, provisioning="Updating" if existing else "Creating")

    async def patch_replication(self, call: Call) -> Response:
        return self._begin_write(call, self._get_replication(call), provisioning="Updating")

    async def delete_replication(self, call: Call) -> Response:
        child = self._state.store.get(Replication, call.route.path)
        if child is None:
            return Response(204)
        child.provisioning = "Deleting"
        headers = self._async_operations.begin_deletion(
            call, owner=child.id, location=child.location, done=lambda: self._state.store.remove(child)
        )
        return Response(202, body=None, headers=headers)

    async def usages(self, call: Call) -> Response:
        registry = models.get_registry(self._state, call)
        size, webhook_limit = _LIMITS[registry.configuration.sku]
        webhook_count = len(self._state.store.under(registry.id, kind=Webhook))
        replicas = len(self._state.store.under(registry.id, kind=Replication))
        rows = [
            {"name": "Size", "limit": size, "currentValue": 0, "unit": "Bytes"},
            {"name": "Webhooks", "limit": webhook_limit, "currentValue": webhook_count, "unit": "Count"},
        ]
        rows += [{"name": n, "limit": limit, "currentValue": 0, "unit": "Count"} for n, limit in _COUNTS.items()]
        rows[2]["currentValue"] = max(0, replicas - 1)
        return Response(200, body={"value": rows})

    async def credentials(self, call: Call) -> Response:
        registry = self._get_registry_with_admin_user(call)
        for name in PASSWORDS:
            registry.passwords.setdefault(name, self._password())
        return Response(200, body=_credentials(registry))

    async def regenerate(self, call: Call) -> Response:
        registry, name = self._get_registry_with_admin_user(call), str(call.body.get("name"))
        if name not in PASSWORDS:
            raise errors.error("ARM_BAD_REQUEST", reason=f"no password {name}")
        for password_name in PASSWORDS:
            registry.passwords.setdefault(password_name, self._password())
        registry.passwords[name] = self._password()
        return Response(200, body=_credentials(registry))

    def _action(self, name: str, handler: Handler) -> Operation:
        return Operation(
            method="POST",
            template=f"{NAMESPACE}/registries/*/{name}".lower(),
            handler=handler,
            action=f"{models.TYPE}/{name}/action",
            kind="write",
        )

    def _get_registry_with_admin_user(self, call: Call) -> Registry:
        registry = models.get_registry(self._state, call)
        if not registry.configuration.properties["adminUserEnabled"]:
            raise errors.error("ACR_ADMIN_DISABLED", name=registry.name)
        return registry

    def _password(self) -> str:
        """Recorded: 52 characters of base64 with `+ACR` in them."""
        text = base64.b64encode(self._state.random.randbytes(39)).decode()
        return f"{text[:42]}+ACR{text[42:48]}"

    def _new_replication(self, path: str, *, location: str, author: Author) -> Replication:
        now = self._state.clock.now()
        child = Replication(
            id=path,
            name=ids.name_of(path),
            location=ids.location(location),
            created=now,
            modified=now,
            created_by=author,
            modified_by=author,
            status={"displayStatus": "Ready", "timestamp": timestamps.zulu(self._state.clock.utc())},
        )
        self._state.store.put(child)
        return child

    def _begin_write(self, call: Call, child: Replication, *, provisioning: str) -> Response:
        self._touch(call, child)
        properties = call.request.properties()
        child.endpoint = properties.get("regionEndpointEnabled", child.endpoint)
        child.zone_redundancy = properties.get("zoneRedundancy", child.zone_redundancy)
        child.provisioning = provisioning
        if provisioning == "Creating":
            child.status.pop("displayStatus", None)

        def done(_: AsyncOperation) -> None:
            child.provisioning = "Succeeded"
            self._display(child, "Syncing")
            wait = self._state.draw(self._state.settings.acr_replica_sync)
            self._state.clock.call_in(wait, callback=lambda: self._display(child, "Ready"))

        _, headers = self._async_operations.begin(call, owner=child.id, status=provisioning, done=done)
        return Response(201, body=self._body(child, version=call.version), headers=headers)

    def _changes_only_tags(self, call: Call, child: Replication) -> bool:
        """Return whether a PUT leaves a replication as it is but for its tags; recorded: it is finished at once."""
        properties = call.request.properties()
        endpoint = properties.get("regionEndpointEnabled", child.endpoint)
        zones = properties.get("zoneRedundancy", child.zone_redundancy)
        return "tags" in call.body and (endpoint, zones) == (child.endpoint, child.zone_redundancy)

    def _display(self, child: Replication, status: str) -> None:
        child.status = {"displayStatus": status, "timestamp": timestamps.zulu(self._state.clock.utc())}

    def _touch(self, call: Call, child: Resource) -> None:
        child.modified, child.modified_by = self._state.clock.now(), call.caller.author
        if "tags" in call.body:
            child.tags = ids.tags(call.body["tags"])

    def _get_replication(self, call: Call) -> Replication:
        child = self._state.store.get(Replication, call.route.path)
        if child is None:
            raise errors.error("ACR_CHILD_NOT_FOUND", name=call.names[1])
        return child

    def _body(self, child: Replication, *, version: str) -> Body:
        authors = child.system_data(lambda at: timestamps.offset(self._state.clock.utc(at)))
        return {
            "type": child.TYPE,
            "id": child.id,
            "name": child.name,
            "location": child.location,
            "tags": child.tags,
            **({"systemData": authors} if models.shows("systemData", version=version) else {}),
            "properties": {
                "provisioningState": child.provisioning,
                "status": child.status,
                "regionEndpointEnabled": child.endpoint,
                "zoneRedundancy": child.zone_redundancy,
            },
        }


def _credentials(registry: Registry) -> Body:
    passwords = [{"name": name, "value": value} for name, value in registry.passwords.items()]
    return {"username": registry.name, "passwords": passwords}
