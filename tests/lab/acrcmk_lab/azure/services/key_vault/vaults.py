"""Microsoft.KeyVault: vaults, their access policies, deleted vaults."""

from acrcmk_lab.azure.arm import errors, ids, operations, paging, timestamps
from acrcmk_lab.azure.arm.messages import AzureError, Body, Response
from acrcmk_lab.azure.arm.operations import Call, Operation
from acrcmk_lab.azure.services.authorization.models import RoleAssignment
from acrcmk_lab.azure.services.key_vault import keys, models, vault_properties
from acrcmk_lab.azure.services.key_vault.keys import VaultKeys
from acrcmk_lab.azure.services.key_vault.lifecycle import KeyLifecycle
from acrcmk_lab.azure.services.key_vault.models import Vault
from acrcmk_lab.azure.state.state import State

NAMESPACE = models.NAMESPACE
SERVICE_VERSION = "2.2.261.0"
VERSIONS = (
    "2015-06-01",
    "2016-10-01",
    "2018-02-14-preview",
    "2018-02-14",
    "2019-09-01",
    "2020-04-01-preview",
    "2021-04-01-preview",
    "2021-06-01-preview",
    "2021-10-01",
    "2021-11-01-preview",
    "2022-02-01-preview",
    "2022-07-01",
    "2022-11-01",
    "2023-02-01",
    "2023-07-01",
    "2024-04-01-preview",
    "2024-11-01",
    "2024-12-01-preview",
    "2025-05-01",
    "2026-02-01",
    "2026-05-15",
)
"""Those before 2020 are from an error message of 2021, https://github.com/Azure/azure-cli/issues/18483."""
RETIREMENT = "2027-02-27"
"""Documented: control-plane versions before 2026-02-01 retire on this day."""
DAY = 86400


class KeyVault:
    """The resource provider; `keys.py` has the operations on keys."""

    namespace = NAMESPACE
    versions: tuple[str, ...] = VERSIONS

    def __init__(self, state: State) -> None:
        self._state = state
        self.deleted: dict[str, Vault] = {}
        # Names that other tenants use.
        self.reserved_names: set[str] = set()
        self._purges: dict[str, tuple[float, float]] = {}
        self.key_lifecycle = KeyLifecycle(state)
        self._keys = VaultKeys(state, lifecycle=self.key_lifecycle)
        state.removers[Vault] = self.remove

    def accepts(self, version: str) -> bool:
        retired = self._state.clock.utc().strftime("%Y-%m-%d") >= RETIREMENT
        return version in VERSIONS and not (retired and version < vault_properties.RBAC_BY_DEFAULT_SINCE)

    def headers(self, call: Call) -> dict[str, str]:
        echoed = call.request.headers.get("x-ms-client-request-id")
        return {
            "x-ms-keyvault-service-version": SERVICE_VERSION,
            **({"x-ms-client-request-id": echoed} if echoed else {}),
        }

    def operations(self) -> list[Operation]:
        deleted = "locations/*/deletedVaults/*"
        return [
            *operations.crud(
                NAMESPACE, path="vaults/*", get=self.get, put=self.put, patch=self.patch, delete=self.delete
            ),
            *operations.crud(NAMESPACE, path="vaults", get=self.index),
            *operations.crud(NAMESPACE, path="vaults/*/accessPolicies/*", put=self.access_policies),
            *operations.crud(NAMESPACE, path=deleted, get=self.get_deleted),
            *operations.crud(NAMESPACE, path="deletedVaults", get=self.list_deleted),
            *operations.crud(NAMESPACE, path="managedHSMs", get=self.no_hsms),
            *operations.crud(NAMESPACE, path="deletedManagedHSMs", get=self.no_hsms),
            *operations.crud(NAMESPACE, path="locations/*/operationResults/*", get=self.purge_result),
            Operation(
                method="POST",
                template=f"{NAMESPACE}/{deleted}/purge".lower(),
                handler=self.purge,
                action=f"{NAMESPACE}/locations/deletedVaults/purge/action",
                kind="write",
            ),
            Operation(
                method="POST",
                template=f"{NAMESPACE}/checkNameAvailability".lower(),
                handler=self.check_name,
                action=f"{NAMESPACE}/checkNameAvailability/read",
                kind="read",
            ),
            *self._keys.operations(),
        ]

    async def get(self, call: Call) -> Response:
        return Response(200, body=self._body(self._get_vault(call), version=call.version))

    async def index(self, call: Call) -> Response:
        vaults = self._state.store.under(call.route.scope, kind=Vault)
        rows = [self._body(vault, version=call.version) for vault in vaults]
        return paging.page(call, rows=rows, url=self._state.url, size_by_top=True)

    async def put(self, call: Call) -> Response:
        properties = call.request.properties()
        existing = self._state.store.get(Vault, call.route.path)
        vault_properties.check_name(call.names[0])
        vault_properties.check_properties(properties, existing=existing)
        if properties.get("createMode") == "recover" and not existing:
            return Response(200, body=self._body(self._recover(call), version=call.version))
        if existing:
            self._check_required(call, rbac=bool(existing.rbac))
            self._update(existing, call=call)
            existing.tags = ids.tags(call.body.get("tags"))
            return Response(200, body=self._body(existing, version=call.version))
        created = self._create(call)
        body = self._body(created, version=call.version)
        # Recorded: only the response to the creating PUT has no trailing slash.
        body["properties"]["vaultUri"] = body["properties"]["vaultUri"].rstrip("/")
        return Response(200, body=body)

    async def patch(self, call: Call) -> Response:
        vault = self._get_vault(call)
        vault_properties.check_properties(call.request.properties(), existing=vault)
        self._update(vault, call=call)
        if "tags" in call.body:
            vault.tags = ids.tags(call.body["tags"])
        return Response(200, body=self._body(vault, version=call.version))

    async def access_policies(self, call: Call) -> Response:
        """Add, replace or remove entries and keep all others."""
        vault, operation = self._get_vault(call), call.names[1].lower()
        if operation not in ("add", "replace", "remove"):
            raise errors.error("ARM_BAD_REQUEST", reason=f"unknown operation {call.names[1]}")
        policies = vault_properties.policies(call.request.properties().get("accessPolicies"))
        self._set_policies(vault, vault_properties.merged(vault.access_policies, policies, operation=operation))
        self._record_author(vault, call=call)
        return Response(
            200,
            body={
                "id": f"{vault.id}/accessPolicies/",
                "type": f"{models.TYPE}/accessPolicies",
                "location": vault.location,
                "properties": {"accessPolicies": vault.access_policies},
            },
        )

    async def delete(self, call: Call) -> Response:
        vault = self._state.store.get(Vault, call.route.path)
        if vault is None:
            return Response(204)
        self.remove(vault)
        return Response(200)

    def remove(self, vault: Vault) -> None:
        """Soft-delete a vault; the role assignments at its scope are deleted [D]."""
        self._state.store.remove(vault)
        for assignment in self._state.store.under(vault.id, kind=RoleAssignment):
            self._state.remove(assignment)
        now = self._state.clock.now()
        self._state.vault_deletions[vault.name.lower()] = now
        if not vault.soft_delete:
            return
        vault.deleted_at = now
        self.deleted[vault.name.lower()] = vault
        self._state.clock.call_at(
            now + vault.recovery.days * DAY, callback=lambda: self._forget_deleted(vault, deleted_at=now)
        )

    async def get_deleted(self, call: Call) -> Response:
        return Response(200, body=self._deleted_body(self._get_deleted_vault(call)))

    async def list_deleted(self, call: Call) -> Response:
        rows = [
            self._deleted_body(v)
            for v in self.deleted.values()
            if ids.within(v.id, scope=f"/subscriptions/{call.route.subscription}")
        ]
        return paging.page(call, rows=rows, url=self._state.url, size_by_top=True)

    async def no_hsms(self, _: Call) -> Response:
        """Return an empty list: `az keyvault list-deleted` and `recover` request these, too."""
        return Response(200, body={"value": []})

    async def purge(self, call: Call) -> Response:
        """Recorded: 202 with Location, then 202 `NotStarted` until 200 `Succeeded`."""
        vault = self._get_deleted_vault(call)
        if vault.purge_protection:
            raise errors.error("KV_PURGE_PROTECTED")
        start, deleted_at = self._state.clock.now(), vault.deleted_at
        seconds = self._state.draw(self._state.settings.vault_purge)
        end = self._state.log_delay("vault_purge", resource=vault.id, seconds=seconds)
        operation = self._state.hex32()
        self._purges[operation] = (start, end)
        self._state.clock.call_in(seconds, callback=lambda: self._forget_deleted(vault, deleted_at=deleted_at))
        return Response(
            202,
            body=None,
            headers={
                "Location": self._purge_url(call, operation),
                "Retry-After": str(self._state.clock.client_seconds(5)),
            },
        )

    async def purge_result(self, call: Call) -> Response:
        purge = self._purges.get(call.names[-1])
        if purge is None:
            raise errors.error("ARM_BAD_TYPE", ns=NAMESPACE, v=call.version)
        clock, (start, end) = self._state.clock, purge
        body = {"createdDateTime": timestamps.spaced(clock.utc(start))}
        if clock.now() < end:
            headers = {"Location": self._purge_url(call, call.names[-1])}
            return Response(202, body={**body, "status": "NotStarted"}, headers=headers)
        body["lastActionDateTime"] = timestamps.spaced(clock.utc(end))
        return Response(200, body={**body, "status": "Succeeded"})

    async def check_name(self, call: Call) -> Response:
        name = str(call.body.get("name", ""))
        try:
            vault_properties.check_name(name)
        except AzureError as error:
            return _unavailable("AccountNameInvalid", error.response.body["error"]["message"])
        if self._state.store.by_name(Vault, name) or name.lower() in {*self.deleted, *self.reserved_names}:
            content = errors.content("KV_NAME_TAKEN", name=name)
            return _unavailable("AlreadyExists", content["message"])
        return Response(200, body={"nameAvailable": True})

    def _create(self, call: Call) -> Vault:
        name, location = call.names[0], str(call.body.get("location") or "")
        properties = call.request.properties()
        self._check_name_free(call)
        vault = Vault(
            id=call.route.path,
            name=name,
            location=ids.location(location),
            location_given=location,
            tags=ids.tags(call.body.get("tags")),
            created=self._state.clock.now(),
            created_by=call.caller.author,
            tenant_id=str(properties.get("tenantId") or self._state.tenant_id),
            sku=properties.get("sku") or {"family": "A", "name": "standard"},
        )
        optional = self._state.settings.disabled_soft_delete == "accept"
        vault_properties.create(vault, properties=properties, version=call.version, optional_soft_delete=optional)
        self._check_required(call, rbac=bool(vault.rbac))
        self._normalise(vault)
        self._state.store.put(vault)
        self._record_author(vault, call=call)
        self._set_policies(vault, vault_properties.policies(properties.get("accessPolicies")))
        seconds = self._state.draw(self._state.settings.dns_delay)
        self._state.log_delay("dns", resource=vault.id, seconds=seconds)
        self._state.clock.call_in(seconds, callback=lambda: setattr(vault, "provisioning", "Succeeded"))
        return vault

    def _check_required(self, call: Call, *, rbac: bool) -> None:
        """Check that a PUT has what every PUT needs; AzureError with what is missing."""
        properties = call.request.properties()
        if not call.body.get("location"):
            raise errors.error("ARM_LOCATION_REQUIRED")
        if properties.get("accessPolicies") is None and not (rbac or properties.get("enableRbacAuthorization")):
            raise errors.error("KV_POLICIES_REQUIRED")

    def _check_name_free(self, call: Call) -> None:
        name = call.names[0].lower()
        existing = self._state.store.by_name(Vault, name)
        deleted = self.deleted.get(name)
        subscription_scope = f"/subscriptions/{call.route.subscription}"
        if (
            existing
            or name in self.reserved_names
            or (deleted and not ids.within(deleted.id, scope=subscription_scope))
        ):
            raise errors.error("KV_NAME_TAKEN", name=call.names[0])
        if deleted:
            raise errors.error("KV_DELETED_CONFLICT")

    def _recover(self, call: Call) -> Vault:
        """Recover a deleted vault as it was, with its keys but without role assignments [D].

        Recorded: the other properties of the request, such as another SKU, are ignored.
        """
        vault = self.deleted.get(call.names[0].lower())
        if vault is None or vault.id.lower() != call.route.path.lower():
            raise errors.error("KV_DELETED_NOT_FOUND", name=call.names[0])
        del self.deleted[vault.name.lower()]
        vault.deleted_at = None
        self._state.store.put(vault)
        self._record_author(vault, call=call)
        return vault

    def _update(self, vault: Vault, *, call: Call) -> None:
        properties = call.request.properties()
        vault_properties.update(vault, properties=properties)
        self._normalise(vault)
        if properties.get("accessPolicies") is not None:
            self._set_policies(vault, vault_properties.policies(properties["accessPolicies"]))
        self._record_author(vault, call=call)

    def _normalise(self, vault: Vault) -> None:
        if vault.network_acls and self._state.settings.cidr_suffix == "add":
            vault.network_acls = vault_properties.with_suffixes(vault.network_acls)

    def _record_author(self, vault: Vault, *, call: Call) -> None:
        vault.modified, vault.modified_by = self._state.clock.now(), call.caller.author

    def _set_policies(self, vault: Vault, policies: list[Body]) -> None:
        if policies == vault.access_policies:
            return
        vault.access_policies = policies
        seconds = self._state.draw(self._state.settings.policy_propagation)
        self._state.log_delay("policy", resource=vault.id, seconds=seconds)

        def take_effect() -> None:
            vault.effective_policies, vault.policies_effective = policies, self._state.clock.now()

        self._state.clock.call_in(seconds, callback=take_effect)

    def _get_vault(self, call: Call) -> Vault:
        return keys.get_vault(self._state, call)

    def _get_deleted_vault(self, call: Call) -> Vault:
        vault = self.deleted.get(call.names[1].lower())
        subscription_scope = f"/subscriptions/{call.route.subscription}"
        if (
            vault is None
            or vault.location != ids.location(call.names[0])
            or not ids.within(vault.id, scope=subscription_scope)
        ):
            raise errors.error("KV_DELETED_NOT_FOUND", name=call.names[1])
        return vault

    def _forget_deleted(self, vault: Vault, *, deleted_at: float | None) -> None:
        """Remove a deleted vault, unless it was recovered (and maybe deleted again) meanwhile."""
        if vault.deleted_at == deleted_at and self.deleted.get(vault.name.lower()) is vault:
            del self.deleted[vault.name.lower()]

    def _purge_url(self, call: Call, operation: str) -> str:
        scope = f"/subscriptions/{call.route.subscription}/providers/{NAMESPACE}"
        result = f"{scope}/locations/{call.names[0]}/operationResults/{operation}"
        return f"{self._state.url}{result}?api-version={call.version}"

    def _body(self, vault: Vault, *, version: str) -> Body:
        clock = self._state.clock
        uri = f"https://{vault.name.lower()}.{self._state.settings.vault_domain}/"
        authors = vault.system_data(lambda at: timestamps.milliseconds(clock.utc(at)))
        return {
            "id": vault.id,
            "name": vault.name,
            "type": models.TYPE,
            "location": vault.location,
            "tags": vault.tags,
            **({"systemData": authors} if version >= vault_properties.SYSTEM_DATA_SINCE else {}),
            "properties": vault_properties.properties_body(vault, uri=uri, version=version),
        }

    def _deleted_body(self, vault: Vault) -> Body:
        clock, deleted_at = self._state.clock, vault.deleted_at or 0.0
        subscription = ids.subscription_of(vault.id)
        scope = f"/subscriptions/{subscription}/providers/{NAMESPACE}/locations/{vault.location}"
        properties: Body = {
            "vaultId": vault.id,
            "location": vault.location_given,
            "tags": vault.tags,
            "deletionDate": timestamps.seconds(clock.utc(deleted_at)),
            "scheduledPurgeDate": timestamps.seconds(clock.utc(deleted_at + vault.recovery.days * DAY)),
        }
        if vault.purge_protection:
            properties["purgeProtectionEnabled"] = True
        return {
            "id": f"{scope}/deletedVaults/{vault.name}",
            "name": vault.name,
            "type": f"{NAMESPACE}/deletedVaults",
            "properties": properties,
        }


def _unavailable(reason: str, message: str) -> Response:
    return Response(200, body={"nameAvailable": False, "reason": reason, "message": message})
