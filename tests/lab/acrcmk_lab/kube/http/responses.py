"""Encode objects and lists: as JSON or YAML; the object itself, its metadata, or a table."""

import dataclasses
import datetime
from collections.abc import Iterable, Sequence
from typing import Final

import yaml
from aiohttp import web

from acrcmk_lab.kube.apimachinery import objects
from acrcmk_lab.kube.apimachinery.objects import Object
from acrcmk_lab.kube.http import media_types, table
from acrcmk_lab.kube.http.media_types import MediaType
from acrcmk_lab.kube.registry import conversion
from acrcmk_lab.kube.registry.resources import Resource
from acrcmk_lab.kube.storage.stored import Stored

FORMS: Final = frozenset({"Table", "PartialObjectMetadata", "PartialObjectMetadataList"})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Page:
    """A part of a list; `token` is for `continue`."""

    items: Sequence[Stored]
    token: str = ""
    remaining: int | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class View:
    """How one client requests one resource: version, media type, form; `include` is its `includeObject`."""

    resource: Resource
    media_type: MediaType
    now: datetime.datetime
    include: str = "Metadata"

    @classmethod
    def of(cls, request: web.Request, resource: Resource, *, now: datetime.datetime) -> "View":
        """Return the view that a request negotiates. Raises `StatusError` (406)."""
        include = request.query.get("includeObject") or "Metadata"
        media_type = media_types.negotiate(request, FORMS)
        return cls(resource=resource, media_type=media_type, now=now, include=include)

    def encode(self, stored: Stored, *, header: bool = True) -> bytes:
        """Return one object in this view, JSON."""
        obj = conversion.to_version(stored.obj, self.resource)
        if not self.media_type.form:
            return stored.encoded if obj is stored.obj else objects.encode(obj)
        if self.media_type.form == "Table":
            metadata = {"resourceVersion": obj["metadata"].get("resourceVersion", "")}
            return objects.encode(self._table([obj], metadata, header=header))
        return objects.encode(_partial(obj))

    def _encode_item(self, stored: Stored) -> bytes:
        """Return one item of a list, JSON; built-in items are without `apiVersion` and `kind`."""
        if self.media_type.form or self.resource.custom:
            return self.encode(stored)
        obj = conversion.to_version(stored.obj, self.resource)
        return objects.encode({key: value for key, value in obj.items() if key not in {"apiVersion", "kind"}})

    def bookmark(self, obj: Object, *, header: bool) -> Object:
        """Return a bookmark's object in this view."""
        if self.media_type.form == "Table":
            return self._table([obj], {"resourceVersion": obj["metadata"]["resourceVersion"]}, header=header)
        return _partial(obj) if self.media_type.form else obj

    def _table(self, items: Sequence[Object], metadata: Object, *, header: bool = True) -> Object:
        return table.render(
            self.resource.columns, items, metadata=metadata, now=self.now, include=self.include, header=header
        )

    def response(self, stored: Stored, *, status: int = 200, warnings: Iterable[str] = ()) -> web.Response:
        return self._respond(self.encode(stored), status=status, warnings=warnings)

    def object_response(self, obj: Object, *, status: int = 200) -> web.Response:
        return self._respond(objects.encode(obj), status=status)

    def list_response(self, page: Page, *, revision: int) -> web.Response:
        metadata: Object = {"resourceVersion": str(revision)}
        if self.resource.custom and not self.media_type.form:
            metadata["continue"] = ""
        if page.token:
            metadata["continue"] = page.token
            if page.remaining is not None:
                metadata["remainingItemCount"] = page.remaining
        if self.media_type.form == "Table":
            shown = [conversion.to_version(stored.obj, self.resource) for stored in page.items]
            return self._respond(objects.encode(self._table(shown, metadata)))
        partial = bool(self.media_type.form)
        head = {
            "kind": "PartialObjectMetadataList" if partial else self.resource.list_kind,
            "apiVersion": "meta.k8s.io/v1" if partial else self.resource.api_version,
            "metadata": metadata,
        }
        items = b",".join(map(self._encode_item, page.items))
        return self._respond(objects.encode(head)[:-1] + b',"items":[' + items + b"]}")

    def _respond(self, body: bytes, *, status: int = 200, warnings: Iterable[str] = ()) -> web.Response:
        if self.media_type.type == media_types.YAML:
            body = yaml.safe_dump(yaml.safe_load(body), sort_keys=True).encode()
        response = web.Response(body=body, status=status, content_type=self.media_type.type)
        for warning in warnings:
            escaped = warning.replace("\\", "\\\\").replace('"', '\\"')
            response.headers.add("Warning", f'299 - "{escaped}"')
        return response


def _partial(obj: Object) -> Object:
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}
