"""A client that costs little: requests made beforehand, sent over keep-alive TLS, answers only looked at.

An SDK or aiohttp takes as long to ask as the lab takes to answer; this takes a fraction of it, and tells
how much of its own core it used.
"""

import asyncio
import contextlib
import dataclasses
import json
import ssl
import time
import typing
import urllib.parse
from collections.abc import Iterable, Mapping, Sequence
from typing import Self

ANSWER_SECONDS = 30.0


class AnswerError(RuntimeError):
    """An answer that is an error, where the load must have none."""


@dataclasses.dataclass(frozen=True)
class Answer:
    """An HTTP answer; `body` is not parsed."""

    status: int
    body: bytes

    def json(self) -> typing.Any:
        """Return the parsed body."""
        return json.loads(self.body)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a load came to; `busy` is the share of one core that this client used."""

    requests: int
    seconds: float
    busy: float

    @property
    def per_second(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds


@dataclasses.dataclass(frozen=True)
class Target:
    """A server by its URL, and the certificate authority that it is trusted by."""

    url: str
    ca_file: str
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def request(
        self, method: str, path: str, body: typing.Any = None, *, form: Mapping[str, str] | None = None
    ) -> bytes:
        """Return a request as it goes over the wire; `body` goes as JSON, `form` as a form."""
        payload = urllib.parse.urlencode(form).encode() if form else b"" if body is None else json.dumps(body).encode()
        headers = {"Host": urllib.parse.urlsplit(self.url).netloc, **self.headers}
        if payload:
            headers["Content-Type"] = "application/x-www-form-urlencoded" if form else "application/json"
            headers["Content-Length"] = str(len(payload))
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + payload

    async def ask(self, request: bytes) -> Answer:
        """Send one request on a connection of its own; AnswerError if the answer is an error."""
        async with _Connection(self) as connection:
            return await connection.ask(request)

    async def run(self, scripts: Sequence[Iterable[bytes]], *, seconds: float) -> Outcome:
        """Send every script on a connection of its own, one request at a time, until its end or for `seconds`.

        AnswerError if any answer is an error. The connections are open before time starts.
        """
        async with contextlib.AsyncExitStack() as stack:
            connections = [await stack.enter_async_context(_Connection(self)) for _ in scripts]
            began, used = time.perf_counter(), time.process_time()
            deadline = began + seconds
            counts = await asyncio.gather(
                *(one.play(script, until=deadline) for one, script in zip(connections, scripts, strict=True))
            )
            took = time.perf_counter() - began
            return Outcome(requests=sum(counts), seconds=took, busy=(time.process_time() - used) / took)


class _Connection:
    """One keep-alive connection."""

    def __init__(self, target: Target) -> None:
        self._target = target

    async def __aenter__(self) -> Self:
        place = urllib.parse.urlsplit(self._target.url)
        context = ssl.create_default_context(cafile=self._target.ca_file)
        self._reader, self._writer = await asyncio.wait_for(
            asyncio.open_connection(place.hostname, place.port, ssl=context), ANSWER_SECONDS
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.transport.abort()

    async def ask(self, request: bytes) -> Answer:
        self._writer.write(request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        status = int(head[9:12])
        _, found, rest = head.partition(b"\r\ncontent-length:")
        length = int(rest[: rest.index(b"\r\n")]) if found else 0
        answer = Answer(status, await self._reader.readexactly(length) if length else b"")
        if status >= 400:  # noqa: PLR2004 - HTTP's border of errors
            asked = request.partition(b"\r\n")[0].decode()
            raise AnswerError(f"{asked}: {status} {answer.body.decode(errors='replace')}")
        return answer

    async def play(self, script: Iterable[bytes], *, until: float) -> int:
        """Send a script, as far as time allows; return how many requests were answered."""
        count = 0
        async with asyncio.timeout(max(0.0, until - time.perf_counter()) + ANSWER_SECONDS):
            for request in script:
                if time.perf_counter() >= until:
                    break
                await self.ask(request)
                count += 1
        return count
