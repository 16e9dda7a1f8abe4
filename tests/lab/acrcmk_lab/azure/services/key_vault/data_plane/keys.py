"""Keys on a vault's own host: versions, attributes, rotation, cryptography, import and backup."""

import copy
from collections.abc import Iterator
from typing import Protocol

from acrcmk_lab.azure.arm import errors, ids
from acrcmk_lab.azure.arm.messages import Body, Response
from acrcmk_lab.azure.services.key_vault import lifecycle, models
from acrcmk_lab.azure.services.key_vault.data_plane import crypto, operations, release_policy
from acrcmk_lab.azure.services.key_vault.data_plane.crypto import Materials
from acrcmk_lab.azure.services.key_vault.data_plane.deleted_objects import Deletions, Kind
from acrcmk_lab.azure.services.key_vault.data_plane.operations import Call, Handler, Operation
from acrcmk_lab.azure.services.key_vault.data_plane.rotation_policy import Rotation
from acrcmk_lab.azure.services.key_vault.lifecycle import KeyLifecycle
from acrcmk_lab.azure.services.key_vault.models import Key, KeyVersion
from acrcmk_lab.azure.state.state import State

KEY_EXCHANGE_SECONDS = 2 * lifecycle.DAY
"""Recorded: a key exchange key expires after two days."""
_EXPORTABLE_SINCE, _PLATFORM_SINCE = (7, 3), (7, 5)
_EXPORTABLE_RELEASE = (1, 9, 501)
"""Recorded: api-version 7.3 did not show `exportable` in release 1.9.331."""
_NEEDS_ENABLED = ("decrypt", "sign", "unwrapKey")
"""Documented and measured: a disabled key still encrypts and wraps, an expired key still decrypts and unwraps."""
_NEEDS_VALID_DATES = ("encrypt", "sign", "wrapKey")
_CRYPTOGRAPHY = {
    "encrypt": "encrypt",
    "decrypt": "decrypt",
    "wrapKey": "wrap",
    "unwrapKey": "unwrap",
    "sign": "sign",
    "verify": "verify",
}


class CheckKey(Protocol):
    """Checks a new key version against Azure Policy; AzureError if a policy denies it."""

    def __call__(self, path: str, /, *, body: Body) -> None: ...


class DataPlaneKeys:
    """The operations on keys."""

    def __init__(self, state: State, *, lifecycle: KeyLifecycle, check_key: CheckKey) -> None:
        self._state = state
        self._check_key = check_key
        self._lifecycle = lifecycle
        self._materials = Materials()
        self._backups: dict[str, Key] = {}

    def operations(self) -> list[Operation]:
        """Return the operations."""
        rotation = Rotation(self._state, lifecycle=self._lifecycle, lookup=self.lookup, bundle=self.bundle)
        return [
            *rotation.operations(),
            *Deletions(self._state, kind=self._kind()).operations(),
            *operations.operations("keys", self._rows()),
        ]

    def _rows(self) -> Iterator[tuple[str, str, Handler, str, str]]:
        yield "GET", "keys", self.index, "list", "read"
        yield "POST", "keys/restore", self.restore, "restore", "restore/action"
        yield "GET", "keys/*/versions", self.versions, "list", "read"
        yield "POST", "keys/*/create", self.create, "create", "create/action"
        yield "POST", "keys/*/backup", self.backup, "backup", "backup/action"
        yield "PUT", "keys/*", self.import_, "import", "import/action"
        for path in ("keys/*", "keys/*/*"):
            yield "GET", path, self.get, "get", "read"
            yield "PATCH", path, self.update, "update", "update/action"
        for operation, action in _CRYPTOGRAPHY.items():
            for path in ("keys/*", "keys/*/*"):
                name = f"{path}/{operation.lower()}"
                yield "POST", name, self._cryptography(operation), operation, f"{action}/action"

    def _kind(self) -> Kind[Key]:
        return Kind(
            area="keys",
            collection=lambda vault: vault.key_collection,
            lifecycle=self._lifecycle,
            lookup=lambda call: self.lookup(call)[0],
            body=lambda call, key: self._bundle(call, key, version=key.current),
            list_item=self._list_item,
            not_found_error="KVD_DELETED_KEY_NOT_FOUND",
        )

    def create(self, call: Call) -> Response:
        properties = {
            "kty": call.body.get("kty"),
            "keySize": call.body.get("key_size"),
            "curveName": call.body.get("crv"),
            "keyOps": call.body.get("key_ops"),
            "attributes": call.attributes,
            "releasePolicy": release_policy.normalized(call.body.get("release_policy")),
        }
        problem = models.problem(properties, name=call.names[0])
        if not problem and not properties["kty"]:
            problem = "kty is required"
        self._check(call, problem=problem, kty=str(properties["kty"]), properties=properties)
        key = self._lifecycle.create(
            call.vault, name=call.names[0], properties=properties, tags=ids.tags(call.body.get("tags"))
        )
        if "import" in key.current.operations and key.current.expires is None:
            key.current.expires = key.current.created + KEY_EXCHANGE_SECONDS
        return self.bundle(call, key, version=key.current)

    def import_(self, call: Call) -> Response:
        """Import a key; an existing key gets a new version."""
        jwk = dict(call.body.get("key") or {})
        jwk["crv"] = models.CURVE_ALIASES.get(str(jwk.get("crv")).upper(), jwk.get("crv"))
        material = crypto.imported(jwk)
        kty = str(jwk["kty"]).removesuffix("-HSM") + ("-HSM" if call.body.get("Hsm") else "")
        problem = None if models.NAME.fullmatch(call.names[0]) else "the key's name is invalid"
        properties = {
            "kty": kty,
            "keySize": material.key_size,
            "curveName": jwk["crv"],
            "keyOps": jwk.get("key_ops"),
            "attributes": call.attributes,
        }
        self._check(call, problem=problem, kty=kty, properties=properties)
        key = self._lifecycle.create(
            call.vault, name=call.names[0], properties=properties, tags=ids.tags(call.body.get("tags"))
        )
        self._materials.keep(key.current.version, material)
        return self.bundle(call, key, version=key.current)

    def get(self, call: Call) -> Response:
        key, version = self.lookup(call)
        return self.bundle(call, key, version=version)

    def index(self, call: Call) -> Response:
        return operations.page(
            call,
            {name: self._list_item(call, key) for name, key in call.vault.keys.items()},
        )

    def versions(self, call: Call) -> Response:
        """List versions; recorded: in the order of their ids, not of time; none of a missing key."""
        key = call.vault.keys.get(call.names[0].lower())
        if key is None:
            return operations.page(call, {})
        return operations.page(
            call,
            {
                name: {"kid": _kid(call, key, version=version), **_attributes_and_tags(call, version)}
                for name, version in key.versions.items()
            },
        )

    def update(self, call: Call) -> Response:
        key, version = self.lookup(call)
        self._lifecycle.change(call.vault, key, version=version, attributes=call.attributes)
        if call.body.get("key_ops") is not None:
            version.operations = tuple(call.body["key_ops"])
        if call.body.get("tags") is not None:
            version.tags = ids.tags(call.body["tags"])
        return self.bundle(call, key, version=version)

    def _cryptography(self, operation: str) -> Handler:
        def perform(call: Call) -> Response:
            key, version = self.lookup(call)
            self._check_permitted(version, operation=operation)
            result = self._materials.perform(version, operation=operation, body=call.body)
            if operation == "verify":
                return Response(200, body={"value": result})
            return Response(200, body={"kid": _kid(call, key, version=version), "value": result})

        return perform

    def _check_permitted(self, version: KeyVersion, *, operation: str) -> None:
        if not version.enabled and operation in _NEEDS_ENABLED:
            raise errors.error("KVD_KEY_DISABLED", operation=operation)
        in_time = version.in_time(self._state.clock.utc().timestamp())
        if not in_time and operation in _NEEDS_VALID_DATES:
            raise errors.error("KVD_KEY_EXPIRED", operation=operation)
        if operation not in version.operations:
            raise errors.error("KVD_KEY_OPERATION", operation=operation)

    def backup(self, call: Call) -> Response:
        """Return a blob that only this lab can restore."""
        key, _ = self.lookup(call)
        blob = self._state.hex32()
        self._backups[blob] = copy.deepcopy(key)
        return Response(200, body={"value": blob})

    def restore(self, call: Call) -> Response:
        stored = self._backups.get(str(call.body.get("value")))
        if stored is None:
            raise errors.error("KVD_BAD_PARAMETER", reason="Malformed backup blob")
        identifier = f"{call.url}/keys/{stored.name}/{stored.current.version}"
        key = self._lifecycle.restore(call.vault, copy.deepcopy(stored), identifier=identifier)
        return self.bundle(call, key, version=key.current)

    def lookup(self, call: Call) -> tuple[Key, KeyVersion]:
        """Return the key and version of a path, the current version if none is named."""
        name, version_id = call.names[0], call.names[1] if call.names[1:] else ""
        key = call.vault.keys.get(name.lower())
        if key and not version_id:
            return key, key.current
        if key and version_id.lower() in key.versions:
            return key, key.versions[version_id.lower()]
        raise operations.not_found("KVD_KEY_NOT_FOUND", call=call, name="/".join(filter(None, (name, version_id))))

    def _check(self, call: Call, *, problem: str | None, kty: str, properties: Body) -> None:
        if not problem and kty.endswith("-HSM") and call.vault.sku["name"].lower() != "premium":
            problem = "HSM keys need a vault of the premium SKU"
        if problem:
            raise errors.error("KVD_BAD_PARAMETER", reason=problem)
        body = {"properties": properties, "tags": call.body.get("tags")}
        self._check_key(f"{call.vault.id}/keys/{call.names[0]}", body=body)

    def bundle(self, call: Call, key: Key, *, version: KeyVersion) -> Response:
        """Return a key version with its public part."""
        return Response(200, body=self._bundle(call, key, version=version))

    def _bundle(self, call: Call, key: Key, *, version: KeyVersion) -> Body:
        jwk = {
            "kid": _kid(call, key, version=version),
            "kty": version.kty,
            "key_ops": list(version.operations),
            **self._materials.public(version),
        }
        policy = {"release_policy": version.release_policy} if version.release_policy else {}
        return {"key": jwk, **_attributes_and_tags(call, version), **policy}

    def _list_item(self, call: Call, key: Key) -> Body:
        return {"kid": f"{call.url}/keys/{key.name}", **_attributes_and_tags(call, key.current)}


def _attributes_and_tags(call: Call, version: KeyVersion) -> Body:
    """Return attributes and tags; later api-versions have more members [R]."""
    more: Body = {}
    if call.version >= _EXPORTABLE_SINCE and call.release >= _EXPORTABLE_RELEASE:
        more["exportable"] = version.exportable
    if call.version >= _PLATFORM_SINCE:
        more["hsmPlatform"] = "1" if version.kty.endswith("-HSM") else "0"
    return operations.described(call, version, **more)


def _kid(call: Call, key: Key, *, version: KeyVersion) -> str:
    return f"{call.url}/keys/{key.name}/{version.version}"
