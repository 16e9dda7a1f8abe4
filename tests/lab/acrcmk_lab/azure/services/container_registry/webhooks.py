"""A registry's webhooks; delivery of events is not simulated."""

import dataclasses
from typing import cast

from acrcmk_lab.azure.arm import errors, ids, operations, paging, timestamps
from acrcmk_lab.azure.arm.messages import Body, Response
from acrcmk_lab.azure.arm.operations import Call, Handler, Operation
from acrcmk_lab.azure.services.container_registry import models
from acrcmk_lab.azure.state.state import State
from acrcmk_lab.azure.state.store import Resource

NAMESPACE = models.NAMESPACE
_PUBLIC_PROPERTIES = ("status", "scope", "actions")


@dataclasses.dataclass(kw_only=True)
class Webhook(Resource):
    """A webhook; its address and headers are secrets, which only `getCallbackConfig` returns."""

    TYPE = f"{models.TYPE}/webhooks"
    TRACKED = False

    properties: Body
    service_uri: str = ""
    custom_headers: dict[str, str] = dataclasses.field(default_factory=dict)


class RegistryWebhooks:
    """The operations on webhooks."""

    def __init__(self, state: State) -> None:
        self._state = state

    def operations(self) -> list[Operation]:
        return [
            *operations.crud(
                NAMESPACE,
                path="registries/*/webhooks/*",
                get=self.get,
                put=self.put,
                patch=self.patch,
                delete=self.delete,
            ),
            *operations.crud(NAMESPACE, path="registries/*/webhooks", get=self.index),
            self._action("getCallbackConfig", self.callback),
            self._action("ping", self.ping),
        ]

    async def get(self, call: Call) -> Response:
        models.get_registry(self._state, call)
        return Response(200, body=self._body(self._get_webhook(call), version=call.version))

    async def index(self, call: Call) -> Response:
        registry = models.get_registry(self._state, call)
        webhooks = self._state.store.under(registry.id, kind=Webhook)
        rows = [self._body(webhook, version=call.version) for webhook in webhooks]
        return paging.page(call, rows=rows, url=self._state.url)

    async def put(self, call: Call) -> Response:
        registry = models.get_registry(self._state, call)
        existing = self._state.store.get(Webhook, call.route.path)
        webhook = existing or Webhook(
            id=call.route.path,
            name=call.names[1],
            location=ids.location(str(call.body.get("location") or registry.location)),
            created=self._state.clock.now(),
            created_by=call.caller.author,
            properties={"status": "enabled", "scope": "", "actions": []},
        )
        self._state.store.put(webhook)
        return self._update(call, webhook)

    async def patch(self, call: Call) -> Response:
        return self._update(call, self._get_webhook(call))

    async def delete(self, call: Call) -> Response:
        webhook = self._state.store.get(Webhook, call.route.path)
        if webhook is None:
            return Response(204)
        self._state.store.remove(webhook)
        return Response(200)

    async def callback(self, call: Call) -> Response:
        webhook = self._get_webhook(call)
        headers = {"customHeaders": webhook.custom_headers} if webhook.custom_headers else {}
        return Response(200, body={"serviceUri": webhook.service_uri, **headers})

    async def ping(self, call: Call) -> Response:
        """Return the event's id, as recorded."""
        self._get_webhook(call)
        return Response(200, body={"id": self._state.guid()})

    def _action(self, name: str, handler: Handler) -> Operation:
        return Operation(
            method="POST",
            template=f"{NAMESPACE}/registries/*/webhooks/*/{name}".lower(),
            handler=handler,
            action=f"{Webhook.TYPE}/{name}/action",
            kind="write",
        )

    def _update(self, call: Call, webhook: Webhook) -> Response:
        webhook.modified, webhook.modified_by = self._state.clock.now(), call.caller.author
        properties = call.request.properties()
        if "tags" in call.body:
            webhook.tags = ids.tags(call.body["tags"])
        webhook.properties |= {name: properties[name] for name in _PUBLIC_PROPERTIES if name in properties}
        webhook.service_uri = str(properties.get("serviceUri") or webhook.service_uri)
        webhook.custom_headers = cast("dict[str, str]", properties.get("customHeaders") or webhook.custom_headers)
        return Response(200, body=self._body(webhook, version=call.version))

    def _get_webhook(self, call: Call) -> Webhook:
        # The path of an action goes on behind the webhook's own.
        path = "/".join(call.route.path.split("/")[: call.route.path.split("/").index("webhooks") + 2])
        webhook = self._state.store.get(Webhook, path)
        if webhook is None:
            raise errors.error("ACR_CHILD_NOT_FOUND", name=call.names[1])
        return webhook

    def _body(self, webhook: Webhook, *, version: str) -> Body:
        authors = webhook.system_data(lambda at: timestamps.offset(self._state.clock.utc(at)))
        return {
            "type": webhook.TYPE,
            "id": webhook.id,
            "name": webhook.name,
            "location": webhook.location,
            "tags": webhook.tags,
            **({"systemData": authors} if models.shows("systemData", version=version) else {}),
            "properties": {**webhook.properties, "provisioningState": "Succeeded"},
        }
