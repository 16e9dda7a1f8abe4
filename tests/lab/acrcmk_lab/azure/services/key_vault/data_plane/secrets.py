"""Secrets on a vault's own host."""

from collections.abc import Iterator

from acrcmk_lab.azure.arm import errors
from acrcmk_lab.azure.arm.messages import Body, Response
from acrcmk_lab.azure.services.key_vault.data_plane import operations
from acrcmk_lab.azure.services.key_vault.data_plane.deleted_objects import Deletions, Kind
from acrcmk_lab.azure.services.key_vault.data_plane.objects import VersionedObjects
from acrcmk_lab.azure.services.key_vault.data_plane.operations import Call, Handler, Operation
from acrcmk_lab.azure.services.key_vault.models import ObjectVersion, VaultObject
from acrcmk_lab.azure.state.state import State

_METADATA = ("contentType",)
"""Members of a secret besides its value, which only `set` and `get` return."""


class DataPlaneSecrets:
    """The operations on secrets."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._objects = VersionedObjects(
            state, collection=lambda vault: vault.secret_collection, not_found_error="KVD_SECRET_NOT_FOUND"
        )

    def operations(self) -> list[Operation]:
        """Return the operations."""
        kind = Kind(
            area="secrets",
            collection=lambda vault: vault.secret_collection,
            lifecycle=self._objects,
            lookup=lambda call: self._objects.lookup(call)[0],
            body=lambda call, secret: _body(call, secret, version=secret.current),
            list_item=_list_item,
            not_found_error="KVD_DELETED_SECRET_NOT_FOUND",
            read_action="readMetadata/action",
        )
        deletions = Deletions(self._state, kind=kind)
        return [*deletions.operations(), *operations.operations("secrets", self._rows())]

    def _rows(self) -> Iterator[tuple[str, str, Handler, str, str]]:
        yield "GET", "secrets", self.index, "list", "readMetadata/action"
        yield "POST", "secrets/restore", self.restore, "restore", "restore/action"
        yield "GET", "secrets/*/versions", self.versions, "list", "readMetadata/action"
        yield "POST", "secrets/*/backup", self.backup, "backup", "backup/action"
        yield "PUT", "secrets/*", self.put, "set", "setSecret/action"
        for path in ("secrets/*", "secrets/*/*"):
            yield "GET", path, self.get, "get", "getSecret/action"
            yield "PATCH", path, self.update, "set", "update/action"

    def put(self, call: Call) -> Response:
        """Create a secret, or a new version."""
        if not isinstance(call.body.get("value"), str):
            raise errors.error("KVD_BAD_PARAMETER", reason="a secret needs a value")
        content = {name: call.body[name] for name in ("value", *_METADATA) if call.body.get(name) is not None}
        secret = self._objects.add(call, content=content)
        return Response(200, body=_body_with_value(call, secret, version=secret.current))

    def get(self, call: Call) -> Response:
        secret, version = self._objects.lookup(call)
        if not version.enabled:
            raise errors.error("KVD_SECRET_DISABLED")
        return Response(200, body=_body_with_value(call, secret, version=version))

    def update(self, call: Call) -> Response:
        secret, version = self._objects.lookup(call)
        self._objects.update(call, version=version)
        version.content |= {name: call.body[name] for name in _METADATA if call.body.get(name) is not None}
        return Response(200, body=_body(call, secret, version=version))

    def index(self, call: Call) -> Response:
        return operations.page(call, {name: _list_item(call, s) for name, s in call.vault.secrets.items()})

    def versions(self, call: Call) -> Response:
        secret, _ = self._objects.lookup(call)
        return operations.page(
            call, {name: _body(call, secret, version=version) for name, version in secret.versions.items()}
        )

    def backup(self, call: Call) -> Response:
        return self._objects.backup(call)

    def restore(self, call: Call) -> Response:
        secret = self._objects.restore(call)
        return Response(200, body=_body(call, secret, version=secret.current))


def _body(call: Call, secret: VaultObject, *, version: ObjectVersion) -> Body:
    metadata = {name: version.content[name] for name in _METADATA if name in version.content}
    uri = f"{call.url}/secrets/{secret.name}/{version.version}"
    return {**metadata, "id": uri, **operations.described(call, version)}


def _body_with_value(call: Call, secret: VaultObject, *, version: ObjectVersion) -> Body:
    return {"value": version.content["value"], **_body(call, secret, version=version)}


def _list_item(call: Call, secret: VaultObject) -> Body:
    return {**_body(call, secret, version=secret.current), "id": f"{call.url}/secrets/{secret.name}"}
