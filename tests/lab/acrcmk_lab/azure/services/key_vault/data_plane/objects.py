"""What secrets and certificates have in common: versions are added, changed, kept in backups."""

import copy
from collections.abc import Callable

from acrcmk_lab.azure.arm import errors, ids, messages
from acrcmk_lab.azure.services.key_vault import models, soft_delete, vault_objects, vault_properties
from acrcmk_lab.azure.services.key_vault.data_plane import operations
from acrcmk_lab.azure.state import state

Shelf = soft_delete.Shelf[vault_objects.VaultObject]


class Shelves:
    """The objects of one kind in every vault; `missing` is the catalogue's id for one that is not there."""

    def __init__(self, state: state.World, *, shelf: Callable[[vault_properties.Vault], Shelf], missing: str) -> None:
        self._world = state
        self._shelf = shelf
        self._missing = missing
        self._soft_delete = soft_delete.SoftDelete(state)
        self._backups: dict[str, vault_objects.VaultObject] = {}

    def found(self, call: operations.Call) -> tuple[vault_objects.VaultObject, vault_objects.ObjectVersion]:
        """Return the object of a path and its version there, the current one where none is named."""
        name, wanted = call.names[0], call.names[1] if call.names[1:] else ""
        item = self._shelf(call.vault).live.get(name.lower())
        if item and not wanted:
            return item, item.current
        if item and wanted.lower() in item.versions:
            return item, item.versions[wanted.lower()]
        raise errors.refusal(self._missing, name="/".join(filter(None, (name, wanted))))

    def add(
        self, call: operations.Call, *, content: messages.Body, attributes: messages.Body | None = None
    ) -> vault_objects.VaultObject:
        """Make an object, or a new current version of one, with the attributes and tags of the request."""
        shelf, name = self._shelf(call.vault), call.names[0]
        if not models.NAME.fullmatch(name):
            raise errors.refusal("KVD_BAD_PARAMETER", reason=f"the name {name} is invalid")
        self._soft_delete.check_free(shelf, name=name)
        given = {**(attributes or {}), **call.attributes}
        now = self._unix()
        version = vault_objects.ObjectVersion(
            version=self._world.hex32(),
            created=now,
            updated=now,
            enabled=given.get("enabled", True) is not False,
            expires=given.get("exp"),
            not_before=given.get("nbf"),
            tags=ids.tags(call.body.get("tags")),
            content=content,
        )
        item = shelf.live.setdefault(name.lower(), vault_objects.VaultObject(name=name))
        item.versions[version.version] = version
        return item

    def update(self, call: operations.Call, *, version: vault_objects.ObjectVersion) -> None:
        """Change a version's attributes and tags as the request asks; what is omitted stays."""
        given = call.attributes
        version.enabled = given.get("enabled", version.enabled)
        version.expires = given.get("exp", version.expires)
        version.not_before = given.get("nbf", version.not_before)
        if call.body.get("tags") is not None:
            version.tags = ids.tags(call.body["tags"])
        version.updated = self._unix()

    def backup(self, call: operations.Call) -> messages.Answer:
        """Answer a blob that this lab alone can read, as Azure's can only Azure."""
        item, _ = self.found(call)
        blob = self._world.hex32()
        self._backups[blob] = copy.deepcopy(item)
        return messages.Answer(200, {"value": blob})

    def restore(self, call: operations.Call) -> vault_objects.VaultObject:
        """Bring an object from a backup; refuses a name that is in use or not free yet."""
        kept = self._backups.get(str(call.body.get("value")))
        if kept is None:
            raise errors.refusal("KVD_BAD_PARAMETER", reason="the backup blob is not of this tenant")
        shelf = self._shelf(call.vault)
        self._soft_delete.check_free(shelf, name=kept.name)
        if kept.name.lower() in shelf.live:
            raise errors.refusal("KVD_RESTORE_CONFLICT", Type=shelf.noun, name=kept.name)
        return shelf.live.setdefault(kept.name.lower(), copy.deepcopy(kept))

    def delete(self, vault: vault_properties.Vault, item: vault_objects.VaultObject) -> None:
        """Delete an object softly."""
        self._soft_delete.delete(self._shelf(vault), item)

    def recover(self, vault: vault_properties.Vault, item: vault_objects.VaultObject) -> None:
        """Begin to bring a deleted object back."""
        self._soft_delete.recover(self._shelf(vault), item)

    def purge(self, vault: vault_properties.Vault, item: vault_objects.VaultObject) -> None:
        """Delete a deleted object for good."""
        self._soft_delete.purge(self._shelf(vault), item)

    def _unix(self) -> int:
        return int(self._world.clock.utc().timestamp())
