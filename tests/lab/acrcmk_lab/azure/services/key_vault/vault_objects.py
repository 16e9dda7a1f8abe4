"""The secrets and certificates of a vault: versions with attributes, tags and a content of their own."""

import dataclasses

from acrcmk_lab.azure.arm.messages import Body
from acrcmk_lab.azure.services.key_vault.soft_delete import Item


@dataclasses.dataclass(kw_only=True)
class ObjectVersion:
    """One version; moments are Unix times in seconds, `content` is what the kind of object tells of itself."""

    version: str
    created: int
    updated: int
    enabled: bool = True
    expires: int | None = None
    not_before: int | None = None
    tags: dict[str, str] = dataclasses.field(default_factory=dict)
    content: Body = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(kw_only=True)
class VaultObject(Item):
    """A secret or certificate with its versions in the order of their creation, the current one last."""

    versions: dict[str, ObjectVersion] = dataclasses.field(default_factory=dict)

    @property
    def current(self) -> ObjectVersion:
        """The newest version."""
        return next(reversed(self.versions.values()))
