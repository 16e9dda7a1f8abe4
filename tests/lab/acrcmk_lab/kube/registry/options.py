"""The options of writes: `CreateOptions`, `UpdateOptions`, `PatchOptions` in one type, and `DeleteOptions`."""

import dataclasses
from typing import Literal, TypeAlias

FieldValidation: TypeAlias = Literal["Ignore", "Warn", "Strict"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class WriteOptions:
    """Options of a create, an update or a patch; the write adds its warnings to `warnings`.

    `uid` is a precondition; `duplicates` are the paths of fields that the body has more than once.
    """

    manager: str = "unknown"
    dry_run: bool = False
    force: bool = False
    validation: FieldValidation = "Warn"
    uid: str | None = None
    duplicates: tuple[str, ...] = ()
    warnings: list[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True, kw_only=True)
class DeleteOptions:
    """Preconditions and propagation policy of a delete."""

    uid: str | None = None
    resource_version: str | None = None
    propagation: str | None = None
    dry_run: bool = False
