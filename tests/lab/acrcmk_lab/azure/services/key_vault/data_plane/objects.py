"""What secrets and certificates have in common: versions, updates, backups."""

import copy
from collections.abc import Callable

from acrcmk_lab.azure.arm import errors, ids
from acrcmk_lab.azure.arm.messages import Body, Response
from acrcmk_lab.azure.services.key_vault import models, soft_delete
from acrcmk_lab.azure.services.key_vault.data_plane import operations
from acrcmk_lab.azure.services.key_vault.data_plane.operations import Call
from acrcmk_lab.azure.services.key_vault.models import ObjectVersion, Vault, VaultObject
from acrcmk_lab.azure.services.key_vault.soft_delete import SoftDelete
from acrcmk_lab.azure.state.state import State

Collection = soft_delete.Collection[VaultObject]


class VersionedObjects:
    """The objects of one kind in every vault; `not_found_error` is the error id for a missing one."""

    def __init__(self, state: State, *, collection: Callable[[Vault], Collection], not_found_error: str) -> None:
        self._state = state
        self._collection = collection
        self._not_found_error = not_found_error
        self._soft_delete = SoftDelete(state)
        self._backups: dict[str, VaultObject] = {}

    def lookup(self, call: Call) -> tuple[VaultObject, ObjectVersion]:
        """Return the object and version of a path, the current version if none is named."""
        name, version_id = call.names[0], call.names[1] if call.names[1:] else ""
        item = self._collection(call.vault).live.get(name.lower())
        if item and not version_id:
            return item, item.current
        if item and version_id.lower() in item.versions:
            return item, item.versions[version_id.lower()]
        raise operations.not_found(self._not_found_error, call=call, name="/".join(filter(None, (name, version_id))))

    def add(self, call: Call, *, content: Body, attributes: Body | None = None) -> VaultObject:
        """Create an object, or a new current version, with the attributes and tags of the request."""
        collection, name = self._collection(call.vault), call.names[0]
        if not models.NAME.fullmatch(name):
            raise errors.error("KVD_BAD_PARAMETER", reason=f"the name {name} is invalid")
        self._soft_delete.check_free(collection, name=name)
        merged = {**(attributes or {}), **call.attributes}
        now = self._unix()
        version = ObjectVersion(
            version=self._state.hex32(),
            created=now,
            updated=now,
            enabled=merged.get("enabled", True) is not False,
            expires=merged.get("exp"),
            not_before=merged.get("nbf"),
            tags=ids.tags(call.body.get("tags")),
            content=content,
        )
        item = collection.live.setdefault(name.lower(), VaultObject(name=name))
        item.versions[version.version] = version
        return item

    def update(self, call: Call, *, version: ObjectVersion) -> None:
        """Change a version's attributes and tags as the request asks; what is omitted stays."""
        attributes = call.attributes
        version.enabled = attributes.get("enabled", version.enabled)
        version.expires = attributes.get("exp", version.expires)
        version.not_before = attributes.get("nbf", version.not_before)
        if call.body.get("tags") is not None:
            version.tags = ids.tags(call.body["tags"])
        version.updated = self._unix()

    def backup(self, call: Call) -> Response:
        """Return a blob that only this lab can restore."""
        item, _ = self.lookup(call)
        blob = self._state.hex32()
        self._backups[blob] = copy.deepcopy(item)
        return Response(200, body={"value": blob})

    def restore(self, call: Call) -> VaultObject:
        """Restore an object from a backup; AzureError for a name that is in use or not free yet."""
        stored = self._backups.get(str(call.body.get("value")))
        if stored is None:
            raise errors.error("KVD_BAD_PARAMETER", reason="Malformed backup blob")
        collection = self._collection(call.vault)
        identifier = f"{call.url}/{collection.noun.lower()}s/{stored.name}/{stored.current.version}"
        self._soft_delete.check_restorable(collection, identifier=identifier, name=stored.name)
        return collection.live.setdefault(stored.name.lower(), copy.deepcopy(stored))

    def delete(self, vault: Vault, item: VaultObject) -> None:
        """Soft-delete an object."""
        self._soft_delete.delete(self._collection(vault), item)

    def recover(self, vault: Vault, item: VaultObject) -> None:
        """Start to recover a deleted object."""
        self._soft_delete.recover(self._collection(vault), item)

    def purge(self, vault: Vault, item: VaultObject) -> None:
        """Purge a deleted object."""
        self._soft_delete.purge(self._collection(vault), item)

    def _unix(self) -> int:
        return int(self._state.clock.utc().timestamp())
