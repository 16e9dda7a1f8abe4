"""What a request is about: its path, its query, and the forms of body and answer it speaks."""

import re
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from acrcmk_lab.kube import errors, fielderrors, writes
from acrcmk_lab.kube.bodies import JSON, YAML

_PATH: Final = re.compile(
    r"/(?:api/(?P<core>v1)|apis/(?P<group>[^/]+)/(?P<version>[^/]+))"
    r"(?:/namespaces/(?P<namespace>[^/]+)(?=/(?!status$|finalize$)))?"
    r"/(?P<plural>[^/]+)(?:/(?P<name>[^/]+)(?:/(?P<subresource>[^/]+))?)?/?"
)
_LONGEST_MANAGER: Final = 128
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


def write_options(request: web.Request, kind: str, *, applies: bool = False) -> writes.Options:
    """Read the options of a create, an update or a patch; `kind` names them in a refusal, as `PatchOptions`.

    Raises `StatusError` (422).
    """
    query, problems = request.query, []
    dry_run, manager = query.getall("dryRun", []), query.get("fieldManager", "")
    if any(value != "All" for value in dry_run):
        problems.append(fielderrors.not_supported("dryRun", dry_run, ["All"]))
    if kind == "PatchOptions" and flag(request, "force") and not applies:
        problems.append(fielderrors.forbidden("force", "may not be specified for non-apply patch"))
    if applies and not manager:
        problems.append(fielderrors.required("fieldManager", "is required for apply patch"))
    if len(manager) > _LONGEST_MANAGER:
        problems.append(fielderrors.too_long("fieldManager", _LONGEST_MANAGER))
    validation = query.get("fieldValidation") or "Warn"
    if validation not in {"Ignore", "Warn", "Strict"}:
        problems.append(fielderrors.not_supported("fieldValidation", validation, ["", "Ignore", "Strict", "Warn"]))
    if problems:
        raise errors.invalid("meta.k8s.io", kind, "", problems)
    agent = request.headers.get("User-Agent", "unknown").partition("/")[0]
    return writes.Options(
        manager=manager or agent[:_LONGEST_MANAGER],
        dry_run=bool(dry_run),
        force=flag(request, "force"),
        validation=validation,  # type: ignore[arg-type]  # checked above
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
    raise errors.not_acceptable()
