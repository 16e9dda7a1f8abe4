"""Azure resource ids and ARM paths: compared without case, echoed as sent."""

import dataclasses
import functools
import re
from typing import Any

RESOURCES = "microsoft.resources"
_GROUP = re.compile(r"^/subscriptions/([^/]+)/resourcegroups/([^/]+)", re.IGNORECASE)
_SUBSCRIPTION = re.compile(r"^/subscriptions/([^/]+)", re.IGNORECASE)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """The parts of an ARM path.

    `template` is the path in lower case with `*` for names: `microsoft.keyvault/vaults/*/keys`,
    or `subscriptions/*/resourcegroups/*` for the platform's own. `names` are the parts in place of
    `*`, in their own case. `scope` is all before the last `/providers/`, "" for the tenant.
    """

    path: str
    scope: str
    subscription: str
    group: str
    namespace: str
    template: str
    names: tuple[str, ...]

    @property
    def typed(self) -> str:
        """The resource type of the path, lower case, without namespace: `vaults/keys`."""
        return "/".join(part for part in self.template.split("/")[1:] if part != "*")


@functools.lru_cache(maxsize=8192)
def route(path: str) -> Route:
    """Parse an ARM path."""
    path = path.rstrip("/")
    cut = path.lower().rfind("/providers/")
    scope = path[:cut] if cut >= 0 else path
    rest = path[cut + len("/providers/") :].split("/") if cut >= 0 else []
    # /subscriptions/{s}/providers/{ns}[/register] belongs to the platform, not to the provider.
    if (cut >= 0 and len(rest) == 1) or (rest[1:] and rest[-1].lower() in ("register", "unregister")):
        return _platform(path)
    if not rest:
        return _platform(path)
    shape = [rest[0].lower(), *(part.lower() if i % 2 == 0 else "*" for i, part in enumerate(rest[1:]))]
    return Route(
        path=path,
        scope=scope,
        subscription=subscription_of(scope),
        group=group_of(scope),
        namespace=rest[0].lower(),
        template="/".join(shape),
        names=tuple(rest[2::2]),
    )


def _platform(path: str) -> Route:
    parts = path.strip("/").split("/")
    shape = [part.lower() if i % 2 == 0 else "*" for i, part in enumerate(parts)]
    return Route(
        path=path,
        scope=path,
        subscription=subscription_of(path),
        group=group_of(path),
        namespace=RESOURCES,
        template="/".join(shape),
        names=tuple(parts[1::2]),
    )


def subscription_of(resource_id: str) -> str:
    """Return the subscription in an id or path, "" without one."""
    match = _SUBSCRIPTION.match(resource_id)
    return match[1] if match else ""


def group_of(resource_id: str) -> str:
    """Return the resource group's name in an id or path, "" without one."""
    match = _GROUP.match(resource_id)
    return match[2] if match else ""


def name_of(resource_id: str) -> str:
    """Return an id's last part."""
    return resource_id.rstrip("/").rsplit("/", 1)[-1]


def within(resource_id: str, *, scope: str) -> bool:
    """Tell whether a resource id is at or under a scope; the root scope is `/`."""
    inner, outer = resource_id.lower().rstrip("/"), scope.lower().rstrip("/")
    return inner == outer or inner.startswith(outer + "/")


def location(name: str) -> str:
    """Return a location the way Azure normalises it: `West Europe` is `westeurope`."""
    return re.sub(r"[\s_-]", "", name).lower()


def tags(value: Any) -> dict[str, str]:
    """Return the tags of a body, empty for null."""
    return dict(value) if isinstance(value, dict) else {}
