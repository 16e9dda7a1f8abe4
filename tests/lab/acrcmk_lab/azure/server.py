"""The lab's Azure over TLS, as a context manager."""

import asyncio
import json
import pathlib
import tempfile
import types
import urllib.parse
from typing import Any, Self

from aiohttp import web

from acrcmk_lab.azure.arm import errors, hosts, ids
from acrcmk_lab.azure.arm.messages import Request, Response
from acrcmk_lab.azure.cloud import Cloud
from acrcmk_lab.azure.control import api
from acrcmk_lab.azure.control.api import Control
from acrcmk_lab.azure.proxy import Proxy
from acrcmk_lab.azure.state.clock import Clock
from acrcmk_lab.azure.state.request_log import Log
from acrcmk_lab.azure.state.settings import Settings
from acrcmk_lab.certificates import Authority

HOST = "127.0.0.1"
MAX_BODY_BYTES = 4 * 1024 * 1024
_ENCODER = json.JSONEncoder(separators=(",", ":"))


class AzureLab:
    """Azure on one port of this machine, for as long as the context lasts.

    Without arguments its clock stands still and its requests take no time: advance the clock with
    `await lab.clock.advance(seconds)`. `groups` are resource groups to begin with, `NAME[:LOCATION]`.
    `folder` holds `ca.pem`, the operator's federated token (`token`) and client secret (`client-secret`), and the
    federated token of a person with `az` (`person-token`); a temporary one by default. A second port is a proxy for
    Azure's own host names.
    """

    def __init__(
        self,
        *,
        time: Clock | None = None,
        settings: Settings | None = None,
        seed: int = 0,
        port: int = 0,
        folder: pathlib.Path | None = None,
        groups: tuple[str, ...] = (),
        log: Log | None = None,
    ) -> None:
        self.clock = time or Clock()
        self.settings = settings or (Settings() if self.clock.speed else Settings.without_latency())
        self.log = log or Log()
        self.cloud = Cloud(time=self.clock, settings=self.settings, log=self.log, seed=seed)
        self.control = Control(self.cloud)
        self._port = port
        self._temporary = None if folder else tempfile.TemporaryDirectory(prefix="acrcmk-lab-azure-")
        self.folder = folder or pathlib.Path(self._temporary.name if self._temporary else "")
        self._runner: web.ServerRunner | None = None
        self._proxy: Proxy | None = None
        self.proxy_url = ""
        self._closing = asyncio.Event()
        for group in groups:
            self.add_group(group)

    @property
    def url(self) -> str:
        """The endpoint of Resource Manager and of the token service."""
        return self.cloud.state.url

    @property
    def ca_file(self) -> pathlib.Path:
        """The certificate authority that clients must trust, PEM."""
        return self.folder / "ca.pem"

    @property
    def subscription_id(self) -> str:
        """The lab's first subscription."""
        return self.cloud.subscription_id

    def add_group(self, group: str) -> None:
        """Create a resource group given as `NAME[:LOCATION]`."""
        name, _, location = group.partition(":")
        self.cloud.state.store.add_group(
            self.subscription_id, name=name, location=ids.location(location) or self.settings.region
        )

    def environment(self) -> dict[str, str]:
        """Return the environment variables that an operator needs to use the lab, and what `az-env` needs."""
        return {
            "AZURE_TENANT_ID": self.cloud.state.tenant_id,
            "AZURE_CLIENT_ID": self.cloud.operator.client_id,
            "AZURE_FEDERATED_TOKEN_FILE": str(self.folder / "token"),
            "AZURE_AUTHORITY_HOST": self.url,
            "ACRCMK_RESOURCE_MANAGER": self.url,
            "ACRCMK_CA_BUNDLE": str(self.ca_file),
            "ACRCMK_SUBSCRIPTION_ID": self.subscription_id,
            "ACRCMK_LAB_PROXY": self.proxy_url,
            "ACRCMK_LAB_CLIENT_SECRET_FILE": str(self.folder / "client-secret"),
            "ACRCMK_LAB_PERSON_ID": self.cloud.person.client_id,
            "ACRCMK_LAB_PERSON_TOKEN_FILE": str(self.folder / "person-token"),
        }

    async def __aenter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        authority = Authority()
        authority.write_root(self.ca_file)
        self._write_secret("token", secret=self.cloud.assertion)
        self._write_secret("person-token", secret=self.cloud.person_assertion)
        self._write_secret("client-secret", secret=self.cloud.tokens.secret(self.cloud.operator))
        self._runner = web.ServerRunner(web.Server(self._handle, access_log=None))
        await self._runner.setup()
        context = authority.many_hosts_context(HOST, "localhost", answers_for=hosts.is_azure_host)
        await web.TCPSite(self._runner, HOST, self._port, ssl_context=context).start()
        port = self._runner.addresses[0][1]
        self.cloud.state.url = f"https://{HOST}:{port}"
        self._proxy = Proxy(lab_port=port, resolves=self._resolves)
        self.proxy_url = await self._proxy.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: types.TracebackType | None,
    ) -> None:
        self._closing.set()
        self.clock.close()
        if self._proxy:
            await self._proxy.close()
        if self._runner:
            await self._runner.cleanup()
        if self._temporary:
            self._temporary.cleanup()

    def _write_secret(self, name: str, *, secret: str) -> None:
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(secret)

    def _resolves(self, host: str) -> bool:
        """Tell whether a host name resolves; that of a missing vault may not."""
        vaults = self.cloud.vault_endpoint
        resolvable = self.settings.vault_absent == "refused" or not vaults.serves(host)
        return resolvable or vaults.resolves(host)

    async def _handle(self, incoming: web.BaseRequest) -> web.StreamResponse:
        try:
            request = await _to_request(incoming)
        except ValueError as error:
            return _to_aiohttp(errors.response("ARM_BAD_REQUEST", reason=error))
        if request.path.startswith(api.PREFIX):
            return _to_aiohttp(await self.control.respond(request))
        response = await self._respond_with_faults(request)
        if response is None:
            if incoming.transport:
                incoming.transport.abort()
            return web.Response(status=500)
        outgoing = _to_aiohttp(response, head=incoming.method == "HEAD")
        if hosts.is_azure_host(incoming.host):
            _rewrite_links(outgoing, own=self.url, requested=f"https://{incoming.host}")
        return outgoing

    async def _respond_with_faults(self, request: Request) -> Response | None:
        """Respond to a request, applying fault rules; None means that the connection is reset."""
        rule = self.control.faults.find(request)
        if rule is None:
            response = await self.cloud.respond(request)
            return response if response.status else None
        start = self.clock.now()
        if rule.action == "delay":
            await self.clock.sleep(rule.seconds)
            return await self.cloud.respond(request)
        if rule.action == "reset_after":
            await self.cloud.respond(request)
            return None
        if rule.action == "respond" and rule.response:
            self.cloud.record(request, rule.response, start=start)
            return rule.response
        self.cloud.record(request, Response(0), start=start)
        if rule.action == "drop":
            await self._closing.wait()
        return None


async def _to_request(incoming: web.BaseRequest) -> Request:
    """Convert an aiohttp request; ValueError for a body that is not JSON."""
    body: Any = None
    if incoming.can_read_body:
        raw = await incoming.content.read(MAX_BODY_BYTES)
        while not incoming.content.at_eof():
            raw += await incoming.content.read(MAX_BODY_BYTES)
        if incoming.content_type == "application/x-www-form-urlencoded":
            body = dict(urllib.parse.parse_qsl(raw.decode()))
        elif raw:
            body = json.loads(raw)
    return Request(
        method=incoming.method,
        path=incoming.path,
        query=dict(incoming.query),
        headers={name.lower(): value for name, value in incoming.headers.items()},
        body=body,
        host=incoming.host,
    )


def _to_aiohttp(response: Response, *, head: bool = False) -> web.Response:
    if response.body is None or head:
        return web.Response(status=response.status, headers=response.headers)
    return web.Response(
        status=response.status,
        headers=response.headers,
        body=_ENCODER.encode(response.body).encode(),
        content_type="application/json",
        charset="utf-8",
    )


def _rewrite_links(outgoing: web.Response, *, own: str, requested: str) -> None:
    """Rewrite links from the lab's own address to the host that the client requested."""
    for name, value in list(outgoing.headers.items()):
        outgoing.headers[name] = value.replace(own, requested)
    if isinstance(outgoing.body, bytes):
        outgoing.body = outgoing.body.replace(own.encode(), requested.encode())


def write_environment(path: pathlib.Path, environment: dict[str, str]) -> None:
    """Write KEY=VALUE lines atomically."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text("".join(f"{name}={value}\n" for name, value in environment.items()))
    partial.replace(path)
