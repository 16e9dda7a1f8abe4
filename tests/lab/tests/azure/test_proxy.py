"""Azure's own host names, through the lab's proxy."""

import asyncio
import ssl

import aiohttp
import pytest

from acrcmk_lab.azure import proxy


@pytest.fixture
async def browse(lab):
    """A client that trusts the lab's authority alone, behind the lab's proxy."""
    trust = ssl.create_default_context(cafile=str(lab.ca_file))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust)) as session:

        async def get(url):
            async with session.get(url, proxy=lab.proxy_url) as response:
                return response.status, await response.json()

        yield get


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("https://management.azure.com/subscriptions?api-version=2022-12-01", 401),
        ("https://MANAGEMENT.azure.com/subscriptions?api-version=2022-12-01", 401),
        ("https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration", 200),
        ("https://graph.microsoft.com/v1.0/me", 401),
    ],
)
async def test_an_azure_host_is_served_with_a_certificate_for_its_name(browse, url, status):
    assert (await browse(url))[0] == status


async def test_links_name_the_host_that_the_client_asked(browse):
    _, found = await browse("https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration")

    assert found["token_endpoint"] == "https://login.microsoftonline.com/common/oauth2/v2.0/token"


async def test_the_lab_is_reached_by_its_own_address_too(lab, browse):
    assert (await browse(f"{lab.url}/_sim/clock"))[0] == 200


@pytest.mark.parametrize("url", ["https://example.com/", "https://azure.com/", "https://management.azure.com:8443/"])
async def test_other_hosts_and_ports_are_refused(browse, url):
    with pytest.raises(aiohttp.ClientHttpProxyError) as refused:
        await browse(url)

    assert refused.value.status == 403


async def greet(lab, greeting):
    """Send raw bytes to the proxy and return the first line of its response."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(lab.proxy_url.rpartition(":")[2]))
    writer.write(greeting)
    said = await reader.read()
    writer.close()
    return said.partition(b"\r\n")[0]


async def test_plain_http_is_refused(lab):
    greeting = b"GET http://management.azure.com/ HTTP/1.1\r\nHost: management.azure.com\r\n\r\n"

    assert await greet(lab, greeting) == b"HTTP/1.1 405 Method Not Allowed"


async def test_a_connection_with_an_endless_request_head_is_closed(lab):
    assert await greet(lab, b"CONNECT " + b"a" * 2 * proxy.HEAD_LIMIT_BYTES) == b""


async def test_an_open_tunnel_does_not_keep_the_lab_from_ending(lab):
    reader, writer = await asyncio.open_connection("127.0.0.1", int(lab.proxy_url.rpartition(":")[2]))
    writer.write(b"CONNECT management.azure.com:443 HTTP/1.1\r\n\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")

    async with asyncio.timeout(5):
        await lab.__aexit__(None, None, None)

    assert await reader.read() == b"\r\n"
    writer.close()
