"""An HTTPS CONNECT proxy in front of the lab, so that clients use Azure's own host names unchanged.

`HTTPS_PROXY` needs no DNS: the client asks the proxy for `management.azure.com:443` and gets a tunnel to the
lab's one TLS port, which presents a certificate for that host. Other hosts get 403: the proxy gives no access
to the network.
"""

import asyncio
import contextlib
import re
from collections.abc import Callable
from typing import cast

from acrcmk_lab.azure.arm import hosts

TLS_PORT = 443
HEAD_LIMIT_BYTES = 8192
HEAD_TIMEOUT_SECONDS = 10.0
CHUNK_BYTES = 65536
_CONNECT = re.compile(rb"CONNECT ([A-Za-z0-9.-]+):(\d+) HTTP/1\.[01]\r\n")


class Proxy:
    """The proxy; `lab_port` is the lab's TLS port on 127.0.0.1, `resolves` whether a host name has an address."""

    def __init__(self, *, lab_port: int, resolves: Callable[[str], bool]) -> None:
        self._lab_port = lab_port
        self._resolves = resolves
        self._server: asyncio.Server | None = None
        self._clients: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def start(self, port: int = 0) -> str:
        """Listen on 127.0.0.1 (`port` 0 lets the system choose) and return the proxy's URL."""
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", port, limit=HEAD_LIMIT_BYTES)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def close(self) -> None:
        """Stop listening and cut every tunnel."""
        if self._server:
            self._server.close()
        for writer in self._clients.values():
            writer.transport.abort()
        await asyncio.gather(*self._clients)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = cast("asyncio.Task[None]", asyncio.current_task())
        self._clients[client] = writer
        # A broken connection must end only itself.
        with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            await self._serve(reader, writer)
        writer.close()
        del self._clients[client]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(HEAD_TIMEOUT_SECONDS):
            head = await reader.readuntil(b"\r\n\r\n")
        match = _CONNECT.match(head)
        if match is None:
            await _reject(writer, status="405 Method Not Allowed", reason="this proxy makes HTTPS tunnels only")
        elif not self._is_served(host := match[1].decode(), port=int(match[2])):
            await _reject(writer, status="403 Forbidden", reason=f"{host} is no host of the lab's Azure")
        elif not self._resolves(host):
            await _reject(writer, status="502 Bad Gateway", reason=f"{host} has no address")
        else:
            await self._tunnel(reader, writer)

    def _is_served(self, host: str, *, port: int) -> bool:
        """Azure's hosts, and the lab by its own address: links may name either."""
        own = host in ("127.0.0.1", "localhost") and port == self._lab_port
        return own or (hosts.is_azure_host(host) and port == TLS_PORT)

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lab_reader, lab_writer = await asyncio.open_connection("127.0.0.1", self._lab_port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(_copy(reader, lab_writer), _copy(lab_reader, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy bytes in one direction until end of stream, then close the writer."""
    with contextlib.suppress(OSError):
        while data := await reader.read(CHUNK_BYTES):
            writer.write(data)
            await writer.drain()
    writer.close()


async def _reject(writer: asyncio.StreamWriter, *, status: str, reason: str) -> None:
    body = f"acrcmk-lab: {reason}\n".encode()
    response_head = (
        f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    writer.write(response_head.encode() + body)
    await writer.drain()
