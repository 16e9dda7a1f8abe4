"""Microsoft Graph: the lookups of principals that Azure's tools make.

`az role assignment create --assignee` looks for its assignee here, `az keyvault create` for its own caller.
Graph sees a new identity when role assignments do: after `principal_replication` [X].
"""

import re
from collections.abc import Callable
from typing import Any

from acrcmk_lab.azure.arm import errors, timestamps
from acrcmk_lab.azure.arm.messages import AzureError, Body, Request, Response
from acrcmk_lab.azure.state.directory import Principal
from acrcmk_lab.azure.state.state import State

HOST = "graph.microsoft.com"
AUDIENCE = f"https://{HOST}"
GET_BY_IDS_LIMIT = 1000
_SERVICE_PRINCIPAL_FILTER = re.compile(
    r"(?P<any>servicePrincipalNames/any\((?P<x>\w+):\s*(?P=x)\s+eq\s+'(?P<name>[^']*)'\))"
    r"|(?P<field>appId|id|displayName)\s+eq\s+'(?P<value>[^']*)'",
    re.IGNORECASE,
)
_USER_FILTER = re.compile(r"(?:userPrincipalName|mail)\s+eq\s+'[^']*'", re.IGNORECASE)


class MicrosoftGraph:
    """The service; a caller needs a token for Graph and `reads_directory`."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def respond(self, request: Request, *, correlation_id: str) -> Response:
        """Respond to one request; errors carry Graph's `innerError`."""
        await self._state.clock.sleep(self._state.draw(self._state.settings.read_latency))
        try:
            response = self._handle(request)
        except AzureError as error:
            response = error.response
            response.body["error"]["innerError"] = {
                "date": timestamps.seconds(self._state.clock.utc()).rstrip("Z"),
                "request-id": correlation_id,
                "client-request-id": request.headers.get("client-request-id", correlation_id),
            }
        response.headers["request-id"] = correlation_id
        return response

    def _handle(self, request: Request) -> Response:
        caller = self._caller(request)
        version, _, path = request.path.strip("/").partition("/")
        if version not in ("v1.0", "beta"):
            raise errors.error("GRAPH_BAD_SEGMENT", segment=version)
        if path == "me":
            # Every principal of the lab is an application; "me" means a person.
            raise errors.error("GRAPH_ME")
        if not caller.reads_directory:
            raise errors.error("GRAPH_FORBIDDEN")
        collection, _, rest = path.partition("/")
        handlers: dict[tuple[str, str], Callable[[Request, str], Response]] = {
            ("GET", "servicePrincipals"): self._service_principals,
            ("GET", "users"): self._users,
            ("GET", "directoryObjects"): self._directory_object,
            ("POST", "directoryObjects"): self._get_by_ids,
        }
        handler = handlers.get((request.method, collection))
        if handler is None:
            raise errors.error("GRAPH_BAD_SEGMENT", segment=collection)
        return handler(request, rest)

    def _caller(self, request: Request) -> Principal:
        credentials = request.headers.get("authorization", "").partition(" ")[2]
        token = self._state.tokens.find(credentials)
        if token is None:
            raise errors.error("GRAPH_TOKEN_EMPTY" if not credentials else "GRAPH_TOKEN_INVALID")
        if token.audience.rstrip("/") != AUDIENCE:
            raise errors.error("GRAPH_TOKEN_AUDIENCE")
        if token.expired:
            raise errors.error("GRAPH_TOKEN_EXPIRED")
        return token.principal

    def _service_principals(self, request: Request, rest: str) -> Response:
        if rest:
            return Response(200, body=_with_context("servicePrincipals/$entity", _body(self._get_principal(rest))))
        text = request.query.get("$filter", "")
        match = _SERVICE_PRINCIPAL_FILTER.fullmatch(text.strip())
        if text and match is None:
            raise errors.error("GRAPH_BAD_FILTER", property=_property(text), resource="ServicePrincipal")
        rows = [body for body in map(_body, self._visible()) if match is None or _selected(body, match)]
        return Response(200, body=_with_context("servicePrincipals", {"value": rows}))

    def _users(self, request: Request, rest: str) -> Response:
        """List users: the lab's directory has none."""
        if rest:
            raise errors.error("GRAPH_NOT_FOUND", id=rest)
        text = request.query.get("$filter", "")
        if text and not _USER_FILTER.fullmatch(text.strip()):
            raise errors.error("GRAPH_BAD_FILTER", property=_property(text), resource="User")
        return Response(200, body=_with_context("users", {"value": []}))

    def _directory_object(self, _: Request, rest: str) -> Response:
        return Response(200, body=_with_context("directoryObjects/$entity", _typed_body(self._get_principal(rest))))

    def _get_by_ids(self, request: Request, rest: str) -> Response:
        """Return the objects that exist and have a requested type; unknown ids are skipped [D]."""
        if rest.lower() not in ("getbyids", "microsoft.graph.getbyids"):
            raise errors.error("GRAPH_BAD_SEGMENT", segment=rest)
        body = request.body if isinstance(request.body, dict) else {}
        requested_ids, types = body.get("ids"), body.get("types") or ["directoryObject"]
        if not isinstance(requested_ids, list) or not 0 < len(requested_ids) <= GET_BY_IDS_LIMIT:
            raise errors.error("GRAPH_BAD_IDS")
        ids = {str(principal).lower() for principal in requested_ids}
        includes_principals = "directoryObject" in types or "servicePrincipal" in types
        rows = [
            _typed_body(principal)
            for principal in self._visible()
            if includes_principals and principal.object_id.lower() in ids
        ]
        return Response(200, body=_with_context("directoryObjects", {"value": rows}))

    def _visible(self) -> list[Principal]:
        now = self._state.clock.now()
        return [principal for principal in self._state.directory if principal.visible_at <= now]

    def _get_principal(self, object_id: str) -> Principal:
        principal = self._state.directory.by_object(object_id)
        if principal is None or principal.visible_at > self._state.clock.now():
            raise errors.error("GRAPH_NOT_FOUND", id=object_id)
        return principal


def _property(text: str) -> str:
    return re.split(r"[\s/(]", text.strip(), maxsplit=1)[0]


def _selected(body: Body, match: re.Match[str]) -> bool:
    if match["any"]:
        return match["name"].lower() in (name.lower() for name in body["servicePrincipalNames"])
    field = {"appid": "appId", "id": "id", "displayname": "displayName"}[match["field"].lower()]
    return bool(body[field].lower() == match["value"].lower())


def _body(principal: Principal) -> Body:
    managed = principal.resource_id
    return {
        "id": principal.object_id,
        "deletedDateTime": None,
        "accountEnabled": True,
        "alternativeNames": ["isExplicit=True", managed] if managed else [],
        "appId": principal.client_id,
        "displayName": principal.name,
        "servicePrincipalNames": [principal.client_id],
        "servicePrincipalType": "ManagedIdentity" if managed else "Application",
    }


def _typed_body(principal: Principal) -> Body:
    return {"@odata.type": "#microsoft.graph.servicePrincipal", **_body(principal)}


def _with_context(of: str, body: Body) -> dict[str, Any]:
    return {"@odata.context": f"{AUDIENCE}/v1.0/$metadata#{of}", **body}
