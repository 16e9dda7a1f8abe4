"""One port for the kubelet and Prometheus: /healthz, /readyz, /metrics."""

from collections.abc import Callable, Sequence

import prometheus_client
from aiohttp import web
from prometheus_client import exposition

Problems = Callable[[], Sequence[str]]
"""Returns the problems, one sentence each; empty when there is none."""


class HealthServer:
    """Answers 200 `ok`, or 503 with the problems, one per line.

    A response shows that the event loop runs; a blocked loop is found by the timeout of the probe.
    kopf's liveness server is not used: it logs each probe, caches 10 s, and hangs when a probe raises.
    """

    def __init__(
        self,
        *,
        host: str,
        port: int,
        alive: Problems,
        ready: Problems,
        registry: prometheus_client.CollectorRegistry,
    ) -> None:
        self._host = host
        self._port = port
        self._alive = alive
        self._ready = ready
        self._registry = registry
        self._runner = web.AppRunner(self._application(), access_log=None)

    @property
    def port(self) -> int:
        """The port that a started server listens on; a free one if the port to use was 0."""
        port: int = self._runner.addresses[0][1]
        return port

    async def start(self) -> None:
        """Listen. Raises OSError if the port is taken."""
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()

    async def stop(self) -> None:
        """Stop listening and close all connections."""
        await self._runner.cleanup()

    def _application(self) -> web.Application:
        application = web.Application()
        application.add_routes(
            [
                web.get("/healthz", self._healthz),
                web.get("/readyz", self._readyz),
                web.get("/metrics", self._metrics),
            ]
        )
        return application

    async def _healthz(self, _request: web.Request) -> web.Response:
        return _response(self._alive())

    async def _readyz(self, _request: web.Request) -> web.Response:
        return _response(self._ready())

    async def _metrics(self, request: web.Request) -> web.Response:
        encode, content_type = exposition.choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(self._registry), headers={"Content-Type": content_type})


def _response(problems: Sequence[str]) -> web.Response:
    return web.Response(status=503 if problems else 200, text="\n".join(problems or ["ok"]) + "\n")
