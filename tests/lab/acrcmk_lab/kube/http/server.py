"""The embedded API server: TLS, a bearer token, and the cluster behind it."""

import asyncio
import base64
import contextlib
import json
import logging
import pathlib
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

import yaml
from aiohttp import web

from acrcmk_lab import certificates
from acrcmk_lab.kube import (
    bodies,
    clock,
    discovery,
    errors,
    handlers,
    objects,
    openapi,
    requestlog,
    requests,
    state,
    watching,
)
from acrcmk_lab.kube.cluster import Cluster
from acrcmk_lab.kube.objects import Object

_log = logging.getLogger(__name__)
_HOST: Final = "127.0.0.1"
_HEALTH: Final = frozenset({"/healthz", "/livez", "/readyz"})
_MAX_BODY: Final = 3 * 1024 * 1024
_DISCOVERY: Final = frozenset({discovery.AGGREGATED})


@dataclass(frozen=True)
class Settings:
    """How to run a lab. A port of 0 takes any free one."""

    port: int = 0
    state: pathlib.Path | None = None
    log: pathlib.Path | None = None
    seed: int | None = None
    window: int = 10_000
    bookmark_seconds: float = 60.0


class KubeLab:
    """An API server for the time of an `async with`.

    `url` is where it serves, `token` and `ca_pem` what a client needs; `cluster` is its state.
    """

    def __init__(self, settings: Settings | None = None, *, time: clock.Clock | None = None) -> None:
        self._settings = settings or Settings()
        self._time = time or clock.Clock()
        self._authority = certificates.Authority()
        self._closing = contextlib.AsyncExitStack()
        self.cluster = Cluster(time=self._time, seed=self._settings.seed, window=self._settings.window)
        self.token = secrets.token_urlsafe(24)
        self.url = ""

    @property
    def ca_pem(self) -> bytes:
        """The certificate authority that clients must trust, PEM."""
        return self._authority.root_pem

    async def __aenter__(self) -> Self:
        path = self._settings.state
        if path is None or not state.restore(self.cluster, path):
            self.cluster.bootstrap()
        if path is not None:
            await self._closing.enter_async_context(_running(state.keep(self.cluster, path)))
        await self._serve()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._closing.aclose()

    async def _serve(self) -> None:
        watches = watching.Watches(
            self.cluster.store, choose=self.cluster.choose, bookmark_seconds=self._settings.bookmark_seconds
        )
        front = _Front(self.cluster, watches, token=self.token, log=self._request_log())
        application = web.Application(client_max_size=_MAX_BODY)
        application.router.add_route("*", "/{path:.*}", front.handle)
        runner = web.AppRunner(application, access_log=None, handle_signals=False, shutdown_timeout=1.0)
        await runner.setup()
        self._closing.push_async_callback(runner.cleanup)
        self._closing.callback(watches.stop)
        context = self._authority.server_context("localhost", _HOST)
        site = web.TCPSite(runner, _HOST, self._settings.port, ssl_context=context)
        await site.start()
        port = runner.addresses[0][1]
        self.url = f"https://{_HOST}:{port}"

    def _request_log(self) -> requestlog.RequestLog | None:
        if self._settings.log is None:
            return None
        log = requestlog.RequestLog(self._settings.log, time=self._time)
        self._closing.callback(log.close)
        return log

    def kubeconfig(self) -> Object:
        """Return a kubeconfig for this server, with everything embedded."""
        ca = base64.b64encode(self.ca_pem).decode()
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "lab", "cluster": {"server": self.url, "certificate-authority-data": ca}}],
            "users": [{"name": "lab", "user": {"token": self.token}}],
            "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "lab", "namespace": "default"}}],
            "current-context": "lab",
        }

    def write_kubeconfig(self, path: pathlib.Path) -> pathlib.Path:
        """Write the kubeconfig to `path`, atomically, readable by its owner only."""
        state.write_atomically(path, yaml.safe_dump(self.kubeconfig(), sort_keys=False))
        return path


@contextlib.asynccontextmanager
async def _running(work: Any) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


class _Front:
    """The first to see a request: authentication, the paths that are not resources, errors, the log."""

    def __init__(
        self, cluster: Cluster, watches: watching.Watches, *, token: str, log: requestlog.RequestLog | None
    ) -> None:
        self._cluster = cluster
        self._token = token
        self._log = log
        self._handlers = handlers.Handlers(
            cluster.store, cluster.catalogue, cluster.writer, time=cluster.time, watches=watches
        )

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer any request; a refusal or a failure is answered with a `Status`."""
        try:
            response = await self._answer(request)
        except errors.StatusError as error:
            response = _status_response(error)
        except web.HTTPException as error:
            response = web.Response(text=error.text, status=error.status)
        except Exception as error:  # noqa: BLE001 - one bad request must not stop the server
            _log.exception("%s %s", request.method, request.path)
            response = _status_response(errors.internal(f"{type(error).__name__}: {error}"))
        agent = request.headers.get("User-Agent", "")
        _log.info("%s %s %s %s", response.status, request.method, request.path_qs, agent)
        if self._log is not None:
            self._log.write(request, status=response.status)
        return response

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path = request.path.rstrip("/") or "/"
        authorized = request.headers.get("Authorization", "") == f"Bearer {self._token}"
        if not authorized and path not in {*_HEALTH, "/version"}:
            raise errors.unauthorized()
        about = self._about(request, path)
        if about is not None:
            return about
        target = requests.target(path)
        if target is None:
            raise web.HTTPNotFound(text=handlers.NO_SUCH_PATH)
        return await self._handlers.dispatch(request, target)

    def _about(self, request: web.Request, path: str) -> web.Response | None:
        """Answer the paths that tell about the server and its API; None for all others."""
        if path in _HEALTH:
            return web.Response(text="ok")
        if path in {"/api", "/apis"}:
            return self._groups(request, path)
        obj = self._document(path)
        return None if obj is None else web.Response(body=objects.encode(obj), content_type=bodies.JSON)

    def _document(self, path: str) -> Object | None:
        catalogue = self._cluster.catalogue
        if path == "/version":
            return discovery.VERSION
        if path == "/openapi/v3":
            return openapi.index(catalogue)
        if path.startswith("/openapi/v3/"):
            return openapi.at(catalogue, path.removeprefix("/openapi/v3/"))
        return discovery.at(catalogue, path)

    def _groups(self, request: web.Request, path: str) -> web.Response:
        catalogue, media = self._cluster.catalogue, requests.negotiate(request, _DISCOVERY)
        if media.form == discovery.AGGREGATED and media.parameters.get("v") == "v2":
            names = [""] if path == "/api" else [name for name in catalogue.groups() if name]
            told = f"{bodies.JSON};g=apidiscovery.k8s.io;v=v2;as={discovery.AGGREGATED}"
            body = objects.encode(discovery.aggregated(catalogue, names))
            return web.Response(body=body, headers={"Content-Type": told})
        obj = discovery.core_versions(request.host) if path == "/api" else discovery.groups(catalogue)
        return web.Response(body=objects.encode(obj), content_type=bodies.JSON)


def _status_response(error: errors.StatusError) -> web.Response:
    response = web.Response(body=json.dumps(error.status).encode(), status=error.code, content_type=bodies.JSON)
    response.headers.update(error.headers)
    return response
