"""Parse a Kubernetes object, as JSON data, into typed metadata, spec and status.

The API server has checked the same schema and rules already. They are checked again because a server may hold
objects from before a rule existed, and because its checks can be switched off.
"""

import dataclasses
import datetime
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pydantic

from acrcmk.api import rules
from acrcmk.api.spec import EncryptedRegistrySpec
from acrcmk.api.status import EncryptedRegistryStatus


@dataclasses.dataclass(frozen=True, kw_only=True)
class Header:
    """The metadata and status of an object, which can be read even when the spec is invalid."""

    namespace: str
    name: str
    uid: str
    generation: int
    resource_version: str
    finalizers: tuple[str, ...]
    deletion_timestamp: datetime.datetime | None
    annotations: Mapping[str, str]
    status: EncryptedRegistryStatus


class InvalidSpec(Exception):  # noqa: N818 - named after the reason in conditions
    """The spec violates the schema or a rule; each of the `messages` begins with a field path."""

    def __init__(self, messages: Sequence[str]) -> None:
        super().__init__("; ".join(messages))
        self.messages = tuple(messages)


def header(body: Mapping[str, Any]) -> Header:
    """Read metadata and status; never fails on an object that an API server stored."""
    metadata = body["metadata"]
    deletion = metadata.get("deletionTimestamp")
    return Header(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata.get("uid", ""),
        generation=metadata.get("generation", 0),
        resource_version=metadata.get("resourceVersion", ""),
        finalizers=tuple(metadata.get("finalizers") or ()),
        deletion_timestamp=datetime.datetime.fromisoformat(deletion) if deletion else None,
        annotations=dict(metadata.get("annotations") or {}),
        status=EncryptedRegistryStatus.from_wire(body.get("status") or {}),
    )


def spec(wire: Mapping[str, Any], *, name: str) -> EncryptedRegistrySpec:
    """Read a spec of the object called `name` and check it against schema and rules; raises `InvalidSpec`."""
    try:
        # By way of JSON, since pydantic is strict about types there and still takes arrays and enum values.
        parsed = EncryptedRegistrySpec.model_validate_json(json.dumps(wire), strict=True, by_alias=True, by_name=False)
    except pydantic.ValidationError as error:
        raise InvalidSpec(list(_messages(error))) from None
    broken = rules.broken(parsed, name=name)
    if broken:
        raise InvalidSpec([f"{rule.field}: {rule.message}" for rule in broken])
    return parsed


def _messages(error: pydantic.ValidationError) -> Iterator[str]:
    for detail in error.errors(include_url=False, include_context=True):
        yield f"{_path(detail['loc'])}: {_error_text(detail['type'], detail['msg'])}"


def _path(location: tuple[str | int, ...]) -> str:
    return "spec" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)


def _error_text(kind: str, message: str) -> str:
    match kind:
        case "missing":
            return "is required"
        case "extra_forbidden":
            return "is not a field of this resource"
        case _:
            return message.replace("Input should be", "must be")
