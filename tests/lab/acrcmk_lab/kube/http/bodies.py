"""Request bodies: JSON, YAML or protobuf in, a plain object out, and the real server's words for what is wrong."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import yaml
from aiohttp import web

from acrcmk_lab.kube import errors, objects, protobuf, resources
from acrcmk_lab.kube.objects import Object

JSON: Final = "application/json"
YAML: Final = "application/yaml"
PROTOBUF: Final = "application/vnd.kubernetes.protobuf"
_SUMMARY: Final = 30
_TYPE_STRUCT: Final = (
    r'struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }'
)


class UndecodableError(ValueError):
    """A body that cannot be decoded; the text is that of Go's decoders."""


class _Loader(yaml.CSafeLoader):
    """YAML without timestamps: what looks like a time stays text, as in JSON."""


_Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in rules if tag != "tag:yaml.org,2002:timestamp"]
    for letter, rules in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


class _Duplicates(dict[str, Any]):
    """A JSON object in which fields appeared more than once; `names` says which."""

    names: list[str]


@dataclass(frozen=True)
class Body:
    """A decoded body. `duplicates` are the paths of fields that were given more than once."""

    value: Any
    raw: bytes
    duplicates: tuple[str, ...] = ()


def require(value: Any, kind: type, *, go_type: str) -> None:
    """Check that a decoded body is an object or a list. Raises `UndecodableError`."""
    if not isinstance(value, kind):
        raise UndecodableError(f"json: cannot unmarshal {objects.json_type(value)} into Go value of type {go_type}")


def content_type(request: web.Request) -> str:
    return request.headers.get("Content-Type", "").partition(";")[0].strip()


async def read(request: web.Request) -> Body:
    """Read and decode a body by its content type, JSON where it has none.

    Raises `StatusError` (415) for another content type, `UndecodableError` for what cannot be decoded.
    """
    kind = content_type(request) or JSON
    if kind not in {JSON, YAML, PROTOBUF}:
        raise errors.unsupported_media_type([JSON, YAML, PROTOBUF])
    raw = await request.read()
    if kind == PROTOBUF and raw:
        return Body(_from_protobuf(raw), raw)
    return Body(yaml_value(raw), raw) if kind == YAML else from_json(raw)


def _from_protobuf(raw: bytes) -> Object:
    try:
        return protobuf.decode(raw)
    except protobuf.UnreadableError as error:
        raise UndecodableError(str(error)) from None


def from_json(raw: bytes) -> Body:
    """Decode JSON. Raises `UndecodableError`."""
    try:
        value = json.loads(raw, object_pairs_hook=_pairs)
    except json.JSONDecodeError as error:
        raise UndecodableError(_json_problem(error)) from None
    return Body(value, raw, tuple(_duplicates(value, "")))


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    marked = _Duplicates(found)
    names = [name for name, _ in pairs]
    marked.names = [name for place, name in enumerate(names) if name in names[:place]]
    return marked


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


def yaml_value(raw: bytes) -> Any:
    """Decode YAML. Raises `UndecodableError`."""
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
        raise UndecodableError(f"yaml: {line}{getattr(error, 'problem', None) or error}") from None


def summary(raw: bytes) -> str:
    """Show the beginning of a body that was not understood."""
    if not raw:
        return "<empty>"
    shown = raw[:_SUMMARY].decode(errors="replace") if raw.startswith(b"{") else raw[:_SUMMARY].hex()
    return f"{shown} ..." if len(raw) > _SUMMARY else shown


async def read_object(request: web.Request, resource: resources.Resource) -> Body:
    """Read an object of the resource's kind. Raises `StatusError` (400, 415).

    A built-in object may leave its type out, as kopf does when it posts events; a custom one may not.
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
def _unrecognized(resource: resources.Resource, raw: bytes) -> Iterator[None]:
    try:
        yield
    except UndecodableError as error:
        read = "" if str(error).startswith("yaml:") else "couldn't get version/kind; json parse error: "
        raise errors.bad_request(_unrecognized_text(resource, f"{read}{error}", raw)) from None


def _unrecognized_text(resource: resources.Resource, why: str, raw: bytes) -> str:
    return f"the object provided is unrecognized (must be of type {resource.kind}): {why} ({summary(raw)})"


def _require_version(value: Object, resource: resources.Resource) -> None:
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
            f'no kind "{kind}" is registered for version "{version}" in scheme "pkg/runtime/scheme.go:111"'
        )


async def read_options(request: web.Request) -> Object:
    """Read the options of a delete; empty where there are none. Raises `StatusError` (400)."""
    raw = await request.read()
    if not raw:
        return {}
    value: Object
    try:
        value = (await read(request)).value
        require(value, dict, go_type=_TYPE_STRUCT)
    except UndecodableError as error:
        raise errors.bad_request(f"couldn't get version/kind; json parse error: {error}") from None
    if value.get("kind") not in {None, "", "DeleteOptions"}:
        kind, version = value["kind"], value.get("apiVersion") or "meta.k8s.io/v1"
        text = f'no kind "{kind}" is registered for version "{version}" in scheme "pkg/runtime/scheme.go:111"'
        raise errors.bad_request(text)
    return value
