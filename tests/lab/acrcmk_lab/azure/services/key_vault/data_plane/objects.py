"""What secrets and certificates have in common: versions are added, changed, kept in backups."""

import copy
from collections.abc import Callable

from acrcmk_lab.azure.arm import errors, ids
from acrcmk_lab.azure.arm.messages import Answer, Body
from acrcmk_lab.azure.services.key_vault import models, soft_delete
from acrcmk_lab.azure.services.key_vault.data_plane.operations import Call
from acrcmk_lab.azure.services.key_vault.soft_delete import SoftDelete
from acrcmk_lab.azure.services.key_vault.vault_objects import ObjectVersion, VaultObject
from acrcmk_lab.azure.services.key_vault.vault_properties import Vault
from acrcmk_lab.azure.state.state import World

Shelf = soft_delete.Shelf[VaultObject]


class Shelves:
    """The objects of one kind in every vault; `missing` is the catalogue's id for one that is not there."""

    def __init__(self, state: World, *, shelf: Callable[[Vault], Shelf], missing: str) -> None:
        self._world = state
        self._shelf = shelf
        self._missing = missing
        self._soft_delete = SoftDelete(state)
        self._backups: dict[str, VaultObject] = {}

    def found(self, call: Call) -> tuple[VaultObject, ObjectVersion]:
        """Return the object of a path and its version there, the current one where none is named."""
        name, wanted = call.names[0], call.names[1] if call.names[1:] else ""
        item = self._shelf(call.vault).live.get(name.lower())
        if item and not wanted:
            return item, item.current
        if item and wanted.lower() in item.versions:
            return item, item.versions[wanted.lower()]
        raise errors.refusal(self._missing, name="/".join(filter(None, (name, wanted))))

    def add(self, call: Call, *, content: Body, attributes: Body | None = None) -> VaultObject:
        """Make an object, or a new current version of one, with the attributes and tags of the request."""
        shelf, name = self._shelf(call.vault), call.names[0]
        if not models.NAME.fullmatch(name):
            raise errors.refusal("KVD_BAD_PARAMETER", reason=f"the name {name} is invalid")
        self._soft_delete.check_free(shelf, name=name)
        given = {**(attributes or {}), **call.attributes}
        now = self._unix()
        version = ObjectVersion(
            version=self._world.hex32(),
            created=now,
            updated=now,
            enabled=given.get("enabled", True) is not False,
            expires=given.get("exp"),
            not_before=given.get("nbf"),
            tags=ids.tags(call.body.get("tags")),
            content=content,
        )
        item = shelf.live.setdefault(name.lower(), VaultObject(name=name))
        item.versions[version.version] = version
        return item

    def update(self, call: Call, *, version: ObjectVersion) -> None:
        """Change a version's attributes and tags as the request asks; what is omitted stays."""
        given = call.attributes
        version.enabled = given.get("enabled", version.enabled)
        version.expires = given.get("exp", version.expires)
        version.not_before = given.get("nbf", version.not_before)
        if call.body.get("tags") is not None:
            version.tags = ids.tags(call.body["tags"])
        version.updated = self._unix()

    def backup(self, call: Call) -> Answer:
        """Answer a blob that this lab alone can read, as Azure's can only Azure."""
        item, _ = self.found(call)
        blob = self._world.hex32()
        self._backups[blob] = copy.deepcopy(item)
        return Answer(200, {"value": blob})

    def restore(self, call: Call) -> VaultObject:
        """Bring an object from a backup; refuses a name that is in use or not free yet."""
        kept = self._backups.get(str(call.body.get("value")))
        if kept is None:
            raise errors.refusal("KVD_BAD_PARAMETER", reason="the backup blob is not of this tenant")
        shelf = self._shelf(call.vault)
        self._soft_delete.check_free(shelf, name=kept.name)
        if kept.name.lower() in shelf.live:
            raise errors.refusal("KVD_RESTORE_CONFLICT", Type=shelf.noun, name=kept.name)
        return shelf.live.setdefault(kept.name.lower(), copy.deepcopy(kept))

    def delete(self, vault: Vault, item: VaultObject) -> None:
        """Delete an object softly."""
        self._soft_delete.delete(self._shelf(vault), item)

    def recover(self, vault: Vault, item: VaultObject) -> None:
        """Begin to bring a deleted object back."""
        self._soft_delete.recover(self._shelf(vault), item)

    def purge(self, vault: Vault, item: VaultObject) -> None:
        """Delete a deleted object for good."""
        self._soft_delete.purge(self._shelf(vault), item)

    def _unix(self) -> int:
        return int(self._world.clock.utc().timestamp())
