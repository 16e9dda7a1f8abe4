"""Secrets through a vault's own endpoint."""

from collections.abc import Iterator

from acrcmk_lab.azure import catalogue, messages, vaultobjects, world
from acrcmk_lab.azure.providers import dataplanecalls, dataplanedeleted, dataplaneobjects

# What a secret tells of itself besides its value, which only `set` and `get` answer.
_TOLD = ("contentType",)


class DataPlaneSecrets:
    """The operations on secrets."""

    def __init__(self, state: world.World) -> None:
        self._world = state
        self._shelves = dataplaneobjects.Shelves(
            state, shelf=lambda vault: vault.secret_shelf, missing="KVD_SECRET_NOT_FOUND"
        )

    def offers(self) -> list[dataplanecalls.Operation]:
        """Return the operations, for the front door."""
        kind = dataplanedeleted.Kind(
            area="secrets",
            shelf=lambda vault: vault.secret_shelf,
            life=self._shelves,
            found=lambda call: self._shelves.found(call)[0],
            shown=lambda call, secret: _shown(call, secret, version=secret.current),
            listed=_listed,
            missing="KVD_DELETED_SECRET_NOT_FOUND",
            look="readMetadata/action",
        )
        deletions = dataplanedeleted.Deletions(self._world, kind=kind)
        return [*deletions.offers(), *dataplanecalls.offers("secrets", self._rows())]

    def _rows(self) -> Iterator[tuple[str, str, dataplanecalls.Handler, str, str]]:
        yield "GET", "secrets", self.index, "list", "readMetadata/action"
        yield "POST", "secrets/restore", self.restore, "restore", "restore/action"
        yield "GET", "secrets/*/versions", self.versions, "list", "readMetadata/action"
        yield "POST", "secrets/*/backup", self.backup, "backup", "backup/action"
        yield "PUT", "secrets/*", self.put, "set", "setSecret/action"
        for path in ("secrets/*", "secrets/*/*"):
            yield "GET", path, self.get, "get", "getSecret/action"
            yield "PATCH", path, self.update, "set", "update/action"

    def put(self, call: dataplanecalls.Call) -> messages.Answer:
        """Make a secret, or a new version of one."""
        if not isinstance(call.body.get("value"), str):
            raise catalogue.refusal("KVD_BAD_PARAMETER", reason="a secret needs a value")
        content = {name: call.body[name] for name in ("value", *_TOLD) if call.body.get(name) is not None}
        secret = self._shelves.add(call, content=content)
        return messages.Answer(200, _with_value(call, secret, version=secret.current))

    def get(self, call: dataplanecalls.Call) -> messages.Answer:
        secret, version = self._shelves.found(call)
        if not version.enabled:
            raise catalogue.refusal("KVD_SECRET_DISABLED")
        return messages.Answer(200, _with_value(call, secret, version=version))

    def update(self, call: dataplanecalls.Call) -> messages.Answer:
        secret, version = self._shelves.found(call)
        self._shelves.update(call, version=version)
        version.content |= {name: call.body[name] for name in _TOLD if call.body.get(name) is not None}
        return messages.Answer(200, _shown(call, secret, version=version))

    def index(self, call: dataplanecalls.Call) -> messages.Answer:
        return dataplanecalls.page(call, {name: _listed(call, s) for name, s in call.vault.secrets.items()})

    def versions(self, call: dataplanecalls.Call) -> messages.Answer:
        secret, _ = self._shelves.found(call)
        return dataplanecalls.page(
            call, {name: _shown(call, secret, version=version) for name, version in secret.versions.items()}
        )

    def backup(self, call: dataplanecalls.Call) -> messages.Answer:
        return self._shelves.backup(call)

    def restore(self, call: dataplanecalls.Call) -> messages.Answer:
        secret = self._shelves.restore(call)
        return messages.Answer(200, _shown(call, secret, version=secret.current))


def _shown(
    call: dataplanecalls.Call, secret: vaultobjects.VaultObject, *, version: vaultobjects.ObjectVersion
) -> messages.Body:
    told = {name: version.content[name] for name in _TOLD if name in version.content}
    uri = f"{call.url}/secrets/{secret.name}/{version.version}"
    return {**told, "id": uri, **dataplanecalls.described(call, version)}


def _with_value(
    call: dataplanecalls.Call, secret: vaultobjects.VaultObject, *, version: vaultobjects.ObjectVersion
) -> messages.Body:
    return {"value": version.content["value"], **_shown(call, secret, version=version)}


def _listed(call: dataplanecalls.Call, secret: vaultobjects.VaultObject) -> messages.Body:
    return {**_shown(call, secret, version=secret.current), "id": f"{call.url}/secrets/{secret.name}"}
