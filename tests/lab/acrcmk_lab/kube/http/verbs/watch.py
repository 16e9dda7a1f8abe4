"""Lists by selector and page, and watches: a stream of changes from a revision on."""

import asyncio
import base64
import contextlib
import json
import random
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from acrcmk_lab.kube import bodies, errors, fielderrors, objects, representation, requests, resources, selectors
from acrcmk_lab.kube.objects import Object
from acrcmk_lab.kube.store import Change, Expired, Store, Stored

_SHORTEST_WATCH: Final = 1800.0
_INITIAL_EVENTS_END: Final = "k8s.io/initial-events-end"


@dataclass(frozen=True)
class Query:
    """What a list or a watch selects."""

    resource: resources.Resource
    namespace: str
    selective: bool
    labels: selectors.Selector
    fields: selectors.Selector
    limit: int
    token: Object | None
    since: str
    bookmarks: bool
    initial_events: bool
    exact: bool
    timeout: float

    @classmethod
    def of(cls, request: web.Request, resource: resources.Resource, namespace: str, *, watch: bool) -> "Query":
        """Read the query parameters. Raises `StatusError` (400, 422)."""
        query = request.query
        _check_combination(request, watch=watch)
        return cls(
            resource=resource,
            namespace=namespace,
            selective=bool(query.get("labelSelector") or query.get("fieldSelector")),
            labels=selectors.labels(query.get("labelSelector", "")),
            fields=selectors.fields(query.get("fieldSelector", ""), selectable=resource.selectable_fields),
            limit=max(requests.number(request, "limit") or 0, 0),
            token=_read_token(query.get("continue", "")),
            since=query.get("resourceVersion", ""),
            bookmarks=requests.flag(request, "allowWatchBookmarks"),
            initial_events=requests.flag(request, "sendInitialEvents"),
            exact=query.get("resourceVersionMatch") == "Exact",
            timeout=float(requests.number(request, "timeoutSeconds") or 0),
        )

    def selects(self, obj: Object) -> bool:
        meta = obj["metadata"]
        if self.namespace and meta.get("namespace") != self.namespace:
            return False
        return self.labels(obj) and self.fields(obj)

    def matching(self, store: Store) -> list[Stored]:
        return [one for one in store.select(self.resource.collection, self.namespace) if self.selects(one.obj)]

    def revision(self, store: Store) -> int:
        """Return the revision of a list: that of its first page."""
        return int(self.token["rv"]) if self.token else store.revision

    def check_version(self, store: Store) -> None:
        """Refuse a list at a revision that is not there yet, or no longer. Raises `StatusError`."""
        if not self.since:
            return
        if not self.since.isdigit():
            raise errors.bad_request(f"invalid resource version: {_unparsable(self.since)}")
        if int(self.since) > store.revision:
            raise errors.future_version(int(self.since), store.revision)
        if self.exact and int(self.since) != store.revision:
            raise errors.expired("The resourceVersion for the provided list is too old.")

    def page(self, store: Store) -> representation.Page:
        """Return the page that `limit` and `continue` ask for. Raises `StatusError` (410) for an old token."""
        found = self.matching(store)
        if self.token:
            try:
                store.since(self.resource.collection, int(self.token["rv"]))
            except Expired:
                raise errors.expired(
                    "The provided continue parameter is too old to display a consistent list result. You can start a "
                    "new list without the continue parameter, or use the continue token in this response to retrieve "
                    "the remainder of the results. Continuing with the provided token results in an inconsistent list "
                    "- objects that were created, modified, or deleted between the time the first chunk was returned "
                    "and now may show up in the list."
                ) from None
            found = [one for one in found if _position(one.obj) > self.token["after"]]
        if not self.limit or len(found) <= self.limit:
            return representation.Page(found)
        items = found[: self.limit]
        token = {"rv": self.revision(store), "after": _position(items[-1].obj)}
        encoded = base64.urlsafe_b64encode(json.dumps(token).encode()).decode().rstrip("=")
        return representation.Page(items, encoded, None if self.selective else len(found) - len(items))


def _unparsable(version: str) -> str:
    told = fielderrors.quote(version)
    return f"resourceVersion: Invalid value: {told}: strconv.ParseUint: parsing {told}: invalid syntax"


def _check_combination(request: web.Request, *, watch: bool) -> None:
    """Refuse parameters that contradict each other (apimachinery/pkg/apis/meta/internalversion/validation)."""
    query, field = request.query, "resourceVersionMatch"
    match, initial = query.get(field, ""), "sendInitialEvents" in query
    problem = None
    if watch and query.get("continue"):
        problem = fielderrors.forbidden(field, f"{field} is forbidden when continue is provided")
    elif watch and initial and match != "NotOlderThan":
        problem = fielderrors.forbidden(field, f"sendInitialEvents requires setting {field} to NotOlderThan")
    elif watch and match and not initial:
        problem = fielderrors.forbidden(field, f"{field} is forbidden for watch unless sendInitialEvents is provided")
    elif match and not watch and not query.get("resourceVersion"):
        problem = fielderrors.forbidden(field, f"{field} is forbidden unless resourceVersion is provided")
    elif match not in {"", "Exact", "NotOlderThan"}:
        problem = fielderrors.not_supported(field, match, ["Exact", "NotOlderThan", ""])
    if problem:
        raise errors.invalid("meta.k8s.io", "ListOptions", "", [problem])


def _position(obj: Object) -> list[str]:
    return [obj["metadata"].get("namespace", ""), obj["metadata"]["name"]]


def _read_token(text: str) -> Object | None:
    if not text:
        return None
    try:
        token: Object = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        int(token["rv"]), token["after"]
    except (ValueError, KeyError, TypeError):
        why = "invalid character 'i' looking for beginning of value"
        raise errors.bad_request(f"invalid continue token: continue key is not valid: {why}") from None
    return token


class Watches:
    """Serves watches until they time out, their client leaves, or the server stops."""

    def __init__(self, store: Store, *, choose: random.Random, bookmark_seconds: float) -> None:
        self._store = store
        self._choose = choose
        self._bookmark_seconds = bookmark_seconds
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """End all watches."""
        self._stopping.set()

    async def serve(self, request: web.Request, query: Query, view: representation.View) -> web.StreamResponse:
        """Stream the changes. An expired revision is told in the stream, as the real server does."""
        if query.since and not query.since.isdigit():
            raise errors.unexplained(_unparsable(query.since))
        response = web.StreamResponse(headers={"Content-Type": bodies.JSON, "Cache-Control": "no-cache, private"})
        response.enable_chunked_encoding()
        # When the client has left, a stream has nobody to tell.
        with contextlib.suppress(ConnectionError):
            await response.prepare(request)
            async for line in self._lines(query, view):
                await response.write(line)
            await response.write_eof()
        return response

    async def _lines(self, query: Query, view: representation.View) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        lifetime = query.timeout or _SHORTEST_WATCH * (1 + self._choose.random())
        deadline = loop.time() + lifetime
        revision, initial = self._start(query)
        yield b"".join(_line("ADDED", view.watch_object(stored)) for stored in initial)
        if query.initial_events and query.bookmarks:
            yield self._bookmark(view, revision, {_INITIAL_EVENTS_END: "true"})
        next_bookmark = loop.time() + self._bookmark_seconds
        while not self._stopping.is_set():
            changed = self._store.changed(query.resource.collection)
            try:
                changes = self._store.since(query.resource.collection, revision)
            except Expired as error:
                yield _line("ERROR", objects.encode(errors.expired(str(error)).status))
                return
            if changes:
                revision = changes[-1].revision
                yield b"".join(_events(changes, query, view))
                continue
            if loop.time() >= deadline:
                return
            wait = min(deadline, next_bookmark) - loop.time()
            if not await _set_within(changed, self._stopping, wait) and loop.time() >= next_bookmark:
                next_bookmark = loop.time() + self._bookmark_seconds
                if query.bookmarks:
                    revision = self._store.revision
                    yield self._bookmark(view, revision)

    def _start(self, query: Query) -> tuple[int, list[Stored]]:
        """Return the revision to start after, and the objects to tell first."""
        fresh = query.since in {"", "0"}
        if fresh or query.initial_events:
            tell = query.initial_events or (fresh and not query.initial_events)
            return self._store.revision, query.matching(self._store) if tell else []
        return int(query.since), []

    def _bookmark(
        self,
        view: representation.View,
        revision: int,
        annotations: dict[str, str] | None = None,
    ) -> bytes:
        metadata: Object = {"resourceVersion": str(revision), "creationTimestamp": None}
        if annotations:
            metadata["annotations"] = annotations
        obj = {"kind": view.resource.kind, "apiVersion": view.resource.api_version, "metadata": metadata}
        return _line("BOOKMARK", objects.encode(view.bookmark(obj)))


async def _set_within(changed: asyncio.Event, stopping: asyncio.Event, seconds: float) -> bool:
    """Wait for either event, at most `seconds`; whether one was set."""
    waits = [asyncio.ensure_future(event.wait()) for event in (changed, stopping)]
    try:
        done, _ = await asyncio.wait(waits, timeout=max(seconds, 0), return_when=asyncio.FIRST_COMPLETED)
        return bool(done)
    finally:
        for wait in waits:
            wait.cancel()


def _line(kind: str, obj: bytes) -> bytes:
    return b'{"type":"' + kind.encode() + b'","object":' + obj + b"}\n"


def _events(changes: Iterable[Change], query: Query, view: representation.View) -> Iterable[bytes]:
    """Tell changes as the selector sees them: an object that starts to match is added, one that stops is deleted."""
    for change in changes:
        before = change.before is not None and query.selects(change.before.obj)
        after = change.type != "DELETED" and query.selects(change.after.obj)
        kind: Any = {(False, True): "ADDED", (True, True): "MODIFIED", (True, False): "DELETED"}.get((before, after))
        if kind:
            left = kind == "DELETED" and change.type != "DELETED"
            yield _line(kind, view.watch_object(change.before if left and change.before else change.after))
