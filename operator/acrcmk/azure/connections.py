"""One TLS context and one connection pool for every request to Azure, those for tokens included."""

import ssl

import aiohttp
from azure.core.pipeline.transport import AioHttpTransport

_CONNECT_SECONDS = 10
_READ_SECONDS = 60
"""Azure holds the PUT of a registry with a key for 2-22 s before it answers (azure-behaviour.md 1.1)."""


def open_session(*, ca_bundle: str | None) -> aiohttp.ClientSession:
    """Return a session that trusts the certificate authorities of a PEM file, or the system's; needs a running loop.

    azure-core's own `connection_verify=<path>` makes a TLS context for each request
    (`AioHttpTransport._build_ssl_config`), and aiohttp shares connections only between requests of the same context:
    every request then costs a handshake and leaves an idle connection behind.
    """
    context = ssl.create_default_context(cafile=ca_bundle) if ca_bundle else True
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=context),
        # As azure-core makes its own: proxies from the environment, no cookies, bodies unpacked by the pipeline.
        trust_env=True,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
    )


def transport(session: aiohttp.ClientSession) -> AioHttpTransport:
    """Return azure-core's transport over a session, which it never closes."""
    return AioHttpTransport(
        session=session, session_owner=False, connection_timeout=_CONNECT_SECONDS, read_timeout=_READ_SECONDS
    )
