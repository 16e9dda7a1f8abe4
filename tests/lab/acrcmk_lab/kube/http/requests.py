"""The path and the query of a request."""

import dataclasses
import re
from typing import Final

from aiohttp import web

from acrcmk_lab.kube.apimachinery import errors, field_errors
from acrcmk_lab.kube.registry.options import WriteOptions

_PATH: Final = re.compile(
    r"/(?:api/(?P<core>v1)|apis/(?P<group>[^/]+)/(?P<version>[^/]+))"
    r"(?:/namespaces/(?P<namespace>[^/]+)(?=/(?!status$|finalize$)))?"
    r"/(?P<plural>[^/]+)(?:/(?P<name>[^/]+)(?:/(?P<subresource>[^/]+))?)?/?"
)
_MAX_MANAGER_LENGTH: Final = 128
_TRUE: Final = {"1", "true", ""}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Target:
    """What a path refers to; parts that it does not have are empty."""

    group: str
    version: str
    plural: str
    namespace: str
    name: str
    subresource: str


def target(path: str) -> Target | None:
    """Parse the path of a resource; None for any other path."""
    match = _PATH.fullmatch(path)
    if not match:
        return None
    return Target(
        group=match["group"] or "",
        version=match["version"] or match["core"],
        plural=match["plural"],
        namespace=match["namespace"] or "",
        name=match["name"] or "",
        subresource=match["subresource"] or "",
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
        raise errors.bad_request(f"strconv.ParseInt: parsing {field_errors.quote(text)}: invalid syntax") from None


def write_options(request: web.Request, kind: str, *, is_apply: bool = False) -> WriteOptions:
    """Read the options of a create, an update or a patch; errors contain `kind`, such as `PatchOptions`.

    Raises `StatusError` (422).
    """
    query, problems = request.query, []
    dry_run, manager = query.getall("dryRun", []), query.get("fieldManager", "")
    if any(value != "All" for value in dry_run):
        problems.append(field_errors.not_supported("dryRun", dry_run, ["All"]))
    if kind == "PatchOptions" and flag(request, "force") and not is_apply:
        problems.append(field_errors.forbidden("force", "may not be specified for non-apply patch"))
    if is_apply and not manager:
        problems.append(field_errors.required("fieldManager", "is required for apply patch"))
    if len(manager) > _MAX_MANAGER_LENGTH:
        problems.append(field_errors.too_long("fieldManager", _MAX_MANAGER_LENGTH))
    validation = query.get("fieldValidation") or "Warn"
    if validation not in {"Ignore", "Warn", "Strict"}:
        problems.append(field_errors.not_supported("fieldValidation", validation, ["", "Ignore", "Strict", "Warn"]))
    if problems:
        raise errors.invalid("meta.k8s.io", kind, "", problems)
    agent = request.headers.get("User-Agent", "unknown").partition("/")[0]
    return WriteOptions(
        manager=manager or agent[:_MAX_MANAGER_LENGTH],
        dry_run=bool(dry_run),
        force=flag(request, "force"),
        validation=validation,  # type: ignore[arg-type]  # checked above
    )
