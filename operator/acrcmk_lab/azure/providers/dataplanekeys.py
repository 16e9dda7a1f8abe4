"""Keys through a vault's own endpoint: versions, attributes, rotation, cryptography, import and backup."""

import copy

from acrcmk_lab.azure import catalogue, ids, keylife, keystore, messages, world
from acrcmk_lab.azure.providers import dataplanecalls, dataplanecrypto, dataplanerotation

# Recorded: a key that only imports others (a key exchange key) lives two days.
KEY_EXCHANGE_SECONDS = 2 * keylife.DAY
_EXPORTABLE_SINCE, _PLATFORM_SINCE, _DAYS_SINCE = (7, 3), (7, 5), (7, 1)
# Documented and measured: a disabled key still protects, an expired one still reveals.
_STOPPED_BY_DISABLING = ("decrypt", "sign", "unwrapKey")
_STOPPED_BY_DATES = ("encrypt", "sign", "wrapKey")
_ONE, _VERSION = "keys/*", "keys/*/*"
_CRYPTOGRAPHY = {
    "encrypt": "encrypt",
    "decrypt": "decrypt",
    "wrapKey": "wrap",
    "unwrapKey": "unwrap",
    "sign": "sign",
    "verify": "verify",
}


class DataPlaneKeys:
    """The operations on keys."""

    def __init__(self, state: world.World, *, life: keylife.KeyLife) -> None:
        self._world = state
        self._life = life
        self._materials = dataplanecrypto.Materials()
        self._backups: dict[str, keystore.Key] = {}

    def offers(self) -> list[dataplanecalls.Operation]:
        """Literal paths come before those with stars in the same places."""
        return [
            _offer("GET", "keys", self.index, "list", "read"),
            _offer("POST", "keys/restore", self.restore, "restore", "restore/action"),
            _offer("GET", "keys/*/versions", self.versions, "list", "read"),
            *dataplanerotation.Rotation(self._world, life=self._life, found=self.found, bundle=self.bundle).offers(),
            _offer("POST", "keys/*/create", self.create, "create", "create/action"),
            _offer("POST", "keys/*/backup", self.backup, "backup", "backup/action"),
            *(
                _offer("POST", f"keys/*/*/{name.lower()}", self._cryptography(name), name, f"{action}/action")
                for name, action in _CRYPTOGRAPHY.items()
            ),
            *(_offer("GET", path, self.get, "get", "read") for path in (_ONE, _VERSION)),
            *(_offer("PATCH", path, self.update, "update", "update/action") for path in (_ONE, _VERSION)),
            _offer("PUT", _ONE, self.bring, "import", "import/action"),
            _offer("DELETE", _ONE, self.delete, "delete", "delete"),
            _offer("GET", "deletedkeys", self.list_deleted, "list", "read"),
            _offer("GET", "deletedkeys/*", self.get_deleted, "get", "read"),
            _offer("DELETE", "deletedkeys/*", self.purge, "purge", "purge/action"),
            _offer("POST", "deletedkeys/*/recover", self.recover, "recover", "recover/action"),
        ]

    def create(self, call: dataplanecalls.Call) -> messages.Answer:
        properties = {
            "kty": call.body.get("kty"),
            "keySize": call.body.get("key_size"),
            "curveName": call.body.get("crv"),
            "keyOps": call.body.get("key_ops"),
            "attributes": call.body.get("attributes") or {},
        }
        wrong = keystore.problem(properties, name=call.names[0])
        if not wrong and not properties["kty"]:
            wrong = "kty is required"
        self._check(call, wrong=wrong, kty=str(properties["kty"]))
        key = self._life.create(
            call.vault, name=call.names[0], properties=properties, tags=ids.tags(call.body.get("tags"))
        )
        if "import" in key.current.operations and key.current.expires is None:
            key.current.expires = key.current.created + KEY_EXCHANGE_SECONDS
        return self.bundle(call, key, version=key.current)

    def bring(self, call: dataplanecalls.Call) -> messages.Answer:
        """Import a key; one that exists gets a new version of this material."""
        jwk = call.body.get("key") or {}
        material = dataplanecrypto.imported(jwk)
        kty = str(jwk["kty"]).removesuffix("-HSM") + ("-HSM" if call.body.get("Hsm") else "")
        wrong = None if keystore.NAME.fullmatch(call.names[0]) else "the key's name is invalid"
        self._check(call, wrong=wrong, kty=kty)
        properties = {
            "kty": kty,
            "keySize": material.key_size,
            "curveName": jwk.get("crv"),
            "keyOps": jwk.get("key_ops"),
            "attributes": call.body.get("attributes") or {},
        }
        key = self._life.create(
            call.vault, name=call.names[0], properties=properties, tags=ids.tags(call.body.get("tags"))
        )
        self._materials.keep(key.current.version, material)
        return self.bundle(call, key, version=key.current)

    def get(self, call: dataplanecalls.Call) -> messages.Answer:
        key, version = self.found(call)
        return self.bundle(call, key, version=version)

    def index(self, call: dataplanecalls.Call) -> messages.Answer:
        return dataplanecalls.page(
            call,
            {
                name: _item(f"{call.url}/keys/{key.name}", self._described(call, key.current))
                for name, key in call.vault.keys.items()
            },
        )

    def versions(self, call: dataplanecalls.Call) -> messages.Answer:
        """Recorded: in the order of their ids, not of time."""
        key, _ = self.found(call)
        return dataplanecalls.page(
            call,
            {
                name: _item(f"{call.url}/keys/{key.name}/{name}", self._described(call, version))
                for name, version in key.versions.items()
            },
        )

    def update(self, call: dataplanecalls.Call) -> messages.Answer:
        key, version = self.found(call)
        given = call.body.get("attributes") or {}
        self._life.change(version, enabled=given.get("enabled"), expires=given.get("exp"))
        version.not_before = given.get("nbf", version.not_before)
        if call.body.get("key_ops") is not None:
            version.operations = tuple(call.body["key_ops"])
        if call.body.get("tags") is not None:
            version.tags = ids.tags(call.body["tags"])
        return self.bundle(call, key, version=version)

    def _cryptography(self, operation: str) -> dataplanecalls.Handler:
        def perform(call: dataplanecalls.Call) -> messages.Answer:
            key, version = self.found(call)
            self._permits(version, operation=operation)
            result = self._materials.perform(version, operation=operation, body=call.body)
            if operation == "verify":
                return messages.Answer(200, {"value": result})
            return messages.Answer(200, {"kid": _kid(call, key, version=version), "value": result})

        return perform

    def _permits(self, version: keystore.KeyVersion, *, operation: str) -> None:
        if not version.enabled and operation in _STOPPED_BY_DISABLING:
            raise catalogue.refusal("KVD_KEY_DISABLED", operation=operation)
        in_time = version.in_time(self._world.clock.utc().timestamp())
        if not in_time and operation in _STOPPED_BY_DATES:
            raise catalogue.refusal("KVD_KEY_EXPIRED", operation=operation)
        if operation not in version.operations:
            raise catalogue.refusal("KVD_KEY_OPERATION", operation=operation)

    def backup(self, call: dataplanecalls.Call) -> messages.Answer:
        """Answer a blob that this lab alone can read, as Azure's can only Azure."""
        key, _ = self.found(call)
        blob = self._world.hex32()
        self._backups[blob] = copy.deepcopy(key)
        return messages.Answer(200, {"value": blob})

    def restore(self, call: dataplanecalls.Call) -> messages.Answer:
        kept = self._backups.get(str(call.body.get("value")))
        if kept is None:
            raise catalogue.refusal("KVD_BAD_PARAMETER", reason="the backup blob is not of this tenant")
        key = self._life.restore(call.vault, copy.deepcopy(kept))
        return self.bundle(call, key, version=key.current)

    def delete(self, call: dataplanecalls.Call) -> messages.Answer:
        key, _ = self.found(call)
        self._life.delete(call.vault, key)
        return messages.Answer(200, self._deleted(call, key))

    def list_deleted(self, call: dataplanecalls.Call) -> messages.Answer:
        return dataplanecalls.page(
            call,
            {
                name: {
                    **self._deletion(call, key),
                    **_item(f"{call.url}/keys/{key.name}", self._described(call, key.current)),
                }
                for name, key in call.vault.deleted_keys.items()
                if key.settled_at <= self._world.clock.now()
            },
        )

    def get_deleted(self, call: dataplanecalls.Call) -> messages.Answer:
        return messages.Answer(200, self._deleted(call, self._found_deleted(call)))

    def recover(self, call: dataplanecalls.Call) -> messages.Answer:
        key = self._found_deleted(call, acting=True)
        if not key.recovering:
            self._life.recover(call.vault, key)
        return self.bundle(call, key, version=key.current)

    def purge(self, call: dataplanecalls.Call) -> messages.Answer:
        key = self._found_deleted(call, acting=True)
        if call.vault.purge_protection:
            raise catalogue.refusal("KVD_PURGE_PROTECTED", vault=call.vault.name, loc=call.vault.location)
        self._life.purge(call.vault, key)
        return messages.Answer(204)

    def found(self, call: dataplanecalls.Call) -> tuple[keystore.Key, keystore.KeyVersion]:
        """Return the key of a path and its version there, the current one where none is named."""
        name, wanted = call.names[0], call.names[1] if call.names[1:] else ""
        key = call.vault.keys.get(name.lower())
        if key and not wanted:
            return key, key.current
        if key and wanted.lower() in key.versions:
            return key, key.versions[wanted.lower()]
        raise catalogue.refusal("KVD_KEY_NOT_FOUND", name="/".join(filter(None, (name, wanted))))

    def _found_deleted(self, call: dataplanecalls.Call, *, acting: bool = False) -> keystore.Key:
        """Return a deleted key; those who act on one hear more of why not than those who look [R]."""
        name = call.names[0]
        key = call.vault.deleted_keys.get(name.lower())
        if key and key.settled_at <= self._world.clock.now():
            return key
        if acting and key:
            raise catalogue.refusal("KVD_BEING_DELETED", Type="Key", name=name)
        if acting and name.lower() in call.vault.keys:
            raise catalogue.refusal("KVD_NOT_DELETED", Type="Key", name=name)
        raise catalogue.refusal("KVD_DELETED_NOT_FOUND", Type="Key", name=name)

    def _check(self, call: dataplanecalls.Call, *, wrong: str | None, kty: str) -> None:
        if not wrong and kty.endswith("-HSM") and call.vault.sku["name"].lower() != "premium":
            wrong = "HSM keys need a vault of the premium SKU"
        if wrong:
            raise catalogue.refusal("KVD_BAD_PARAMETER", reason=wrong)

    def bundle(self, call: dataplanecalls.Call, key: keystore.Key, *, version: keystore.KeyVersion) -> messages.Answer:
        """Answer a key's version with its public part."""
        return messages.Answer(200, self._bundle(call, key, version=version))

    def _bundle(self, call: dataplanecalls.Call, key: keystore.Key, *, version: keystore.KeyVersion) -> messages.Body:
        jwk = {
            "kid": _kid(call, key, version=version),
            "kty": version.kty,
            "key_ops": list(version.operations),
            **self._materials.public(version),
        }
        return {"key": jwk, **self._described(call, version)}

    def _deleted(self, call: dataplanecalls.Call, key: keystore.Key) -> messages.Body:
        return {**self._deletion(call, key), **self._bundle(call, key, version=key.current)}

    def _deletion(self, call: dataplanecalls.Call, key: keystore.Key) -> messages.Body:
        deleted = int(self._world.clock.utc(key.deleted_at or 0.0).timestamp())
        return {
            "recoveryId": f"{call.url}/deletedkeys/{key.name}",
            "deletedDate": deleted,
            "scheduledPurgeDate": deleted + call.vault.recovery.days * keylife.DAY,
        }

    def _described(self, call: dataplanecalls.Call, version: keystore.KeyVersion) -> messages.Body:
        """Return attributes and tags; later api-versions tell more [R]."""
        shown = attributes(version, recovery=call.vault.recovery, version=call.version)
        if call.version >= _EXPORTABLE_SINCE:
            shown["exportable"] = False
        if call.version >= _PLATFORM_SINCE:
            shown["hsmPlatform"] = "1" if version.kty.endswith("-HSM") else "0"
        return {"attributes": shown, **({"tags": version.tags} if version.tags else {})}


def attributes(
    shown: keystore.KeyVersion, *, recovery: keystore.Recovery, version: dataplanecalls.Version
) -> messages.Body:
    """Return what every object of a vault tells of itself."""
    told: messages.Body = {"enabled": shown.enabled}
    told |= {} if shown.not_before is None else {"nbf": shown.not_before}
    told |= {} if shown.expires is None else {"exp": shown.expires}
    told |= {"created": shown.created, "updated": shown.updated, **recovery.attributes}
    if version < _DAYS_SINCE:
        told.pop("recoverableDays", None)
    return told


def _item(kid: str, described: messages.Body) -> messages.Body:
    return {"kid": kid, **described}


def _kid(call: dataplanecalls.Call, key: keystore.Key, *, version: keystore.KeyVersion) -> str:
    return f"{call.url}/keys/{key.name}/{version.version}"


def _offer(
    method: str, path: str, handler: dataplanecalls.Handler, permission: str, action: str
) -> dataplanecalls.Operation:
    return dataplanecalls.Operation(
        method=method, path=path, handler=handler, area="keys", permission=permission, action=f"keys/{action}"
    )
