"""The control API: clock, settings, faults, and changes that others make in Azure.

Every public coroutine of `Control` is a command, from Python and over HTTP: `POST /_sim/{command}`
with a JSON object of its arguments. `GET /_sim` lists the commands; `GET /_sim/state`, `log`,
`settings`, `faults` and `clock` only read.
"""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

import jsonpatch

from acrcmk_lab.azure.arm import errors, ids
from acrcmk_lab.azure.arm.messages import Body, Request, Response
from acrcmk_lab.azure.cloud import Cloud
from acrcmk_lab.azure.control import dump, recipes
from acrcmk_lab.azure.control.faults import Action, Faults, Match, Rule
from acrcmk_lab.azure.services.key_vault.models import Vault
from acrcmk_lab.azure.state import rbac, request_log
from acrcmk_lab.azure.state.rbac import Grant

PREFIX = "/_sim"
SUBSCRIPTION_STATES = ("Enabled", "Warned", "PastDue", "Disabled", "Expired")
_FORM = "application/x-www-form-urlencoded"
API_VERSIONS = {
    "microsoft.resources": "2025-04-01",
    "microsoft.authorization": "2022-04-01",
    "microsoft.managedidentity": "2024-11-30",
    "microsoft.keyvault": "2026-02-01",
    "microsoft.containerregistry": "2025-11-01",
    "microsoft.insights": "2021-05-01-preview",
}


class Control:
    """The commands of the control API."""

    def __init__(self, lab: Cloud) -> None:
        self._lab = lab
        self._state = lab.state
        self.faults = Faults(lab.state.clock)
        lab.response_listeners.append(self.faults.record_response)

    async def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        await self._state.clock.advance(float(seconds))

    async def set(self, **settings: Any) -> None:
        """Change settings by name."""
        for name, value in settings.items():
            self._state.settings.set(name, value=str(value))

    async def fault(
        self,
        *,
        action: Action = "respond",
        match: dict[str, str] | None = None,
        armed_by: dict[str, str] | None = None,
        error: str = "",
        facts: dict[str, str] | None = None,
        status: int = 503,
        headers: dict[str, str] | None = None,
        body: Any = None,
        **options: Any,
    ) -> Rule:
        """Add a fault rule; its response is an error of errors.json, or status, headers and body."""
        response = Response(status, body=body)
        if error:
            response = errors.response(error, unsourced_code=self._state.settings.acr_unsourced_code, **(facts or {}))
        response.headers.update(headers or {})
        return self.faults.add(
            Rule(
                match=Match(**(match or {})),
                action=action,
                response=response,
                armed_by=Match(**armed_by) if armed_by else None,
                **options,
            )
        )

    async def clear_faults(self) -> None:
        """Remove every fault rule."""
        self.faults.rules.clear()

    async def recipe(self, name: str, **arguments: Any) -> None:
        """Set up a named fault of `recipes`."""
        if name not in recipes.RECIPES:
            raise ValueError(f"no recipe {name!r}; there are {', '.join(recipes.RECIPES)}")
        await recipes.RECIPES[name](self, **arguments)

    async def arm(self, method: str, path: str, body: Any = None) -> Response:
        """Call Resource Manager as another user would through the portal, with all its checks."""
        token = self._lab.tokens.issue(self._lab.portal, audience="https://management.azure.com")
        return await self._lab.respond(
            Request(
                method=method,
                path=path,
                query={"api-version": API_VERSIONS[ids.route(path).namespace]},
                headers={"authorization": f"Bearer {token}"},
                body=body,
            )
        )

    async def drift(self, resource: str, patch: list[dict[str, Any]]) -> Response:
        """Change a resource as another user would, by a JSON patch of its body."""
        current = await self.arm("GET", resource)
        if current.code:
            raise ValueError(f"no resource {resource}")
        changed = jsonpatch.apply_patch(current.body, patch)
        if resource.lower().rsplit("/", 2)[-2] == "vaults":
            return await self.arm("PUT", resource, changed)
        return await self.arm("PATCH", resource, _difference(current.body, changed))

    async def add_subscription(self, subscription: str) -> None:
        """Add a subscription by its id; principals with a role at `/` hold it there too."""
        self._lab.add_subscription(subscription)

    async def grant(self, principal: str, role: str, scope: str = "/") -> None:
        """Give a principal (`operator`, or an object id) a role by name or guid, effective now."""
        definition = next(r for r in rbac.definitions().values() if role.lower() in (r.name.lower(), r.guid.lower()))
        self._state.access.grant(Grant(principal=self._object_id(principal), role=definition, scope=scope))

    async def revoke(self, principal: str, role: str = "", scope: str = "") -> None:
        """End a principal's grants now: all, or those of a role, at a scope."""
        for grant in self._state.access.of(self._object_id(principal)):
            if role.lower() in ("", grant.role.name.lower()) and scope.lower() in ("", grant.scope.lower()):
                grant.effective_to = min(grant.effective_to, self._state.clock.now())

    async def trust(self, principal: str, *, trusted: bool = True) -> None:
        """Set whether vault firewalls treat a principal as a trusted Microsoft service."""
        principal_entry = self._state.directory.by_object(self._object_id(principal))
        if principal_entry is None:
            raise ValueError(f"no principal {principal!r}")
        principal_entry.trusted_service = trusted

    async def firewall(self, vault: str, **properties: Any) -> None:
        """Set a vault's `networkAcls` or `publicNetworkAccess`, by its name."""
        response = await self.arm("PATCH", self._vault(vault).id, {"properties": properties})
        if response.code:
            raise ValueError(response.body)

    async def key(self, vault: str, name: str, action: str, *, version: str = "", expires: int | None = None) -> str:
        """Change a key of a vault, both by name; return the id of the affected version.

        `action` is disable, enable or expire (`version`, by default the current one), rotate, delete,
        recover or purge. `expires` is a Unix time; now by default.
        """
        lifecycle, vault_resource = self._lab.vaults.key_lifecycle, self._vault(vault)
        if action in ("recover", "purge"):
            (lifecycle.recover if action == "recover" else lifecycle.purge)(
                vault_resource, vault_resource.deleted_keys[name.lower()]
            )
            return ""
        key = vault_resource.keys[name.lower()]
        key_version = key.versions[version] if version else key.current
        if action == "rotate":
            return lifecycle.rotate(vault_resource, key).version
        if action == "delete":
            lifecycle.delete(vault_resource, key)
        elif action in ("disable", "enable"):
            lifecycle.change(vault_resource, key, version=key_version, attributes={"enabled": action == "enable"})
        elif action == "expire":
            now = int(self._state.clock.utc().timestamp())
            lifecycle.change(
                vault_resource, key, version=key_version, attributes={"exp": now if expires is None else expires}
            )
        else:
            raise ValueError(f"no action {action!r}; there are disable, enable, expire, rotate, delete, recover, purge")
        return key_version.version

    async def rotation_policy(self, vault: str, name: str, policy: dict[str, Any]) -> None:
        """Set the rotation policy of a key."""
        vault_resource = self._vault(vault)
        self._lab.vaults.key_lifecycle.set_policy(vault_resource, vault_resource.keys[name.lower()], policy)

    async def reserve_name(self, name: str) -> None:
        """Reserve a vault or registry name, as if another tenant used it."""
        self._lab.registry.reserved_names.add(name.lower())
        self._lab.vaults.reserved_names.add(name.lower())

    async def subscription_state(self, state: str = "Disabled", subscription: str = "") -> None:
        """Set the state of a subscription, the lab's own by default: Enabled, Warned, PastDue, Disabled or Expired.

        Warned, Disabled and Expired ones are read-only: writes get `ReadOnlyDisabledSubscription`.
        """
        if state not in SUBSCRIPTION_STATES:
            raise ValueError(f"state is one of {', '.join(SUBSCRIPTION_STATES)}, not {state!r}")
        self._state.store.subscription_states[(subscription or self._lab.subscription_id).lower()] = state

    async def drain(self, kind: str = "read") -> None:
        """Empty the throttling buckets of reads, writes or deletes."""
        self._lab.pipeline.throttle.drain(kind=kind)

    async def expire_tokens(self) -> None:
        """Expire every access token now."""
        self._state.tokens.expire_all()

    async def fail_operation(self, code: str = "InternalError", message: str = "Something failed.") -> None:
        """Make the next long-running operation of a registry end as Failed."""
        self._lab.registry.fail_next.append({"code": code, "message": message})

    async def probe(self, registry: str) -> Response:
        """Return what a pull from a registry, by name, would get."""
        return self._lab.login_servers.probe(registry)

    async def clear_log(self) -> None:
        """Clear the log in memory."""
        self._state.log.clear()

    async def respond(self, request: Request) -> Response:
        """Respond to an HTTP request to the control API."""
        name = request.path.removeprefix(PREFIX).strip("/").replace(".", "_")
        if request.method == "GET":
            return self._view(name)
        command = self._commands().get(name)
        if command is None:
            return Response(404, body={"error": f"no command {name!r}", "commands": list(self._commands())})
        try:
            _check_body(request)
            result = await command(**(request.body or {}))
        except (TypeError, ValueError, LookupError, StopIteration, jsonpatch.JsonPatchException) as error:
            return Response(400, body={"error": f"{type(error).__name__}: {error}"})
        if isinstance(result, Response):
            return Response(200, body={"status": result.status, "body": result.body})
        return Response(200, body={"result": result if isinstance(result, str) else None})

    def _view(self, name: str) -> Response:
        views: dict[str, Callable[[], Any]] = {
            "state": lambda: dump.dump(self._lab, faults=self.faults.rules),
            "log": lambda: [request_log.plain(record) for record in self._state.log],
            "settings": self._state.settings.describe,
            "faults": lambda: dump.plain(self.faults.rules),
            "clock": lambda: dump.describe_clock(self._lab),
            "": lambda: {
                "views": [*list(views)[:-1]],
                "commands": {n: str(inspect.signature(c)) for n, c in self._commands().items()},
                "recipes": list(recipes.RECIPES),
            },
        }
        return Response(200, body=views[name]()) if name in views else Response(404, body={"views": list(views)})

    def _commands(self) -> dict[str, Callable[..., Awaitable[Any]]]:
        return {
            name: getattr(self, name)
            for name, member in vars(Control).items()
            if inspect.iscoroutinefunction(member) and not name.startswith("_") and name != "respond"
        }

    def _object_id(self, principal: str) -> str:
        return self._lab.operator.object_id if principal == "operator" else principal

    def _vault(self, name: str) -> Vault:
        vault = self._state.store.by_name(Vault, name)
        if vault is None:
            raise ValueError(f"no vault {name!r}")
        return vault


def _check_body(request: Request) -> None:
    """Check that a command's body is a JSON object or absent; ValueError or TypeError if not."""
    if request.body is None:
        return
    if request.headers.get("content-type", "").lower().startswith(_FORM):
        raise ValueError(f"the body is {_FORM}: send it with -H 'content-type: application/json'")
    if not isinstance(request.body, dict):
        raise TypeError("the body is not a JSON object of the command's arguments")


def _difference(before: Body, after: Body) -> Body:
    """Return the PATCH body of a change: tags, SKU, identity, and the properties that changed."""
    changed: Body = {name: after[name] for name in ("tags", "sku", "identity") if after.get(name) != before.get(name)}
    if "identity" in changed:
        after_identities = (after["identity"] or {}).get("userAssignedIdentities") or {}
        before_identities = (before.get("identity") or {}).get("userAssignedIdentities") or {}
        changed["identity"] = {
            **after["identity"],
            "userAssignedIdentities": {
                **dict.fromkeys(before_identities),
                **{i: after_identities[i] or {} for i in after_identities},
            },
        }
    properties = {
        name: value
        for name, value in after.get("properties", {}).items()
        if value != before.get("properties", {}).get(name)
    }
    return {**changed, **({"properties": properties} if properties else {})}
