"""How objects and lists are sent: as JSON or YAML, as the object itself, its metadata, or a table."""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import yaml
from aiohttp import web

from acrcmk_lab.kube import bodies, conversion, objects, requests, resources, table
from acrcmk_lab.kube.objects import Object
from acrcmk_lab.kube.store import Stored

FORMS: Final = frozenset({"Table", "PartialObjectMetadata", "PartialObjectMetadataList"})


@dataclass(frozen=True)
class Page:
    """A part of a list; `token` continues it."""

    items: Sequence[Stored]
    token: str = ""
    remaining: int | None = None


@dataclass(frozen=True)
class View:
    """How one client wants to see one resource."""

    resource: resources.Resource
    media: requests.Media
    now: datetime.datetime
    include: str = "Metadata"
    _header: list[bool] = field(default_factory=lambda: [True])

    @classmethod
    def of(cls, request: web.Request, resource: resources.Resource, *, now: datetime.datetime) -> "View":
        """Negotiate. Raises `StatusError` (406)."""
        include = request.query.get("includeObject") or "Metadata"
        return cls(resource, requests.negotiate(request, FORMS), now, include)

    def encode(self, stored: Stored) -> bytes:
        """Return one object in this view, JSON."""
        obj = conversion.to_version(stored.obj, self.resource)
        if not self.media.form:
            return stored.encoded if obj is stored.obj else objects.encode(obj)
        if self.media.form == "Table":
            return objects.encode(self._table([obj], {"resourceVersion": obj["metadata"].get("resourceVersion", "")}))
        return objects.encode(_partial(obj))

    def _encode_item(self, stored: Stored) -> bytes:
        """Return one object within a list, where built-in objects do not say what they are."""
        if self.media.form or self.resource.custom:
            return self.encode(stored)
        obj = conversion.to_version(stored.obj, self.resource)
        return objects.encode({key: value for key, value in obj.items() if key not in {"apiVersion", "kind"}})

    def watch_object(self, stored: Stored) -> bytes:
        """Return one object for a watch: a table brings its header with the first event only."""
        encoded = self.encode(stored)
        self._header[0] = False
        return encoded

    def bookmark(self, obj: Object) -> Object:
        """Return a bookmark's object in this view."""
        if self.media.form == "Table":
            return self._table([obj], {"resourceVersion": obj["metadata"]["resourceVersion"]})
        return _partial(obj) if self.media.form else obj

    def _table(self, items: Sequence[Object], metadata: Object) -> Object:
        return table.render(
            self.resource.columns, items, metadata=metadata, now=self.now, include=self.include, header=self._header[0]
        )

    def response(self, stored: Stored, *, status: int = 200, warnings: Iterable[str] = ()) -> web.Response:
        return self._respond(self.encode(stored), status=status, warnings=warnings)

    def object_response(self, obj: Object, *, status: int = 200) -> web.Response:
        return self._respond(objects.encode(obj), status=status)

    def list_response(self, page: Page, *, revision: int) -> web.Response:
        metadata: Object = {"resourceVersion": str(revision)}
        if self.resource.custom and not self.media.form:
            metadata["continue"] = ""
        if page.token:
            metadata["continue"] = page.token
            if page.remaining is not None:
                metadata["remainingItemCount"] = page.remaining
        if self.media.form == "Table":
            shown = [conversion.to_version(stored.obj, self.resource) for stored in page.items]
            return self._respond(objects.encode(self._table(shown, metadata)))
        partial = bool(self.media.form)
        head = {
            "kind": "PartialObjectMetadataList" if partial else self.resource.list_kind,
            "apiVersion": "meta.k8s.io/v1" if partial else self.resource.api_version,
            "metadata": metadata,
        }
        items = b",".join(map(self._encode_item, page.items))
        return self._respond(objects.encode(head)[:-1] + b',"items":[' + items + b"]}")

    def _respond(self, body: bytes, *, status: int = 200, warnings: Iterable[str] = ()) -> web.Response:
        if self.media.type == bodies.YAML:
            body = yaml.safe_dump(yaml.safe_load(body), sort_keys=True).encode()
        response = web.Response(body=body, status=status, content_type=self.media.type)
        for warning in warnings:
            escaped = warning.replace("\\", "\\\\").replace('"', '\\"')
            response.headers.add("Warning", f'299 - "{escaped}"')
        return response


def _partial(obj: Object) -> Object:
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}
