"""Decode request bodies: JSON, YAML or protobuf, with the error messages of the real server."""

import contextlib
import dataclasses
import json
from collections.abc import Iterator
from typing import Any, Final

import yaml
from aiohttp import web

from acrcmk_lab.kube.apimachinery import errors, objects
from acrcmk_lab.kube.apimachinery.objects import Object
from acrcmk_lab.kube.http import protobuf
from acrcmk_lab.kube.http.media_types import JSON, PROTOBUF, YAML
from acrcmk_lab.kube.registry.resources import Resource

IN_SCHEME: Final = 'in scheme "pkg/runtime/scheme.go:111"'
"""The end of the real server's messages about kinds that it does not know."""
_SUMMARY_BYTES: Final = 30
_TYPE_STRUCT: Final = (
    r'struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }'
)


class DecodeError(ValueError):
    """A body that cannot be decoded; the message is that of Go's decoders."""


class _Loader(yaml.CSafeLoader):
    """YAML without timestamps: they stay strings, as in JSON."""


_Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in rules if tag != "tag:yaml.org,2002:timestamp"]
    for letter, rules in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


class _Duplicates(dict[str, Any]):
    """A JSON object with duplicate fields; `names` are those fields."""

    names: list[str]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Body:
    """A decoded body. `duplicates` are the paths of duplicate fields."""

    value: Any
    raw: bytes
    duplicates: tuple[str, ...] = ()


def require(value: Any, kind: type, *, go_type: str) -> None:
    """Check that a decoded body is an object or a list. Raises `DecodeError`."""
    if not isinstance(value, kind):
        raise DecodeError(f"json: cannot unmarshal {objects.json_type(value)} into Go value of type {go_type}")


def content_type(request: web.Request) -> str:
    return request.headers.get("Content-Type", "").partition(";")[0].strip()


async def read(request: web.Request) -> Body:
    """Read and decode a body by its content type, JSON where there is none.

    Raises `StatusError` (415) for another content type, `DecodeError`.
    """
    kind = content_type(request) or JSON
    if kind not in {JSON, YAML, PROTOBUF}:
        raise errors.unsupported_media_type([JSON, YAML, PROTOBUF])
    raw = await request.read()
    if kind == PROTOBUF and raw:
        return Body(value=_from_protobuf(raw), raw=raw)
    return Body(value=from_yaml(raw), raw=raw) if kind == YAML else from_json(raw)


def _from_protobuf(raw: bytes) -> Object:
    try:
        return protobuf.decode(raw)
    except protobuf.UnreadableError as error:
        raise DecodeError(str(error)) from None


def from_json(raw: bytes) -> Body:
    """Decode JSON. Raises `DecodeError`."""
    try:
        value = json.loads(raw, object_pairs_hook=_pairs)
    except json.JSONDecodeError as error:
        raise DecodeError(_json_problem(error)) from None
    return Body(value=value, raw=raw, duplicates=tuple(_duplicates(value, "")))


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    obj = dict(pairs)
    if len(obj) == len(pairs):
        return obj
    with_duplicates = _Duplicates(obj)
    names = [name for name, _ in pairs]
    with_duplicates.names = [name for place, name in enumerate(names) if name in names[:place]]
    return with_duplicates


def _duplicates(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name, item in value.items():
            where = f"{path}.{name}" if path else name
            if isinstance(value, _Duplicates) and name in value.names:
                yield where
            yield from _duplicates(item, where)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _duplicates(item, f"{path}[{index}]")


def _json_problem(error: json.JSONDecodeError) -> str:
    rest = error.doc[error.pos :].lstrip()
    if not rest:
        return "unexpected end of JSON input"
    where = "after top-level value" if error.msg == "Extra data" else "looking for beginning of value"
    return f"invalid character '{rest[0]}' {where}"


def from_yaml(raw: bytes) -> Any:
    """Decode YAML. Raises `DecodeError`."""
    try:
        # JSON is YAML, and most YAML bodies are JSON, which reads a hundred times faster.
        return json.loads(raw)
    except ValueError:
        pass
    try:
        return yaml.load(raw, Loader=_Loader)  # noqa: S506 - a CSafeLoader without timestamps
    except yaml.YAMLError as error:
        place = getattr(error, "problem_mark", None)
        line = f"line {max(place.line, 1)}: " if place else ""
        raise DecodeError(f"yaml: {line}{getattr(error, 'problem', None) or error}") from None


def summary(raw: bytes) -> str:
    """Return the beginning of a body, for error messages."""
    if not raw:
        return "<empty>"
    shown = raw[:_SUMMARY_BYTES].decode(errors="replace") if raw.startswith(b"{") else raw[:_SUMMARY_BYTES].hex()
    return f"{shown} ..." if len(raw) > _SUMMARY_BYTES else shown


async def read_object(request: web.Request, resource: Resource) -> Body:
    """Read an object of the resource's kind. Raises `StatusError` (400, 415).

    Only a built-in object may omit its type, as kopf does when it posts events.
    """
    raw = await request.read()
    with _unrecognized(resource, raw):
        body = await read(request)
        value = body.value
        require(value, dict, go_type=_TYPE_STRUCT)
        if not resource.custom:
            value["apiVersion"] = value.get("apiVersion") or resource.api_version
            value["kind"] = value.get("kind") or resource.kind
    if not value.get("kind"):
        missing = f"Object 'Kind' is missing in '{raw.decode()}'"
        raise errors.bad_request(_unrecognized_text(resource, missing, raw))
    _require_version(value, resource)
    return body


@contextlib.contextmanager
def _unrecognized(resource: Resource, raw: bytes) -> Iterator[None]:
    try:
        yield
    except DecodeError as error:
        read = "" if str(error).startswith("yaml:") else "couldn't get version/kind; json parse error: "
        raise errors.bad_request(_unrecognized_text(resource, f"{read}{error}", raw)) from None


def _unrecognized_text(resource: Resource, why: str, raw: bytes) -> str:
    return f"the object provided is unrecognized (must be of type {resource.kind}): {why} ({summary(raw)})"


def _require_version(value: Object, resource: Resource) -> None:
    version, kind = value.get("apiVersion", ""), value["kind"]
    if resource.custom:
        if version != resource.api_version:
            raise errors.bad_request(
                f"the API version in the data ({version}) does not match the expected API version "
                f"({resource.api_version})"
            )
    elif (version, kind) != (resource.api_version, resource.kind):
        raise errors.bad_request(
            f'{kind} in version "{version.rpartition("/")[2]}" cannot be handled as a {resource.kind}: '
            f'no kind "{kind}" is registered for version "{version}" {IN_SCHEME}'
        )


async def read_delete_options(request: web.Request) -> Object:
    """Read the `DeleteOptions` in a body; empty without a body. Raises `StatusError` (400)."""
    raw = await request.read()
    if not raw:
        return {}
    value: Object
    try:
        value = (await read(request)).value
        require(value, dict, go_type=_TYPE_STRUCT)
    except DecodeError as error:
        raise errors.bad_request(f"couldn't get version/kind; json parse error: {error}") from None
    if value.get("kind") not in {None, "", "DeleteOptions"}:
        kind, version = value["kind"], value.get("apiVersion") or "meta.k8s.io/v1"
        text = f'no kind "{kind}" is registered for version "{version}" {IN_SCHEME}'
        raise errors.bad_request(text)
    return value
