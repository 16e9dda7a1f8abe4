"""Role-based access control: role definitions, grants with the time of their effect, decisions."""

import dataclasses
import functools
import importlib.resources
import itertools
import json
import math
import re
from collections.abc import Iterable, Iterator
from typing import Any

OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
KEY_VAULT_ADMINISTRATOR = "00482a5a-887f-4fb3-b363-3b7fe8e74483"
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@functools.cache
def _matcher(patterns: tuple[str, ...]) -> re.Pattern[str] | None:
    """Compile actions with wildcards (`Microsoft.KeyVault/*`) into one expression.

    A `*` between slashes also matches no segment: by `userAssignedIdentities/*/read` the Managed
    Identity Operator reads identities.
    """
    if not patterns:
        return None
    expressions = (re.escape(p).replace(r"/\*/", "/(?:.*/)?").replace(r"\*", ".*") for p in patterns)
    return re.compile("|".join(expressions), re.IGNORECASE)


def _matches(patterns: Iterable[str], *, action: str) -> bool:
    expression = _matcher(tuple(patterns))
    return bool(expression and expression.fullmatch(action))


@dataclasses.dataclass(frozen=True, slots=True)
class RoleDefinition:
    """A role; `body` has the shape that Azure answers, its id without subscription."""

    guid: str
    _: dataclasses.KW_ONLY
    body: dict[str, Any]

    @property
    def name(self) -> str:
        """The role's display name, e.g. `Reader`."""
        return str(self.body["properties"]["roleName"])

    @property
    def type(self) -> str:
        """`BuiltInRole` or `CustomRole`."""
        return str(self.body["properties"]["type"])

    def permits(self, action: str, *, data: bool = False, assigned_role: str = "") -> bool:
        """Tell whether the role permits an action; `assigned_role` is the role that a role assignment names.

        Conditions are understood only if they limit role assignments to listed roles: built-in roles have
        no others.
        """
        included, excluded = ("dataActions", "notDataActions") if data else ("actions", "notActions")
        for permission in self.body["properties"]["permissions"]:
            if not _matches(permission[included], action=action) or _matches(permission[excluded], action=action):
                continue
            condition = permission.get("condition") or ""
            if (
                not condition
                or "/roleassignments/" not in action.lower()
                or action.lower().endswith("/read")
                or assigned_role.lower() in _GUID.findall(condition.lower())
            ):
                return True
        return False


@functools.cache
def definitions() -> dict[str, RoleDefinition]:
    """Return the built-in roles by lower-case guid."""
    text = importlib.resources.files(__package__).joinpath("roles.json").read_text(encoding="utf-8")
    return {body["name"].lower(): RoleDefinition(body["name"], body=body) for body in json.loads(text)}


@dataclasses.dataclass(kw_only=True, slots=True)
class Grant:
    """A role at a scope, in effect from `effective_from` until `effective_to` (simulated seconds)."""

    principal: str
    role: RoleDefinition
    scope: str
    effective_from: float = 0.0
    effective_to: float = math.inf


class AccessControl:
    """Role definitions and grants of the tenant; grants are indexed by principal and scope, for large fleets."""

    def __init__(self) -> None:
        # All roles of the tenant by lower-case guid: built-in and custom.
        self.roles = dict(definitions())
        self._grants: dict[str, dict[str, list[Grant]]] = {}

    def __iter__(self) -> Iterator[Grant]:
        return itertools.chain.from_iterable(map(self.of, self._grants))

    def grant(self, grant: Grant) -> Grant:
        """Add a grant."""
        grants = self._grants.setdefault(grant.principal.lower(), {})
        grants.setdefault(grant.scope.lower().rstrip("/"), []).append(grant)
        return grant

    def of(self, principal: str) -> list[Grant]:
        """Return a principal's grants, those that ended included."""
        return list(itertools.chain.from_iterable(self._grants.get(principal.lower(), {}).values()))

    def allows(
        self,
        principal: str,
        *,
        action: str,
        scope: str,
        now: float,
        data: bool = False,
        assigned_role: str = "",
    ) -> bool:
        """Tell whether a principal may do an action at a scope at this moment."""
        grants = self._grants.get(principal.lower(), {})
        return any(
            grant.effective_from <= now < grant.effective_to
            and grant.role.permits(action, data=data, assigned_role=assigned_role)
            for ancestor in ancestors(scope)
            for grant in grants.get(ancestor, ())
        )


def ancestors(resource_id: str) -> Iterator[str]:
    """Yield an id and every id above it in lower case, "" for the root last."""
    inner = resource_id.lower().rstrip("/")
    while inner:
        yield inner
        inner = inner.rpartition("/")[0]
    yield ""
