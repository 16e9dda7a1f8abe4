"""What a request is about: its path, its query, and the forms of body and answer it speaks."""

import json
import re
from dataclasses import dataclass
from typing import Any, Final

import yaml
from aiohttp import web

from acrcmk_lab.kube import errors, fielderrors, protobuf, resources, writes
from acrcmk_lab.kube.objects import Object

JSON: Final = "application/json"
YAML: Final = "application/yaml"
PROTOBUF: Final = "application/vnd.kubernetes.protobuf"
_PATH: Final = re.compile(
    r"/(?:api/(?P<core>v1)|apis/(?P<group>[^/]+)/(?P<version>[^/]+))"
    r"(?:/namespaces/(?P<namespace>[^/]+)(?=/(?!status$|finalize$)))?"
    r"/(?P<plural>[^/]+)(?:/(?P<name>[^/]+)(?:/(?P<subresource>[^/]+))?)?/?"
)
_TRUE: Final = {"1", "true", ""}


@dataclass(frozen=True)
class Target:
    """The part of the API that a path names."""

    group: str
    version: str
    plural: str
    namespace: str
    name: str
    subresource: str


def target(path: str) -> Target | None:
    """Parse a resource path; None for any other."""
    found = _PATH.fullmatch(path)
    if not found:
        return None
    return Target(
        group=found["group"] or "",
        version=found["version"] or found["core"],
        plural=found["plural"],
        namespace=found["namespace"] or "",
        name=found["name"] or "",
        subresource=found["subresource"] or "",
    )


def flag(request: web.Request, name: str) -> bool:
    """Read a boolean of the query; present without a value means true."""
    return name in request.query and request.query[name].lower() in _TRUE


def number(request: web.Request, name: str) -> int | None:
    """Read a number of the query. Raises `StatusError` (400)."""
    text = request.query.get(name, "")
    if not text:
        return None
    try:
        return int(text)
    except ValueError:
        raise errors.bad_request(f"strconv.ParseInt: parsing {fielderrors.quote(text)}: invalid syntax") from None


def write_options(request: web.Request, kind: str) -> writes.Options:
    """Read the options of a create, an update or a patch; `kind` names them in a refusal, as `PatchOptions`."""
    query, problems = request.query, []
    dry_run = query.getall("dryRun", [])
    if any(value != "All" for value in dry_run):
        problems.append(fielderrors.not_supported("dryRun", dry_run, ["All"]))
    validation = query.get("fieldValidation") or "Warn"
    if validation not in {"Ignore", "Warn", "Strict"}:
        problems.append(fielderrors.not_supported("fieldValidation", validation, ["Ignore", "Strict", "Warn"]))
    if problems:
        raise errors.invalid("meta.k8s.io", kind, "", problems)
    agent = request.headers.get("User-Agent", "unknown").partition("/")[0]
    return writes.Options(
        manager=query.get("fieldManager") or agent[:128],
        dry_run=bool(dry_run),
        force=flag(request, "force"),
        validation=validation,  # type: ignore[arg-type]
    )


@dataclass(frozen=True)
class Media:
    """One media type that a client accepts."""

    type: str
    parameters: dict[str, str]

    @property
    def form(self) -> str:
        """`Table`, `PartialObjectMetadata`, ... as asked for with `as=`; empty for the object itself."""
        return self.parameters.get("as", "")


def accepted(request: web.Request) -> list[Media]:
    """Return what the client accepts, in its order; JSON where it does not say."""
    found = []
    for part in ",".join(request.headers.getall("Accept", [])).split(","):
        name, *rest = (piece.strip() for piece in part.split(";"))
        parameters = dict(piece.split("=", 1) for piece in rest if "=" in piece)
        if name:
            found.append(Media(name, parameters))
    return found or [Media(JSON, {})]


def negotiate(request: web.Request, forms: frozenset[str] = frozenset()) -> Media:
    """Choose the first accepted media type that can be served, with one of `forms` or the plain object.

    Raises `StatusError` (406).
    """
    for media in accepted(request):
        if media.form and media.form not in forms:
            continue
        if media.type in {JSON, YAML}:
            return media
        if media.type in {"*/*", "application/*"}:
            return Media(JSON, {})
    raise errors.not_acceptable([JSON, YAML, PROTOBUF])


async def body(request: web.Request, *, supported: tuple[str, ...] = (JSON, YAML, PROTOBUF)) -> Any:
    """Decode the body by its content type; None where it is empty.

    Raises `StatusError`: 415 for another content type, 400 for a body that cannot be read.
    """
    content_type = request.headers.get("Content-Type", "").partition(";")[0].strip() or JSON
    raw = await request.read()
    if not raw:
        return None
    if content_type not in supported:
        told = ", ".join(supported)
        raise errors.unsupported_media_type(
            f"the body of the request was in an unknown format - accepted media types include: {told}"
        )
    if content_type == PROTOBUF:
        return _parse_protobuf(raw)
    return parse(raw, yaml_allowed=content_type != JSON)


def _parse_protobuf(raw: bytes) -> Object:
    try:
        return protobuf.decode(raw)
    except protobuf.UnreadableError as error:
        raise errors.bad_request(str(error)) from None


class _JsonLoader(yaml.SafeLoader):
    """YAML as Kubernetes reads it: only JSON's types, so a timestamp stays text."""


_JsonLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def parse(raw: bytes, *, yaml_allowed: bool) -> Any:
    """Decode JSON or, where allowed, YAML. Raises `StatusError` (400)."""
    try:
        return yaml.load(raw, Loader=_JsonLoader) if yaml_allowed else json.loads(raw)  # noqa: S506 - a SafeLoader
    except (ValueError, yaml.YAMLError) as error:
        raise errors.bad_request(f"error decoding the body: {error}") from None


def require_object(value: Any, resource: resources.Resource) -> Object:
    """Check that a body is an object of the expected kind. Raises `StatusError` (400).

    A built-in object may leave its type out, as kopf does when it posts events; a custom one may not.
    """
    api_version, kind = resource.api_version, resource.kind
    if not isinstance(value, dict):
        raise errors.bad_request("couldn't get version/kind; json parse error: json: cannot unmarshal into an object")
    if not resource.custom:
        value["apiVersion"], value["kind"] = value.get("apiVersion") or api_version, value.get("kind") or kind
    for name, told in (("kind", "Kind"), ("apiVersion", "apiVersion")):
        if not value.get(name):
            raise errors.bad_request(f"Object '{told}' is missing in '{json.dumps(value, separators=(',', ':'))}'")
    if value["apiVersion"] != api_version:
        raise errors.bad_request(
            f"the API version in the data ({value['apiVersion']}) does not match "
            f"the expected API version ({api_version})"
        )
    if value["kind"] != kind:
        raise errors.bad_request(f"{value['kind']} in version {value['apiVersion']} cannot be handled as a {kind}")
    return value
