"""The embedded API server: TLS, authentication by a bearer token, and the cluster behind it."""

import asyncio
import base64
import contextlib
import dataclasses
import json
import logging
import pathlib
import secrets
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Final, Self

import yaml
from aiohttp import web

from acrcmk_lab import certificates
from acrcmk_lab.kube import persistence
from acrcmk_lab.kube.apimachinery import errors, objects
from acrcmk_lab.kube.apimachinery.clock import Clock
from acrcmk_lab.kube.apimachinery.objects import Object
from acrcmk_lab.kube.cluster import Cluster
from acrcmk_lab.kube.http import discovery, media_types, openapi, requests, router
from acrcmk_lab.kube.http.request_log import RequestLog
from acrcmk_lab.kube.http.router import Router
from acrcmk_lab.kube.http.verbs.watch import Watches

_log = logging.getLogger(__name__)
_HOST: Final = "127.0.0.1"
_HEALTH: Final = frozenset({"/healthz", "/livez", "/readyz"})
_MAX_BODY: Final = 3 * 1024 * 1024
_DISCOVERY: Final = frozenset({discovery.AGGREGATED})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of a server. Port 0 is any free port; `window` is how many changes a watch can go back."""

    port: int = 0
    state: pathlib.Path | None = None
    log: pathlib.Path | None = None
    seed: int | None = None
    window: int = 10_000
    bookmark_seconds: float = 60.0


class KubeLab:
    """An API server that runs within an `async with`.

    Clients need `url`, `token` and `ca_pem`; `cluster` is its state.
    """

    def __init__(self, settings: Settings | None = None, *, clock: Clock | None = None) -> None:
        self._settings = settings or Settings()
        clock = clock or Clock()
        self._authority = certificates.Authority()
        self._closing = contextlib.AsyncExitStack()
        self.cluster = Cluster(clock=clock, seed=self._settings.seed, window=self._settings.window)
        self.token = secrets.token_urlsafe(24)
        self.url = ""

    @property
    def ca_pem(self) -> bytes:
        """The certificate authority that clients must trust, PEM."""
        return self._authority.root_pem

    async def __aenter__(self) -> Self:
        path = self._settings.state
        if path is None or not persistence.restore(self.cluster, path):
            self.cluster.bootstrap()
        if path is not None:
            await self._closing.enter_async_context(_running(persistence.save_periodically(self.cluster, path)))
        await self._serve()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._closing.aclose()

    async def _serve(self) -> None:
        watches = Watches(self.cluster.store, rng=self.cluster.rng, bookmark_seconds=self._settings.bookmark_seconds)
        handler = _Handler(self.cluster, watches, token=self.token, log=self._request_log())
        application = web.Application(client_max_size=_MAX_BODY)
        application.router.add_route("*", "/{path:.*}", handler.handle)
        runner = web.AppRunner(application, access_log=None, handle_signals=False, shutdown_timeout=1.0)
        await runner.setup()
        self._closing.push_async_callback(runner.cleanup)
        self._closing.callback(watches.stop)
        context = self._authority.server_context("localhost", _HOST)
        site = web.TCPSite(runner, _HOST, self._settings.port, ssl_context=context)
        await site.start()
        port = runner.addresses[0][1]
        self.url = f"https://{_HOST}:{port}"

    def _request_log(self) -> RequestLog | None:
        if self._settings.log is None:
            return None
        log = RequestLog(self._settings.log, clock=self.cluster.clock)
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
        persistence.write_atomically(path, yaml.safe_dump(self.kubeconfig(), sort_keys=False))
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


class _Handler:
    """Handles every request: authentication, the paths that are not resources, errors, the request log."""

    def __init__(self, cluster: Cluster, watches: Watches, *, token: str, log: RequestLog | None) -> None:
        self._cluster = cluster
        self._token = token
        self._log = log
        self._router = Router(cluster, watches=watches)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Respond to any request; errors are a `Status`."""
        try:
            response = await self._respond(request)
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

    async def _respond(self, request: web.Request) -> web.StreamResponse:
        path = request.path.rstrip("/") or "/"
        authorized = request.headers.get("Authorization", "") == f"Bearer {self._token}"
        if not authorized and path not in {*_HEALTH, "/version"}:
            raise errors.unauthorized()
        response = self._non_resource(request, path)
        if response is not None:
            return response
        target = requests.target(path)
        if target is None:
            raise web.HTTPNotFound(text=router.NOT_FOUND)
        return await self._router.serve(request, target)

    def _non_resource(self, request: web.Request, path: str) -> web.Response | None:
        """Return the response for health, version, discovery and OpenAPI; None for all other paths."""
        if path in _HEALTH:
            return web.Response(text="ok")
        if path in {"/api", "/apis"}:
            return self._groups(request, path)
        obj = self._document(path)
        return None if obj is None else web.Response(body=objects.encode(obj), content_type=media_types.JSON)

    def _document(self, path: str) -> Object | None:
        resources = self._cluster.resources
        if path == "/version":
            return discovery.VERSION
        if path == "/openapi/v3":
            return openapi.index(resources)
        if path.startswith("/openapi/v3/"):
            return openapi.document(resources, path.removeprefix("/openapi/v3/"))
        return discovery.document(resources, path)

    def _groups(self, request: web.Request, path: str) -> web.Response:
        resources, media_type = self._cluster.resources, media_types.negotiate(request, _DISCOVERY)
        if media_type.form == discovery.AGGREGATED and media_type.parameters.get("v") == "v2":
            names = [""] if path == "/api" else [name for name in resources.groups() if name]
            content_type = f"{media_types.JSON};g=apidiscovery.k8s.io;v=v2;as={discovery.AGGREGATED}"
            body = objects.encode(discovery.aggregated(resources, names))
            return web.Response(body=body, headers={"Content-Type": content_type})
        obj = discovery.core_versions(request.host) if path == "/api" else discovery.groups(resources)
        return web.Response(body=objects.encode(obj), content_type=media_types.JSON)


def _status_response(error: errors.StatusError) -> web.Response:
    response = web.Response(body=json.dumps(error.status).encode(), status=error.code, content_type=media_types.JSON)
    response.headers.update(error.headers)
    return response
