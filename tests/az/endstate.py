"""What one way came to in Azure, as flat facts without names, ids and times, so that two can be compared."""

import dataclasses
import json
import re
from collections.abc import Iterator
from typing import Any

from tests.az import walks

VOLATILE = re.compile(
    r"(^|/)(created|modified|updated|(created|modified)_by/.*|author_id|pending_until|policies_effective|effective_from)$"
)
"""Facts about when and by whom; the two never agree on those."""
IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"
_KEY_VERSION = re.compile(r"\b[0-9a-f]{32}\b")

Facts = dict[str, Any]


def of(state: dict[str, Any], names: walks.Names) -> Facts:
    """Return the facts of the resources in a group: `type/path/to/field` to value, lists without order.

    `state` is what the lab's `GET /_sim/state` answers.
    """
    resources = nameless(_resources(state, names), state, names)
    facts = {path: value for one in resources for path, value in _flat(one, one["type"])}
    return {path: value for path, value in facts.items() if not VOLATILE.search(path)}


def differences(left: Facts, right: Facts) -> dict[str, tuple[Any, Any]]:
    """Return the facts that are not the same on both sides, each with both values; None for a lacking one."""
    paths = sorted(left.keys() | right.keys())
    return {path: (left.get(path), right.get(path)) for path in paths if left.get(path) != right.get(path)}


def nameless(document: Any, state: dict[str, Any], names: walks.Names) -> Any:
    """Return a JSON document about a group's resources without names, ids and key versions."""
    text = json.dumps(document)
    for name, meaning in _known(state, names).items():
        text = text.replace(name, meaning)
    return json.loads(_KEY_VERSION.sub("<version>", text))


def _resources(state: dict[str, Any], names: walks.Names) -> list[dict[str, Any]]:
    inside = f"/resourcegroups/{names.group}/".lower()
    return [one for one in state["resources"] if inside in one["id"].lower()]


def _known(state: dict[str, Any], names: walks.Names) -> dict[str, str]:
    """Return what was chosen by hand or drawn by Azure, and what it is."""
    (identity,) = (one for one in _resources(state, names) if one["type"] == IDENTITIES)
    return {
        **{value: f"<{field}>" for field, value in dataclasses.asdict(names).items()},
        identity["principal_id"]: "<principal>",
        identity["client_id"]: "<client>",
        **{one["object_id"]: f"<{one['name']}>" for one in state["principals"] if not one["resource_id"]},
    }


def _flat(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _flat(member, f"{path}/{name}")
    elif isinstance(value, list) and all(isinstance(one, dict) for one in value):
        for one in value:
            yield from _flat(one, f"{path}/{one['objectId']}")
    else:
        yield path, sorted(value) if isinstance(value, list) else value
