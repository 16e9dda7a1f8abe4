"""Fields of a policy rule: common ones, tags, and aliases of properties; read and written."""

import re
from typing import Any

from acrcmk_lab.azure.arm.messages import Body
from acrcmk_lab.azure.services.authorization.policy import expressions

_TAG = re.compile(r"tags(?:\.([^'\[\]]+)|\['?(.*?)'?\])", re.IGNORECASE)
_TOP_LEVEL = ("id", "name", "type", "location", "kind", "tags", "fullname")
_OUTSIDE_PROPERTIES = ("sku", "identity", "zones", "kind")
_SKU_IN_PROPERTIES = "microsoft.keyvault/vaults"
Path = tuple[str, ...]


def path_of(field: str, *, resource_type: str) -> Path | None:
    """Return the way of a field into a resource's body, `[*]` for the elements of a list; None for another type's."""
    tag = _TAG.fullmatch(field)
    if tag:
        return ("tags", tag[1] or tag[2])
    if field.lower() in _TOP_LEVEL or field.lower().startswith("identity."):
        return tuple(field.split("."))
    if not field.lower().startswith(resource_type.lower() + "/"):
        return None
    parts = field[len(resource_type) + 1 :].replace("[*]", ".[*]").split(".")
    is_outside = parts[0].lower() in _OUTSIDE_PROPERTIES
    if is_outside and not (parts[0].lower() == "sku" and resource_type.lower() == _SKU_IN_PROPERTIES):
        return tuple(parts)
    return ("properties", *parts)


def read(body: Any, path: Path) -> list[Any]:
    """Return the values at a path: one, None if it is absent, or one for each element of the lists on the way."""
    if not path:
        return [body]
    if path[0] == "[*]":
        return [value for element in body or [] for value in read(element, path[1:])]
    if len(path) > 1 or not isinstance(body, dict):
        return read(expressions.member(body, path[0]), path[1:])
    return [expressions.member(body, path[0])]


def write(body: Body, path: Path, *, value: Any) -> None:
    """Set the value at a path, creating objects on the way; at `[*]`, add an element."""
    target: Any = body
    for index, name in enumerate(path[:-1]):
        key = _key(target, name)
        if path[index + 1] == "[*]":
            target[key] = [*(target.get(key) or []), value]
            return
        if not isinstance(target.get(key), dict):
            target[key] = {}
        target = target[key]
    target[_key(target, path[-1])] = value


def remove(body: Body, path: Path) -> None:
    """Remove the value at a path, if it is there."""
    target: Any = body
    for name in path[:-1]:
        target = expressions.member(target, name)
    if isinstance(target, dict):
        target.pop(_key(target, path[-1]), None)


def _key(target: Body, name: str) -> str:
    return next((key for key in target if key.lower() == name.lower()), name)
