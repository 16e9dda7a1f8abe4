"""Microsoft.Resources: subscriptions, resource groups, provider registration, generic lists."""

import functools
import re

from acrcmk_lab.azure.arm import errors, ids, paging, timestamps
from acrcmk_lab.azure.arm.messages import Body, Response
from acrcmk_lab.azure.arm.operations import Call, Handler, Operation
from acrcmk_lab.azure.state.state import State
from acrcmk_lab.azure.state.store import Group, Resource

GROUP = "subscriptions/*/resourcegroups/*"
_COMPARISON = re.compile(r"(\w+)\s+eq\s+'([^']*)'", re.IGNORECASE)
_TAG = re.compile(r"tagName\s+eq\s+'([^']*)'(?:\s+and\s+tagValue\s+eq\s+'([^']*)')?", re.IGNORECASE)
_FILTERABLE = {"resourcetype", "name", "location", "resourcegroup", "tagname", "tagvalue"}

_AUTHORS_SINCE = "2021-04-01"
"""Recorded: lists of 2019-10-01 have no systemData, those of 2021-04-01 have."""


class Resources:
    """The resource provider of the platform itself."""

    namespace = "Microsoft.Resources"
    versions: tuple[str, ...] = ("2021-04-01", "2022-09-01", "2024-11-01", "2025-04-01")

    def __init__(self, state: State, *, namespaces: tuple[str, ...]) -> None:
        self._state = state
        self._namespaces = namespaces
        self._operations: dict[str, float] = {}

    def accepts(self, version: str) -> bool:
        return version >= "2015"

    def headers(self, _call: Call) -> dict[str, str]:
        return {}

    def operations(self) -> list[Operation]:
        ns = "Microsoft.Resources/subscriptions"
        read, write, delete = f"{ns}/resourceGroups/read", f"{ns}/resourceGroups/write", f"{ns}/resourceGroups/delete"
        table: list[tuple[str, str, Handler, str, str]] = [
            ("GET", "subscriptions", self.subscriptions, "", "read"),
            ("GET", "subscriptions/*", self.subscription, f"{ns}/read", "read"),
            ("GET", "subscriptions/*/resourcegroups", self.groups, read, "read"),
            ("GET", GROUP, self.group, read, "read"),
            ("HEAD", GROUP, self.group_exists, read, "read"),
            ("PUT", GROUP, self.put_group, write, "write"),
            ("PATCH", GROUP, self.patch_group, write, "write"),
            ("DELETE", GROUP, self.delete_group, delete, "delete"),
            ("GET", "subscriptions/*/operationresults/*", self.operation_result, f"{ns}/operationresults/read", "read"),
            ("GET", "subscriptions/*/resources", self.list_resources, f"{ns}/resources/read", "read"),
            ("GET", f"{GROUP}/resources", self.list_resources, f"{ns}/resourceGroups/resources/read", "read"),
            ("GET", "subscriptions/*/providers", self.providers, f"{ns}/providers/read", "read"),
            ("GET", "subscriptions/*/providers/*", self.provider, f"{ns}/providers/read", "read"),
            ("POST", "subscriptions/*/providers/*/register", self.register, f"{ns}/providers/register/action", "write"),
        ]
        return [
            Operation(
                method=method,
                template=template,
                handler=handler,
                action=action,
                kind=kind,  # type: ignore[arg-type]
                forbidden="ARM_AUTHZ" if action else "",
            )
            for method, template, handler, action, kind in table
        ]

    async def subscriptions(self, call: Call) -> Response:
        rows = [self._subscription(s) for s in self._state.store.subscriptions.values()]
        return paging.page(call, rows=rows, url=self._state.url)

    async def subscription(self, call: Call) -> Response:
        return Response(200, body=self._subscription(call.names[0]))

    async def groups(self, call: Call) -> Response:
        prefix = f"/subscriptions/{call.route.subscription}/".lower()
        tag = _TAG.search(call.request.query.get("$filter", ""))
        rows = [
            _group_body(group)
            for key, group in self._state.store.groups.items()
            if key.startswith(prefix) and (not tag or _has_tag(group, name=tag[1], value=tag[2]))
        ]
        return paging.page(call, rows=rows, url=self._state.url)

    async def group(self, call: Call) -> Response:
        return Response(200, body=_group_body(self._get_group(call)))

    async def group_exists(self, call: Call) -> Response:
        group = self._state.store.group(call.route.subscription, call.route.group)
        return Response(204) if group else Response(404, headers={"x-ms-failure-cause": "gateway"})

    async def put_group(self, call: Call) -> Response:
        location = str(call.body.get("location") or "")
        existing = self._state.store.group(call.route.subscription, call.route.group)
        if existing is None:
            if not location:
                raise errors.error("ARM_LOCATION_REQUIRED")
            existing = self._state.store.add_group(
                call.route.subscription, name=call.route.group, location=ids.location(location)
            )
            status = 201
        else:
            if location and ids.location(location) != existing.location:
                raise errors.error("ARM_GROUP_LOCATION", other=location, loc=existing.location)
            self._check_not_deleting(existing)
            status = 200
        existing.tags = ids.tags(call.body["tags"]) if call.body.get("tags") is not None else None
        existing.managed_by = call.body.get("managedBy") or existing.managed_by
        return Response(status, body=_group_body(existing))

    async def patch_group(self, call: Call) -> Response:
        group = self._get_group(call)
        if "tags" in call.body:
            group.tags = ids.tags(call.body["tags"])
        return Response(200, body=_group_body(group))

    async def delete_group(self, call: Call) -> Response:
        """Recorded: 202 with Location and Retry-After 15, polled with 202 until 200."""
        group = self._get_group(call)
        group.state = "Deleting"
        end = self._state.log_delay(
            "group_delete", resource=group.id, seconds=self._state.draw(self._state.settings.group_delete)
        )
        operation = self._state.hex32()
        self._operations[operation] = end
        self._state.clock.call_in(end - self._state.clock.now(), callback=lambda: self._state.remove_group(group))
        return self._accepted(call, operation)

    async def operation_result(self, call: Call) -> Response:
        end = self._operations.get(call.names[-1])
        if end is None:
            raise errors.error("ARM_BAD_TYPE", ns=self.namespace, v=call.version)
        return Response(200) if end <= self._state.clock.now() else self._accepted(call, call.names[-1])

    async def list_resources(self, call: Call) -> Response:
        scope = call.route.path.rsplit("/", 1)[0]
        text = call.request.query.get("$filter", "")
        filters = {name.lower(): value for name, value in _COMPARISON.findall(text)}
        if text and (not filters or set(filters) - _FILTERABLE):
            raise errors.error("ARM_BAD_FILTER", filter=text)
        rows = [
            {
                "id": resource.id,
                "name": resource.name,
                "type": resource.TYPE,
                **resource.listed(),
                "location": resource.location,
                "tags": resource.tags,
                **self._created_and_changed(call, resource),
                **self._authors(call, resource),
            }
            for resource in self._state.store.all()
            if resource.TRACKED and ids.within(resource.id, scope=scope) and _matches(resource, filters)
        ]
        return paging.page(call, rows=rows, url=self._state.url, size=1000)

    async def providers(self, call: Call) -> Response:
        rows = [self._provider(call, namespace) for namespace in self._namespaces]
        return paging.page(call, rows=rows, url=self._state.url)

    async def provider(self, call: Call) -> Response:
        return Response(200, body=self._provider(call, call.names[-1]))

    async def register(self, call: Call) -> Response:
        key = (call.route.subscription.lower(), call.names[1].lower())
        states = self._state.store.unregistered
        if states.get(key) == "NotRegistered":
            states[key] = "Registering"
            wait = self._state.draw(self._state.settings.provider_registration)
            self._state.log_delay("provider_registration", resource=call.route.path, seconds=wait)
            self._state.clock.call_in(wait, callback=functools.partial(states.__delitem__, key))
        return Response(200, body=self._provider(call, call.names[1]))

    def _get_group(self, call: Call) -> Group:
        group = self._state.store.group(call.route.subscription, call.route.group)
        if group is None:
            raise errors.error("ARM_RG_NOT_FOUND", rg=call.route.group)
        return group

    def _check_not_deleting(self, group: Group) -> None:
        if group.state == "Deleting":
            raise errors.error("ARM_GROUP_DELETING", rg=group.name)

    def _accepted(self, call: Call, operation: str) -> Response:
        url = (
            f"{self._state.url}/subscriptions/{call.route.subscription}/operationresults/{operation}"
            f"?api-version={call.version}"
        )
        return Response(
            202, body=None, headers={"Location": url, "Retry-After": str(self._state.clock.client_seconds(15))}
        )

    def _subscription(self, subscription: str) -> Body:
        return {
            "id": f"/subscriptions/{subscription}",
            "authorizationSource": "RoleBased",
            "managedByTenants": [],
            "subscriptionId": subscription,
            "tenantId": self._state.tenant_id,
            "displayName": "acrcmk lab",
            "state": self._state.store.subscription_states.get(subscription.lower(), "Enabled"),
            "subscriptionPolicies": {"quotaId": "PayAsYouGo_2014-09-01", "spendingLimit": "Off"},
        }

    def _provider(self, call: Call, namespace: str) -> Body:
        registered_namespace = next((n for n in self._namespaces if n.lower() == namespace.lower()), None)
        if registered_namespace is None:
            raise errors.error("ARM_BAD_NAMESPACE", ns=namespace)
        key = (call.route.subscription.lower(), registered_namespace.lower())
        return {
            "id": f"/subscriptions/{call.route.subscription}/providers/{registered_namespace}",
            "namespace": registered_namespace,
            "resourceTypes": [],
            "registrationState": self._state.store.unregistered.get(key, "Registered"),
            "registrationPolicy": "RegistrationRequired",
        }

    def _authors(self, call: Call, resource: Resource) -> Body:
        if not resource.LISTED_AUTHORS or call.version < _AUTHORS_SINCE:
            return {}
        return {"systemData": resource.system_data(lambda at: timestamps.zulu(self._state.clock.utc(at)))}

    def _created_and_changed(self, call: Call, resource: Resource) -> Body:
        if "createdTime" not in call.request.query.get("$expand", ""):
            return {}
        clock = self._state.clock
        return {
            "createdTime": timestamps.zulu(clock.utc(resource.created)),
            "changedTime": timestamps.zulu(clock.utc(resource.modified)),
        }


def _group_body(group: Group) -> Body:
    """Return a group's body; recorded: without `tags` and `managedBy` if no request had any."""
    return {
        "id": group.id,
        "name": group.name,
        "type": "Microsoft.Resources/resourceGroups",
        "location": group.location,
        **({"managedBy": group.managed_by} if group.managed_by else {}),
        **({"tags": group.tags} if group.tags is not None else {}),
        "properties": {"provisioningState": group.state},
    }


def _has_tag(group: Group, *, name: str, value: str | None) -> bool:
    """Return whether a group has a tag, with a value if that is not None."""
    tags = group.tags or {}
    return name in tags if value is None else tags.get(name) == value


def _matches(resource: Resource, filters: dict[str, str]) -> bool:
    members = {
        "resourcetype": resource.TYPE,
        "name": resource.name,
        "location": resource.location,
        "resourcegroup": ids.group_of(resource.id),
    }
    if "tagname" in filters and filters["tagname"] not in resource.tags:
        return False
    if "tagvalue" in filters and filters["tagvalue"] not in resource.tags.values():
        return False
    return all(members[name].lower() == value.lower() for name, value in filters.items() if name in members)
