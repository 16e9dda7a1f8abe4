"""Probes and metrics over real sockets, as from the kubelet and Prometheus."""

import aiohttp
import pytest

from acrcmk.runtime.health import HealthServer


@pytest.fixture
def problems():
    """The current problems, by kind of probe."""
    return {"alive": [], "ready": []}


@pytest.fixture
async def server(problems, metrics):
    server = HealthServer(
        host="127.0.0.1",
        port=0,
        alive=lambda: problems["alive"],
        ready=lambda: problems["ready"],
        registry=metrics.registry,
    )
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def get(server):
    async with aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as session:

        async def get(path, **headers):
            async with session.get(path, headers=headers) as response:
                return response.status, await response.text(), response.headers["Content-Type"]

        yield get


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_a_probe_without_problems_is_ok(get, path):
    assert (await get(path))[:2] == (200, "ok\n")


@pytest.mark.parametrize(
    ("path", "other", "kind"), [("/healthz", "/readyz", "alive"), ("/readyz", "/healthz", "ready")]
)
async def test_a_probe_lists_its_own_problems_and_recovers(get, problems, path, other, kind):
    problems[kind] += ["the first", "the second"]
    assert (await get(path))[:2] == (503, "the first\nthe second\n")
    assert (await get(other))[0] == 200
    problems[kind].clear()
    assert (await get(path))[0] == 200


async def test_metrics_are_in_the_format_that_prometheus_requests(get, metrics):
    metrics.workqueue_retries.inc(3)
    status, text, content_type = await get("/metrics")
    assert status == 200
    assert 'workqueue_retries_total{name="encryptedregistry"} 3.0\n' in text
    assert content_type.startswith("text/plain; version=")
    _, text, content_type = await get("/metrics", Accept="application/openmetrics-text; version=1.0.0")
    assert content_type.startswith("application/openmetrics-text; version=1.0.0")
    assert text.endswith("# EOF\n")


async def test_a_stopped_server_does_not_listen(server, metrics):
    port = server.port
    await server.stop()
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(f"http://127.0.0.1:{port}/healthz")


async def test_a_port_in_use_is_an_error_at_the_start(server, metrics):
    second = HealthServer(host="127.0.0.1", port=server.port, alive=list, ready=list, registry=metrics.registry)
    with pytest.raises(OSError, match="address already in use"):
        await second.start()
    await second.stop()
