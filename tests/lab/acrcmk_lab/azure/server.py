"""The lab's Azure over TLS, and the same lab in process for tests."""

import asyncio
import json
import pathlib
import tempfile
import types
import urllib.parse
from typing import Any, Self

from aiohttp import web

from acrcmk_lab.azure import proxy
from acrcmk_lab.azure.arm import errors
from acrcmk_lab.azure.arm.messages import Answer, Request
from acrcmk_lab.azure.cloud import Cloud
from acrcmk_lab.azure.control import api
from acrcmk_lab.azure.control.api import Control
from acrcmk_lab.azure.proxy import Proxy
from acrcmk_lab.azure.state.clock import Clock
from acrcmk_lab.azure.state.request_log import Log
from acrcmk_lab.azure.state.settings import Switches
from acrcmk_lab.certificates import Authority

HOST = "127.0.0.1"
MAX_BODY_BYTES = 4 * 1024 * 1024
_ENCODER = json.JSONEncoder(separators=(",", ":"))


class AzureLab:
    """Azure on one port of this machine, for as long as the context lasts.

    Without arguments its clock stands still and its requests take no time: turn the clock with
    `await lab.clock.advance(seconds)`. `groups` are resource groups to begin with, `NAME[:LOCATION]`.
    `folder` holds `ca.pem` and the federated tokens of the operator (`token`) and of a person with `az`
    (`person-token`); a temporary one by default. A second port is a proxy for Azure's own host names.
    """

    def __init__(
        self,
        *,
        time: Clock | None = None,
        switches: Switches | None = None,
        seed: int = 0,
        port: int = 0,
        folder: pathlib.Path | None = None,
        groups: tuple[str, ...] = (),
        log: Log | None = None,
    ) -> None:
        self.clock = time or Clock()
        self.switches = switches or (Switches() if self.clock.speed else Switches.without_latency())
        self.log = log or Log()
        self.cloud = Cloud(time=self.clock, switches=self.switches, log=self.log, seed=seed)
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
        return self.cloud.world.url

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
        self.cloud.world.store.add_group(self.subscription_id, name=name, location=location or self.switches.region)

    def environment(self) -> dict[str, str]:
        """Return the environment variables that an operator needs to live here, and what `az-env` needs."""
        return {
            "AZURE_TENANT_ID": self.cloud.world.tenant_id,
            "AZURE_CLIENT_ID": self.cloud.operator.client_id,
            "AZURE_FEDERATED_TOKEN_FILE": str(self.folder / "token"),
            "AZURE_AUTHORITY_HOST": self.url,
            "ACRCMK_RESOURCE_MANAGER": self.url,
            "ACRCMK_CA_BUNDLE": str(self.ca_file),
            "ACRCMK_SUBSCRIPTION_ID": self.subscription_id,
            "ACRCMK_LAB_PROXY": self.proxy_url,
            "ACRCMK_LAB_PERSON_ID": self.cloud.person.client_id,
            "ACRCMK_LAB_PERSON_TOKEN_FILE": str(self.folder / "person-token"),
        }

    async def __aenter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        authority = Authority()
        authority.write_root(self.ca_file)
        self._keep("token", secret=self.cloud.assertion)
        self._keep("person-token", secret=self.cloud.person_assertion)
        self._runner = web.ServerRunner(web.Server(self._handle, access_log=None))
        await self._runner.setup()
        context = authority.many_hosts_context(HOST, "localhost", answers_for=proxy.answers_for)
        await web.TCPSite(self._runner, HOST, self._port, ssl_context=context).start()
        port = self._runner.addresses[0][1]
        self.cloud.world.url = f"https://{HOST}:{port}"
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

    def _keep(self, name: str, *, secret: str) -> None:
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(secret)

    def _resolves(self, host: str) -> bool:
        """Tell whether a public name is known to DNS; a vault's may not be."""
        vaults = self.cloud.vault_data
        known = self.switches.vault_absent == "refused" or not vaults.serves(host)
        return known or vaults.resolves(host)

    async def _handle(self, incoming: web.BaseRequest) -> web.StreamResponse:
        try:
            request = await _adapted(incoming)
        except ValueError as error:
            return _response(errors.answer("ARM_BAD_REQUEST", reason=error))
        if request.path.startswith(api.PREFIX):
            return _response(await self.control.answer(request))
        answer = await self._faulty_answer(request)
        if answer is None:
            if incoming.transport:
                incoming.transport.abort()
            return web.Response(status=500)
        response = _response(answer, head=incoming.method == "HEAD")
        if proxy.answers_for(incoming.host):
            _readdress(response, own=self.url, asked=f"https://{incoming.host}")
        return response

    async def _faulty_answer(self, request: Request) -> Answer | None:
        """Answer a request as the fault rules have it; None means the connection is cut."""
        rule = self.cloud.faults.find(request)
        if rule is None:
            answer = await self.cloud.answer(request)
            return answer if answer.status else None
        start = self.clock.now()
        if rule.act == "delay":
            await self.clock.sleep(rule.seconds)
            return await self.cloud.answer(request)
        if rule.act == "reset_after":
            await self.cloud.answer(request)
            return None
        if rule.act == "respond" and rule.answer:
            self.cloud.record(request, rule.answer, start=start)
            return rule.answer
        self.cloud.record(request, Answer(0), start=start)
        if rule.act == "drop":
            await self._closing.wait()
        return None


async def _adapted(incoming: web.BaseRequest) -> Request:
    """Turn an aiohttp request into the lab's own; ValueError for a body that is no JSON."""
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


def _response(answer: Answer, *, head: bool = False) -> web.Response:
    if answer.body is None or head:
        return web.Response(status=answer.status, headers=answer.headers)
    return web.Response(
        status=answer.status,
        headers=answer.headers,
        body=_ENCODER.encode(answer.body).encode(),
        content_type="application/json",
        charset="utf-8",
    )


def _readdress(response: web.Response, *, own: str, asked: str) -> None:
    """Let links name the host that the client asked: the lab's own address is nothing of Azure's."""
    for name, value in list(response.headers.items()):
        response.headers[name] = value.replace(own, asked)
    if isinstance(response.body, bytes):
        response.body = response.body.replace(own.encode(), asked.encode())


def write_environment(path: pathlib.Path, environment: dict[str, str]) -> None:
    """Write KEY=VALUE lines so that a reader sees all of them or none."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text("".join(f"{name}={value}\n" for name, value in environment.items()))
    partial.replace(path)
