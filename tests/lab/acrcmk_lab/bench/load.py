"""A cheap HTTP client for load: requests are encoded beforehand, sent over keep-alive TLS, responses are not parsed.

An SDK or aiohttp needs as much processor time for a request as the lab; this client needs a fraction of it, and
measures it.
"""

import asyncio
import contextlib
import dataclasses
import json
import ssl
import time
import urllib.parse
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

RESPONSE_SECONDS = 30.0


class ResponseError(RuntimeError):
    """An error response; a load must have none."""


@dataclasses.dataclass(frozen=True)
class Response:
    """An HTTP response; `body` is not parsed."""

    status: int
    body: bytes

    def json(self) -> Any:
        """Return the parsed body."""
        return json.loads(self.body)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Outcome:
    """The result of a load; `busy` is the share of one core that this client used."""

    requests: int
    seconds: float
    busy: float

    @property
    def per_second(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds


@dataclasses.dataclass(frozen=True)
class Target:
    """A server, and the file of the certificate authority that clients trust."""

    url: str
    ca_file: str
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def request(self, method: str, path: str, body: Any = None, *, form: Mapping[str, str] | None = None) -> bytes:
        """Return an encoded request; `body` is sent as JSON, `form` as a form."""
        payload = urllib.parse.urlencode(form).encode() if form else b"" if body is None else json.dumps(body).encode()
        headers = {"Host": urllib.parse.urlsplit(self.url).netloc, **self.headers}
        if payload:
            headers["Content-Type"] = "application/x-www-form-urlencoded" if form else "application/json"
            headers["Content-Length"] = str(len(payload))
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + payload

    async def send(self, request: bytes) -> Response:
        """Send one request on a connection of its own; ResponseError for an error response."""
        async with _Connection(self) as connection:
            return await connection.send(request)

    async def run(self, scripts: Sequence[Iterable[bytes]], *, seconds: float) -> Outcome:
        """Send every script on a connection of its own, one request at a time, until its end or for `seconds`.

        ResponseError for any error response. Connecting is not part of the measured time.
        """
        async with contextlib.AsyncExitStack() as stack:
            connections = [await stack.enter_async_context(_Connection(self)) for _ in scripts]
            started, used = time.perf_counter(), time.process_time()
            deadline = started + seconds
            counts = await asyncio.gather(
                *(
                    connection.play(script, until=deadline)
                    for connection, script in zip(connections, scripts, strict=True)
                )
            )
            elapsed = time.perf_counter() - started
            return Outcome(requests=sum(counts), seconds=elapsed, busy=(time.process_time() - used) / elapsed)


class _Connection:
    """One keep-alive connection."""

    def __init__(self, target: Target) -> None:
        self._target = target

    async def __aenter__(self) -> Self:
        url = urllib.parse.urlsplit(self._target.url)
        context = ssl.create_default_context(cafile=self._target.ca_file)
        self._reader, self._writer = await asyncio.wait_for(
            asyncio.open_connection(url.hostname, url.port, ssl=context), RESPONSE_SECONDS
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.transport.abort()

    async def send(self, request: bytes) -> Response:
        self._writer.write(request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        status = int(head[9:12])
        _, separator, rest = head.partition(b"\r\ncontent-length:")
        length = int(rest[: rest.index(b"\r\n")]) if separator else 0
        response = Response(status, await self._reader.readexactly(length) if length else b"")
        if status >= 400:  # noqa: PLR2004 - HTTP's border of errors
            request_line = request.partition(b"\r\n")[0].decode()
            raise ResponseError(f"{request_line}: {status} {response.body.decode(errors='replace')}")
        return response

    async def play(self, script: Iterable[bytes], *, until: float) -> int:
        """Send requests until the end of the script or `until`; return how many were answered."""
        count = 0
        async with asyncio.timeout(max(0.0, until - time.perf_counter()) + RESPONSE_SECONDS):
            for request in script:
                if time.perf_counter() >= until:
                    break
                await self.send(request)
                count += 1
        return count
