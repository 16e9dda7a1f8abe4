"""Microsoft.ManagedIdentity: user-assigned identities and their federated credentials.

Bodies are recorded: ids contain `/resourcegroups/` in lower case, without systemData.
"""

import re

from acrcmk_lab.azure.arm import errors, ids, operations, paging
from acrcmk_lab.azure.arm.messages import Body, Response
from acrcmk_lab.azure.arm.operations import Call, Operation
from acrcmk_lab.azure.services.managed_identity import models
from acrcmk_lab.azure.services.managed_identity.models import FederatedCredential, Identity
from acrcmk_lab.azure.state.directory import Principal
from acrcmk_lab.azure.state.state import State

VERSIONS = (
    "2015-08-31-preview",
    "2018-11-30",
    "2021-09-30-preview",
    "2022-01-31-preview",
    "2023-01-31",
    "2023-07-31-preview",
    "2024-11-30",
    "2025-01-31-preview",
    "2025-05-31-preview",
)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{2,127}")
_SINCE_ISOLATION = "2024-11-30"
_LONG_BODY_UNTIL = "2018-11-30"


class ManagedIdentity:
    """The provider."""

    namespace = models.NAMESPACE
    versions: tuple[str, ...] = VERSIONS

    def __init__(self, state: State) -> None:
        self._state = state
        state.removers[Identity] = self.remove

    def accepts(self, version: str) -> bool:
        return version in VERSIONS

    def headers(self, _call: Call) -> dict[str, str]:
        return {}

    def operations(self) -> list[Operation]:
        child = "userAssignedIdentities/*/federatedIdentityCredentials"
        return [
            *operations.crud(
                models.NAMESPACE,
                path="userAssignedIdentities/*",
                get=self.get,
                put=self.put,
                patch=self.patch,
                delete=self.delete,
            ),
            *operations.crud(models.NAMESPACE, path="userAssignedIdentities", get=self.index),
            *operations.crud(
                models.NAMESPACE,
                path=f"{child}/*",
                get=self.get_credential,
                put=self.put_credential,
                delete=self.delete_credential,
            ),
            *operations.crud(models.NAMESPACE, path=child, get=self.list_credentials),
            Operation(
                method="POST",
                template=f"{models.TYPE}/*/listAssociatedResources".lower(),
                handler=self.list_associated_resources,
                action=f"{models.TYPE}/listAssociatedResources/action",
                kind="read",
            ),
        ]

    async def get(self, call: Call) -> Response:
        return Response(200, body=self._body(self._get_identity(call), version=call.version))

    async def index(self, call: Call) -> Response:
        identities = self._state.store.under(call.route.scope, kind=Identity)
        rows = [self._body(identity, version=call.version) for identity in identities]
        return paging.page(call, rows=rows, url=self._state.url)

    async def put(self, call: Call) -> Response:
        existing = self._state.store.get(Identity, _identity_id(call))
        if existing is None:
            created = self._create(call)
            return Response(201, body=self._body(created, version=call.version), headers={"location": created.id})
        if "tags" in call.body:
            existing.tags = ids.tags(call.body["tags"])
        return Response(200, body=self._body(existing, version=call.version))

    async def patch(self, call: Call) -> Response:
        identity = self._get_identity(call)
        if "tags" in call.body:
            identity.tags = ids.tags(call.body["tags"])
        return Response(200, body=self._body(identity, version=call.version))

    async def delete(self, call: Call) -> Response:
        identity = self._state.store.get(Identity, _identity_id(call))
        if identity is None:
            return Response(204)
        self.remove(identity)
        return Response(200)

    def remove(self, identity: Identity) -> None:
        """Delete an identity with its principal; grants to the principal stay."""
        for credential in self._state.store.under(identity.id, kind=FederatedCredential):
            self._state.store.remove(credential)
        self._state.store.remove(identity)
        self._state.directory.remove(identity.principal_id, now=self._state.clock.now())

    async def get_credential(self, call: Call) -> Response:
        credential = self._state.store.get(FederatedCredential, _credential_id(call))
        if credential is None:
            raise errors.error("MI_CREDENTIAL_NOT_FOUND", id=_credential_id(call))
        return Response(200, body=_credential_body(credential))

    async def list_credentials(self, call: Call) -> Response:
        identity = self._get_identity(call)
        credentials = self._state.store.under(identity.id, kind=FederatedCredential)
        return paging.page(call, rows=[_credential_body(credential) for credential in credentials], url=self._state.url)

    async def put_credential(self, call: Call) -> Response:
        self._get_identity(call)
        credential_id = _credential_id(call)
        existing = self._state.store.get(FederatedCredential, credential_id)
        credential = FederatedCredential(
            id=credential_id, name=call.names[1], location="", properties=call.request.properties()
        )
        self._state.store.put(credential)
        headers = {} if existing else {"location": credential_id}
        return Response(200 if existing else 201, body=_credential_body(credential), headers=headers)

    async def list_associated_resources(self, call: Call) -> Response:
        """List the resources that use an identity; recorded for an unused one. Only registries use identities."""
        identity = self._get_identity(call)
        rows = [
            {
                "id": resource.id,
                "name": resource.name,
                "type": resource.TYPE.lower(),
                "resourceGroup": ids.group_of(resource.id).lower(),
                "subscriptionId": ids.subscription_of(resource.id),
            }
            for resource in self._state.store.all()
            if identity.id.lower() in resource.identities()
        ]
        return Response(200, body={"totalCount": len(rows), "value": rows})

    async def delete_credential(self, call: Call) -> Response:
        credential = self._state.store.get(FederatedCredential, _credential_id(call))
        if credential is None:
            return Response(204)
        self._state.store.remove(credential)
        return Response(200)

    def _create(self, call: Call) -> Identity:
        name, location = call.names[0], str(call.body.get("location") or "")
        if not _NAME.fullmatch(name):
            raise errors.error("MI_NAME_INVALID", name=name)
        if not location:
            raise errors.error("ARM_LOCATION_REQUIRED")
        now = self._state.clock.now()
        identity = Identity(
            id=_identity_id(call),
            name=name,
            location=ids.location(location),
            tags=ids.tags(call.body.get("tags")),
            created=now,
            modified=now,
            principal_id=self._state.guid(),
            client_id=self._state.guid(),
            isolation_scope=call.request.properties().get("isolationScope", "None"),
        )
        self._state.store.put(identity)
        visible = self._state.log_delay(
            "principal",
            resource=identity.id,
            seconds=self._state.draw(self._state.settings.principal_replication),
        )
        self._state.directory.add(
            Principal(
                object_id=identity.principal_id,
                client_id=identity.client_id,
                name=name,
                visible_at=visible,
                resource_id=identity.id,
            )
        )
        return identity

    def _get_identity(self, call: Call) -> Identity:
        identity = self._state.store.get(Identity, _identity_id(call))
        if identity is None:
            raise errors.error("MI_NOT_FOUND", name=call.names[0], rg=call.route.group)
        return identity

    def _body(self, identity: Identity, *, version: str) -> Body:
        properties = {
            "tenantId": self._state.tenant_id,
            "principalId": identity.principal_id,
            "clientId": identity.client_id,
        }
        if version < _LONG_BODY_UNTIL:
            ids_of = f"tid={self._state.tenant_id}&oid={identity.principal_id}&aid={identity.client_id}"
            host = f"https://control-{identity.location}.identity.azure.net"
            properties["clientSecretUrl"] = f"{host}{identity.id}/credentials?{ids_of}"
        if version >= _SINCE_ISOLATION:
            properties["isolationScope"] = identity.isolation_scope
        return {
            "location": identity.location,
            "tags": identity.tags,
            "id": identity.id,
            "name": identity.name,
            "type": models.TYPE,
            "properties": properties,
        }


def _identity_id(call: Call) -> str:
    route = call.route
    return f"/subscriptions/{route.subscription}/resourcegroups/{route.group}/providers/{models.TYPE}/{route.names[0]}"


def _credential_id(call: Call) -> str:
    return f"{_identity_id(call)}/federatedIdentityCredentials/{call.names[1]}"


def _credential_body(credential: FederatedCredential) -> Body:
    return {
        "id": credential.id,
        "name": credential.name,
        "type": FederatedCredential.TYPE,
        "properties": credential.properties,
    }
