"""Secrets through a vault's own endpoint."""

from collections.abc import Iterator

from acrcmk_lab.azure.arm import errors
from acrcmk_lab.azure.arm.messages import Answer, Body
from acrcmk_lab.azure.services.key_vault.data_plane import operations
from acrcmk_lab.azure.services.key_vault.data_plane.deleted_objects import Deletions, Kind
from acrcmk_lab.azure.services.key_vault.data_plane.objects import Shelves
from acrcmk_lab.azure.services.key_vault.data_plane.operations import Call, Handler, Operation
from acrcmk_lab.azure.services.key_vault.vault_objects import ObjectVersion, VaultObject
from acrcmk_lab.azure.state.state import World

# What a secret tells of itself besides its value, which only `set` and `get` answer.
_TOLD = ("contentType",)


class DataPlaneSecrets:
    """The operations on secrets."""

    def __init__(self, state: World) -> None:
        self._world = state
        self._shelves = Shelves(state, shelf=lambda vault: vault.secret_shelf, missing="KVD_SECRET_NOT_FOUND")

    def offers(self) -> list[Operation]:
        """Return the operations, for the front door."""
        kind = Kind(
            area="secrets",
            shelf=lambda vault: vault.secret_shelf,
            life=self._shelves,
            found=lambda call: self._shelves.found(call)[0],
            shown=lambda call, secret: _shown(call, secret, version=secret.current),
            listed=_listed,
            missing="KVD_DELETED_SECRET_NOT_FOUND",
            look="readMetadata/action",
        )
        deletions = Deletions(self._world, kind=kind)
        return [*deletions.offers(), *operations.offers("secrets", self._rows())]

    def _rows(self) -> Iterator[tuple[str, str, Handler, str, str]]:
        yield "GET", "secrets", self.index, "list", "readMetadata/action"
        yield "POST", "secrets/restore", self.restore, "restore", "restore/action"
        yield "GET", "secrets/*/versions", self.versions, "list", "readMetadata/action"
        yield "POST", "secrets/*/backup", self.backup, "backup", "backup/action"
        yield "PUT", "secrets/*", self.put, "set", "setSecret/action"
        for path in ("secrets/*", "secrets/*/*"):
            yield "GET", path, self.get, "get", "getSecret/action"
            yield "PATCH", path, self.update, "set", "update/action"

    def put(self, call: Call) -> Answer:
        """Make a secret, or a new version of one."""
        if not isinstance(call.body.get("value"), str):
            raise errors.refusal("KVD_BAD_PARAMETER", reason="a secret needs a value")
        content = {name: call.body[name] for name in ("value", *_TOLD) if call.body.get(name) is not None}
        secret = self._shelves.add(call, content=content)
        return Answer(200, _with_value(call, secret, version=secret.current))

    def get(self, call: Call) -> Answer:
        secret, version = self._shelves.found(call)
        if not version.enabled:
            raise errors.refusal("KVD_SECRET_DISABLED")
        return Answer(200, _with_value(call, secret, version=version))

    def update(self, call: Call) -> Answer:
        secret, version = self._shelves.found(call)
        self._shelves.update(call, version=version)
        version.content |= {name: call.body[name] for name in _TOLD if call.body.get(name) is not None}
        return Answer(200, _shown(call, secret, version=version))

    def index(self, call: Call) -> Answer:
        return operations.page(call, {name: _listed(call, s) for name, s in call.vault.secrets.items()})

    def versions(self, call: Call) -> Answer:
        secret, _ = self._shelves.found(call)
        return operations.page(
            call, {name: _shown(call, secret, version=version) for name, version in secret.versions.items()}
        )

    def backup(self, call: Call) -> Answer:
        return self._shelves.backup(call)

    def restore(self, call: Call) -> Answer:
        secret = self._shelves.restore(call)
        return Answer(200, _shown(call, secret, version=secret.current))


def _shown(call: Call, secret: VaultObject, *, version: ObjectVersion) -> Body:
    told = {name: version.content[name] for name in _TOLD if name in version.content}
    uri = f"{call.url}/secrets/{secret.name}/{version.version}"
    return {**told, "id": uri, **operations.described(call, version)}


def _with_value(call: Call, secret: VaultObject, *, version: ObjectVersion) -> Body:
    return {"value": version.content["value"], **_shown(call, secret, version=version)}


def _listed(call: Call, secret: VaultObject) -> Body:
    return {**_shown(call, secret, version=secret.current), "id": f"{call.url}/secrets/{secret.name}"}
