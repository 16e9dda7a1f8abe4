"""Over real sockets, as the kubelet and Prometheus come."""

import aiohttp
import pytest

from acrcmk.runtime.health import HealthServer


@pytest.fixture
def troubles():
    """What is wrong now, by kind of probe."""
    return {"alive": [], "ready": []}


@pytest.fixture
async def server(troubles, metrics):
    server = HealthServer(
        host="127.0.0.1",
        port=0,
        alive=lambda: troubles["alive"],
        ready=lambda: troubles["ready"],
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
async def test_all_is_well(get, path):
    assert (await get(path))[:2] == (200, "ok\n")


@pytest.mark.parametrize(
    ("path", "other", "kind"), [("/healthz", "/readyz", "alive"), ("/readyz", "/healthz", "ready")]
)
async def test_a_probe_tells_its_own_problems_and_recovers(get, troubles, path, other, kind):
    troubles[kind] += ["the first", "the second"]
    assert (await get(path))[:2] == (503, "the first\nthe second\n")
    assert (await get(other))[0] == 200
    troubles[kind].clear()
    assert (await get(path))[0] == 200


async def test_metrics_come_in_the_format_that_prometheus_asks_for(get, metrics):
    metrics.workqueue_retries.inc(3)
    status, text, content_type = await get("/metrics")
    assert status == 200
    assert 'workqueue_retries_total{name="encryptedregistry"} 3.0\n' in text
    assert content_type.startswith("text/plain; version=")
    _, text, content_type = await get("/metrics", Accept="application/openmetrics-text; version=1.0.0")
    assert content_type.startswith("application/openmetrics-text; version=1.0.0")
    assert text.endswith("# EOF\n")


async def test_a_stopped_server_is_gone_and_its_port_free(server, metrics):
    port = server.port
    await server.stop()
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(f"http://127.0.0.1:{port}/healthz")


async def test_a_taken_port_is_told_at_the_start(server, metrics):
    second = HealthServer(host="127.0.0.1", port=server.port, alive=list, ready=list, registry=metrics.registry)
    with pytest.raises(OSError, match="address already in use"):
        await second.start()
    await second.stop()
