"""The token service: discovery, and the client credentials grant with a client assertion or a client secret."""

import base64
import hashlib
import hmac
import json
import urllib.parse
from typing import Any

from acrcmk_lab.azure.arm import timestamps
from acrcmk_lab.azure.arm.messages import Body, Request, Response
from acrcmk_lab.azure.state.directory import Principal
from acrcmk_lab.azure.state.state import State

_DISCOVERY_HOSTS = ("login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net")
"""The hosts of the public cloud's authorities, which instance discovery lists as aliases of each other [R]."""


def _segment(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


class TokenService:
    """Microsoft Entra's token endpoint of the lab: issues tokens, answers discovery."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._secret = state.guid().encode()
        self._assertions: dict[str, str] = {}

    def issue_assertion(self, principal: Principal) -> str:
        """Return the federated assertion with which a principal signs in."""
        assertion = self._sign({"sub": principal.object_id, "aud": "api://AzureADTokenExchange"})
        self._assertions[principal.client_id.lower()] = assertion
        return assertion

    def secret(self, principal: Principal) -> str:
        """Return the client secret with which a principal signs in."""
        mac = hmac.new(self._secret, principal.client_id.lower().encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()

    def issue(self, principal: Principal, *, audience: str) -> str:
        """Return a new access token for a resource such as `https://management.azure.com`."""
        clock = self._state.clock
        lifetime = self._state.settings.token_lifetime
        text = self._sign(
            {
                "aud": audience,
                "iss": f"https://sts.windows.net/{self._state.tenant_id}/",
                "tid": self._state.tenant_id,
                "oid": principal.object_id,
                "sub": principal.object_id,
                "appid": principal.client_id,
                "idtyp": "app",
                "nbf": int(clock.utc().timestamp()),
                "exp": int(clock.utc().timestamp() + lifetime),
                "uti": self._state.guid(),
            }
        )
        self._state.tokens.add(text, principal=principal, audience=audience, lifetime=lifetime)
        return text

    def respond(self, request: Request) -> Response:
        """Respond to a request to the authority: discovery, signing keys or a token."""
        if request.path == "/common/discovery/instance":
            return self._instance_discovery(request.query.get("authorization_endpoint", ""))
        if request.path.endswith("/.well-known/openid-configuration"):
            return Response(200, body=self._discovery(request.path.split("/")[1]))
        if request.path.endswith("/discovery/v2.0/keys"):
            return Response(200, body={"keys": []})
        form = request.body if isinstance(request.body, dict) else {}
        if request.method == "POST" and request.path.endswith("/oauth2/v2.0/token"):
            return self._token(form)
        if request.method == "POST" and request.path.endswith("/oauth2/token"):
            return self._token(form, is_first_version=True)
        return Response(404, body={"error": "invalid_request", "error_description": "AADSTS90002"})

    def _token(self, form: dict[str, Any], *, is_first_version: bool = False) -> Response:
        client = self._state.directory.by_client(str(form.get("client_id", "")))
        if form.get("grant_type") != "client_credentials":
            return self._refuse("unsupported_grant_type", text="AADSTS70003: grant type not supported.")
        if client is None:
            return self._refuse("unauthorized_client", text="AADSTS700016: application not found.")
        problem = self._credential_problem(client, form)
        if problem:
            return self._refuse("invalid_client", text=problem)
        resource = str(form.get("resource", "")) if is_first_version else str(form.get("scope", ""))
        audience = resource.removesuffix("/.default").rstrip("/")
        lifetime = self._state.settings.token_lifetime
        body: Body = {
            "token_type": "Bearer",
            "expires_in": lifetime,
            "ext_expires_in": lifetime,
            "access_token": self.issue(client, audience=audience),
        }
        if is_first_version:
            now = int(self._state.clock.utc().timestamp())
            moments = {
                "expires_in": lifetime,
                "ext_expires_in": lifetime,
                "not_before": now,
                "expires_on": now + lifetime,
            }
            body |= {**{name: str(value) for name, value in moments.items()}, "resource": resource}
        return Response(200, body=body)

    def _credential_problem(self, client: Principal, form: dict[str, Any]) -> str:
        """Return what is wrong with the client's secret or assertion, "" for a right one."""
        if "client_secret" in form:
            if hmac.compare_digest(self.secret(client).encode(), str(form["client_secret"]).encode()):
                return ""
            return (
                "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the"
                f" client secret value, not the client secret ID, for a secret added to app '{client.client_id}'."
            )
        expected = self._assertions.get(client.client_id.lower(), "")
        assertion = str(form.get("client_assertion", ""))
        is_right = bool(expected) and hmac.compare_digest(expected.encode(), assertion.encode())
        return "" if is_right else "AADSTS700211: no matching federated identity."

    def _refuse(self, error: str, *, text: str) -> Response:
        trace = self._state.guid()
        return Response(
            401 if error == "invalid_client" else 400,
            body={
                "error": error,
                "error_description": f"{text} Trace ID: {trace}",
                "timestamp": timestamps.spaced(self._state.clock.utc()),
                "trace_id": trace,
                "correlation_id": self._state.guid(),
            },
        )

    def _instance_discovery(self, authorization_endpoint: str) -> Response:
        """Return where an authority publishes its metadata: for the lab's own host and for the public cloud's."""
        parsed = urllib.parse.urlsplit(authorization_endpoint)
        own = urllib.parse.urlsplit(self._state.url)
        host = (parsed.hostname or "").lower()
        tenant = parsed.path.strip("/").split("/")[0]
        if host not in (own.hostname, "localhost", *_DISCOVERY_HOSTS) or not tenant:
            text = "AADSTS50049: Unknown or invalid instance."
            return self._refuse("invalid_instance", text=text)
        is_public = host in _DISCOVERY_HOSTS
        base = f"https://{host}" if is_public else self._state.url
        aliases = list(_DISCOVERY_HOSTS) if is_public else list(dict.fromkeys([host, own.netloc]))
        return Response(
            200,
            body={
                "tenant_discovery_endpoint": f"{base}/{tenant}/v2.0/.well-known/openid-configuration",
                "api-version": "1.1",
                "metadata": [{"preferred_network": aliases[0], "preferred_cache": aliases[0], "aliases": aliases}],
            },
        )

    def _discovery(self, tenant: str) -> Body:
        base = f"{self._state.url}/{tenant}"
        return {
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "issuer": f"{base}/v2.0",
            "tenant_region_scope": None,
            "cloud_instance_name": "microsoftonline.com",
            "scopes_supported": ["openid"],
            "response_types_supported": ["code", "id_token", "token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_post"],
        }

    def _sign(self, claims: dict[str, object]) -> str:
        text = f"{_segment({'alg': 'HS256', 'typ': 'JWT'})}.{_segment(claims)}"
        mac = hmac.new(self._secret, text.encode(), hashlib.sha256).digest()
        return f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
