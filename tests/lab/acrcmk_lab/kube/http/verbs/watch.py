"""GET of a collection with `watch=true`: a stream of the changes after a revision."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import Final

from aiohttp import web

from acrcmk_lab.kube.apimachinery import errors, objects
from acrcmk_lab.kube.apimachinery.objects import Object
from acrcmk_lab.kube.http import list_options, media_types
from acrcmk_lab.kube.http.list_options import ListOptions
from acrcmk_lab.kube.http.resource_request import ResourceRequest
from acrcmk_lab.kube.http.responses import View
from acrcmk_lab.kube.storage.changes import Change, Expired
from acrcmk_lab.kube.storage.store import Store
from acrcmk_lab.kube.storage.stored import Stored

_MIN_TIMEOUT_SECONDS: Final = 1800.0
"""Of a watch without `timeoutSeconds`; the timeout is random between this and its double (--min-request-timeout)."""
_INITIAL_EVENTS_END: Final = "k8s.io/initial-events-end"


class Watches:
    """Serves watches until they time out, the client disconnects, or the server stops."""

    def __init__(self, store: Store, *, rng: random.Random, bookmark_seconds: float) -> None:
        self._store = store
        self._rng = rng
        self._bookmark_seconds = bookmark_seconds
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """End all watches."""
        self._stopping.set()

    async def serve(self, request: ResourceRequest) -> web.StreamResponse:
        """Stream the changes; an expired revision is an event of the stream, as on the real server.

        Raises `StatusError` (400, 422, 500).
        """
        options = ListOptions.of(request.http, request.resource, request.key.namespace, watch=True)
        if options.resource_version and not options.resource_version.isdigit():
            raise errors.no_reason(list_options.unparsable_version(options.resource_version))
        response = web.StreamResponse(headers={"Content-Type": media_types.JSON, "Cache-Control": "no-cache, private"})
        response.enable_chunked_encoding()
        # The client may disconnect at any time; then there is nothing left to do.
        with contextlib.suppress(ConnectionError):
            await response.prepare(request.http)
            async for line in self._lines(options, request.view):
                await response.write(line)
            await response.write_eof()
        return response

    async def _lines(self, options: ListOptions, view: View) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        timeout = options.timeout or _MIN_TIMEOUT_SECONDS * (1 + self._rng.random())
        deadline = loop.time() + timeout
        encoder = _Encoder(view)
        revision, initial = self._start(options)
        yield b"".join(encoder.event("ADDED", stored) for stored in initial)
        if options.send_initial_events and options.bookmarks:
            yield encoder.bookmark(revision, {_INITIAL_EVENTS_END: "true"})
        next_bookmark = loop.time() + self._bookmark_seconds
        while not self._stopping.is_set():
            changed = self._store.changed(options.resource.collection)
            try:
                changes = self._store.since(options.resource.collection, revision)
            except Expired as error:
                yield _line("ERROR", objects.encode(errors.expired(str(error)).status))
                return
            if changes:
                revision = changes[-1].revision
                yield b"".join(_events(changes, options, encoder))
                continue
            if loop.time() >= deadline:
                return
            wait = min(deadline, next_bookmark) - loop.time()
            if not await _set_within(changed, self._stopping, seconds=wait) and loop.time() >= next_bookmark:
                next_bookmark = loop.time() + self._bookmark_seconds
                if options.bookmarks:
                    revision = self._store.revision
                    yield encoder.bookmark(revision)

    def _start(self, options: ListOptions) -> tuple[int, Sequence[Stored]]:
        """Return the revision after which changes are sent, and the objects that are sent before."""
        if options.send_initial_events or options.resource_version in {"", "0"}:
            return self._store.revision, options.matching(self._store)
        return int(options.resource_version), []


class _Encoder:
    """Encodes the events of one watch; a table has column definitions until the first object was sent."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._header = True

    def event(self, event_type: str, stored: Stored) -> bytes:
        encoded = self._view.encode(stored, header=self._header)
        self._header = False
        return _line(event_type, encoded)

    def bookmark(self, revision: int, annotations: dict[str, str] | None = None) -> bytes:
        metadata: Object = {"resourceVersion": str(revision), "creationTimestamp": None}
        if annotations:
            metadata["annotations"] = annotations
        resource = self._view.resource
        obj = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": metadata}
        return _line("BOOKMARK", objects.encode(self._view.bookmark(obj, header=self._header)))


async def _set_within(*events: asyncio.Event, seconds: float) -> bool:
    """Wait until one of the events is set, at most `seconds`; return whether one was."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        done, _ = await asyncio.wait(waits, timeout=max(seconds, 0), return_when=asyncio.FIRST_COMPLETED)
        return bool(done)
    finally:
        for wait in waits:
            wait.cancel()


def _line(event_type: str, obj: bytes) -> bytes:
    return b'{"type":"' + event_type.encode() + b'","object":' + obj + b"}\n"


def _events(changes: Iterable[Change], options: ListOptions, encoder: _Encoder) -> Iterator[bytes]:
    """Encode changes as the selectors see them: an object that starts to match is added, one that stops is deleted."""
    for change in changes:
        before = change.before if change.before is not None and options.selects(change.before.obj) else None
        after = change.type != "DELETED" and options.selects(change.after.obj)
        if after:
            yield encoder.event("MODIFIED" if before else "ADDED", change.after)
        elif before:
            yield encoder.event("DELETED", change.after if change.type == "DELETED" else before)
