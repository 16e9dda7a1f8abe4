"""Microsoft.Insights: the diagnostic settings of any resource, as recorded.

The lab has no workspaces, storage accounts and event hubs: destinations are assumed to exist, unless
the setting `diagnostics_workspace` says otherwise. Documented: the settings of a deleted resource stay, and
apply again to a new resource of the same name.
"""

import dataclasses
from typing import Any

from acrcmk_lab.azure.arm import errors, ids, operations, paging, throttle
from acrcmk_lab.azure.arm.ids import Route
from acrcmk_lab.azure.arm.messages import AzureError, Body, Response
from acrcmk_lab.azure.arm.operations import Call, Operation
from acrcmk_lab.azure.arm.throttle import Admission, Windows
from acrcmk_lab.azure.state.state import State
from acrcmk_lab.azure.state.store import Resource

NAMESPACE = "Microsoft.Insights"
VERSIONS = ("2016-09-01", "2017-05-01-preview", "2021-05-01-preview")
_DEFAULTS: Body = {
    "storageAccountId": None,
    "serviceBusRuleId": None,
    "workspaceId": None,
    "eventHubAuthorizationRuleId": None,
    "eventHubName": None,
    "metrics": [],
    "logs": [],
    "logAnalyticsDestinationType": None,
}
"""Recorded: every property is in the body, in this order, null if it was never set."""
_SINKS = (
    "storageAccountId",
    "serviceBusRuleId",
    "workspaceId",
    "eventHubAuthorizationRuleId",
    "marketplacePartnerId",
)
_CATEGORIES: dict[str, tuple[tuple[str, str], ...]] = {
    "microsoft.containerregistry/registries/*": (
        ("ContainerRegistryRepositoryEvents", "Logs"),
        ("ContainerRegistryLoginEvents", "Logs"),
        ("AllMetrics", "Metrics"),
    ),
    "microsoft.keyvault/vaults/*": (
        ("AuditEvent", "Logs"),
        ("AzurePolicyEvaluationDetails", "Logs"),
        ("AllMetrics", "Metrics"),
    ),
    "microsoft.network/networksecuritygroups/*": (
        ("NetworkSecurityGroupEvent", "Logs"),
        ("NetworkSecurityGroupRuleCounter", "Logs"),
    ),
}
"""Documented, for security groups recorded: the categories by resource type. Other types have none in the lab."""
_NOT_RETAINED = {"enabled": False, "days": 0}
_LOG: Body = {"category": None, "categoryGroup": None, "enabled": False, "retentionPolicy": _NOT_RETAINED}
_METRIC: Body = {"category": None, "enabled": False, "retentionPolicy": _NOT_RETAINED}


@dataclasses.dataclass(kw_only=True)
class DiagnosticSetting(Resource):
    """Which logs and metrics of a resource go where; `properties` as they are answered."""

    TYPE = f"{NAMESPACE}/diagnosticSettings"
    TRACKED = False

    properties: Body = dataclasses.field(default_factory=dict)


class Diagnostics:
    """The provider of diagnostic settings; `namespaces` are those of which the lab knows every resource."""

    namespace = NAMESPACE
    versions: tuple[str, ...] = VERSIONS

    def __init__(self, state: State, *, namespaces: tuple[str, ...]) -> None:
        self._state = state
        self._namespaces = {namespace.lower() for namespace in namespaces} - {ids.RESOURCES}
        self._windows = Windows()

    def accepts(self, version: str) -> bool:
        return version >= VERSIONS[0]

    def headers(self, _call: Call) -> dict[str, str]:
        return {}

    def operations(self) -> list[Operation]:
        operations_of_crud = [
            *operations.crud(NAMESPACE, path="diagnosticSettings/*", get=self.get, put=self.put, delete=self.delete),
            *operations.crud(NAMESPACE, path="diagnosticSettings", get=self.index),
            *operations.crud(NAMESPACE, path="diagnosticSettingsCategories", get=self.list_categories),
            *operations.crud(NAMESPACE, path="diagnosticSettingsCategories/*", get=self.get_category),
        ]
        return [
            dataclasses.replace(operation, admit=self.admit, throttled="ARM_THROTTLE_RESOURCE")
            for operation in operations_of_crud
        ]

    def admit(self, *, subscription: str, principal: str, kind: str, now: float) -> Admission:
        """Count one call; recorded: a limit of its own, with its own header."""
        size, seconds = self._state.settings.diagnostics_requests, self._state.settings.diagnostics_interval
        window = self._windows.take(f"{subscription}/{principal}/{kind}", now=now, size=size, seconds=seconds)
        return Admission(
            allowed=window.allowed,
            retry_after=window.retry_after(now),
            headers={"x-ms-ratelimit-remaining-subscription-resource-requests": str(window.left)},
            facts={"limit": str(size), "interval": throttle.span(seconds)},
        )

    async def get(self, call: Call) -> Response:
        self._check_target_exists(call)
        setting = self._state.store.get(DiagnosticSetting, call.route.path)
        if setting is None:
            raise errors.error("INSIGHTS_NOT_FOUND", name=call.names[0])
        return Response(200, body=_body(setting))

    async def index(self, call: Call) -> Response:
        self._check_target_exists(call)
        return paging.page(call, rows=[_body(setting) for setting in self._settings_of(call)], url=self._state.url)

    async def list_categories(self, call: Call) -> Response:
        """List the categories of logs and metrics that a resource has."""
        self._check_target_exists(call)
        return paging.page(call, rows=_categories(call), url=self._state.url)

    async def get_category(self, call: Call) -> Response:
        self._check_target_exists(call)
        name = call.names[0]
        category = next((row for row in _categories(call) if row["name"].lower() == name.lower()), None)
        if category is None:
            raise errors.error("INSIGHTS_NOT_FOUND", name=name)
        return Response(200, body=category)

    async def put(self, call: Call) -> Response:
        self._check_target_exists(call)
        properties = _with_defaults(call.request.properties())
        self._check_sinks(properties)
        self._check_sinks_unshared(call, properties)
        # Recorded: all of the target's id in lower case, then the type and the name as they are.
        setting = DiagnosticSetting(
            id=f"{call.route.scope.lower()}/providers/microsoft.insights/diagnosticSettings/{call.names[0]}",
            name=call.names[0],
            location="",
            properties=properties,
        )
        self._state.store.put(setting)
        return Response(200, body=_body(setting))

    async def delete(self, call: Call) -> Response:
        setting = self._state.store.get(DiagnosticSetting, call.route.path)
        if setting is None:
            return Response(204)
        self._state.store.remove(setting)
        return Response(200)

    def _settings_of(self, call: Call) -> list[DiagnosticSetting]:
        """Return the settings of the path's target itself, not of its children."""
        prefix = f"{call.route.scope}/providers/{DiagnosticSetting.TYPE}"
        return self._state.store.under(prefix, kind=DiagnosticSetting)

    def _check_target_exists(self, call: Call) -> None:
        """Check that the target exists; resources of other providers are assumed to exist."""
        target = ids.route(call.route.scope)
        if target.namespace in self._namespaces and target.names and self._state.store.find(target.path) is None:
            raise _not_found(target)

    def _check_sinks(self, properties: Body) -> None:
        sinks = {name: str(properties[name]) for name in _SINKS if properties.get(name)}
        if not sinks:
            raise errors.error("INSIGHTS_NO_SINK")
        for name, sink in sinks.items():
            if not sink.lower().startswith(("/subscriptions/", "/providers/")):
                raise errors.error("INSIGHTS_BAD_SINK", id=sink, path=f"properties.{name}")
        missing = self._state.settings.diagnostics_workspace
        if "workspaceId" in sinks and missing == "404":
            raise _not_found(ids.route(sinks["workspaceId"]))
        if "workspaceId" in sinks and missing == "400":
            raise errors.error("INSIGHTS_WORKSPACE_MISSING", id=sinks["workspaceId"])

    def _check_sinks_unshared(self, call: Call, properties: Body) -> None:
        """Check that no other setting of the resource sends the same category to the same sink."""
        routes = _routes(properties)
        for existing in self._settings_of(call):
            shared_routes = routes & _routes(existing.properties)
            if existing.name.lower() != call.names[0].lower() and shared_routes:
                sink, category = min(shared_routes)
                raise errors.error("INSIGHTS_SINK_REUSED", sink=sink, name=existing.name, category=category)


def _with_defaults(requested: Body) -> Body:
    defaults = {**_DEFAULTS, "marketplacePartnerId": None} if requested.get("marketplacePartnerId") else _DEFAULTS
    properties = {
        name: requested[name] if requested.get(name) is not None else absent for name, absent in defaults.items()
    }
    properties["logs"] = [_LOG | category for category in properties["logs"]]
    properties["metrics"] = [_METRIC | category for category in properties["metrics"]]
    return properties


def _routes(properties: Body) -> set[tuple[str, str]]:
    """Return which category goes where: pairs of sink and category or category group."""
    streams: list[dict[str, Any]] = [*properties["logs"], *properties["metrics"]]
    categories = [str(stream["category"] or stream.get("categoryGroup")) for stream in streams if stream["enabled"]]
    return {(properties[name], category) for name in _SINKS if properties.get(name) for category in categories}


def _body(setting: DiagnosticSetting) -> Body:
    return {
        "id": setting.id,
        "type": setting.TYPE,
        "name": setting.name,
        "location": None,
        "kind": None,
        "tags": None,
        "properties": setting.properties,
        "identity": None,
    }


def _categories(call: Call) -> list[Body]:
    """Return the categories of the path's target; recorded: everything but the name in lower case."""
    target = call.route.scope.lower()
    return [
        {
            "id": f"{target}/providers/microsoft.insights/diagnosticSettingsCategories/{name}",
            "type": "microsoft.insights/diagnosticSettingsCategories",
            "name": name,
            "location": None,
            "kind": None,
            "tags": None,
            "properties": {"categoryType": kind},
            "identity": None,
        }
        for name, kind in _CATEGORIES.get(ids.route(call.route.scope).template, ())
    ]


def _not_found(route: Route) -> AzureError:
    parts = route.path[len(route.scope) :].strip("/").split("/")
    return errors.error(
        "ARM_RESOURCE_NOT_FOUND",
        provider=parts[1] if len(parts) > 1 else "",
        type=route.typed,
        name="/".join(route.names),
        rg=route.group,
    )
