"""Media types, and the negotiation of the response's media type."""

import dataclasses
from typing import Final

from aiohttp import web

from acrcmk_lab.kube.apimachinery import errors

JSON: Final = "application/json"
YAML: Final = "application/yaml"
PROTOBUF: Final = "application/vnd.kubernetes.protobuf"


@dataclasses.dataclass(frozen=True, kw_only=True)
class MediaType:
    """One media type that a client accepts."""

    type: str
    parameters: dict[str, str]

    @property
    def form(self) -> str:
        """The value of `as=`, such as `Table` or `PartialObjectMetadata`; empty for the object itself."""
        return self.parameters.get("as", "")


def accepted(request: web.Request) -> list[MediaType]:
    """Return what the client accepts, in its order; JSON without an `Accept` header."""
    media_types = []
    for part in ",".join(request.headers.getall("Accept", [])).split(","):
        name, *rest = (piece.strip() for piece in part.split(";"))
        parameters = dict(piece.split("=", 1) for piece in rest if "=" in piece)
        if name:
            media_types.append(MediaType(type=name, parameters=parameters))
    return media_types or [MediaType(type=JSON, parameters={})]


def negotiate(request: web.Request, forms: frozenset[str] = frozenset()) -> MediaType:
    """Choose the first accepted media type that can be served, with one of `forms` or the plain object.

    Raises `StatusError` (406).
    """
    for media_type in accepted(request):
        if media_type.form and media_type.form not in forms:
            continue
        if media_type.type in {JSON, YAML}:
            return media_type
        if media_type.type in {"*/*", "application/*"}:
            return MediaType(type=JSON, parameters={})
    raise errors.not_acceptable()
