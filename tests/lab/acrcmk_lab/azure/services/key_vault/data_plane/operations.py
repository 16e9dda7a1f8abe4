"""The operations of a vault's endpoint, their calls, and pages of lists."""

import base64
import binascii
import dataclasses
import re
from collections.abc import Callable, Iterable
from typing import Literal, Protocol

from acrcmk_lab.azure.arm import errors
from acrcmk_lab.azure.arm.messages import AzureError, Body, Request, Response
from acrcmk_lab.azure.services.key_vault import models
from acrcmk_lab.azure.services.key_vault.models import Vault
from acrcmk_lab.azure.state.directory import Principal

PAGE_SIZE = 25
_NEWER, _OLDER = (8, 0), (6, 0)
"""Dated versions follow 7.6; the two oldest came before 7.0."""
_DAYS_SINCE = (7, 1)
_HELP_SINCE = (1, 2)
"""Recorded: the release of early 2021, in recordings of azure-sdk-for-js, adds a link to the message."""
_NUMBERED = re.compile(r"7\.([0-6])(?:-preview(?:\.\d+)?)?")
_DATED = {"2015-06-01": _OLDER, "2016-10-01": _OLDER, "2025-06-01-preview": _NEWER, "2025-07-01": _NEWER}

Version = tuple[int, int]
Area = Literal["keys", "secrets", "certificates"]


def release(text: str) -> tuple[int, ...]:
    """Read a service version, `1.9.501.1`, so that later ones compare greater."""
    return tuple(int(part) for part in text.split("."))


def api_version(text: str) -> Version | None:
    """Read an api-version so that later ones compare greater; None for one that is not supported."""
    match = _NUMBERED.fullmatch(text)
    return (7, int(match[1])) if match else _DATED.get(text)


@dataclasses.dataclass(kw_only=True, slots=True)
class Call:
    """One request to a vault: `names` are the parts of the path in place of `*`.

    `url` is the vault's own, without slash; `release` the version of the service that answers.
    """

    request: Request
    vault: Vault
    caller: Principal
    names: tuple[str, ...]
    version: Version
    release: tuple[int, ...]
    url: str

    @property
    def body(self) -> Body:
        """The request's JSON object; empty without one."""
        return self.request.body if isinstance(self.request.body, dict) else {}

    @property
    def attributes(self) -> Body:
        """The attributes in the request, without nulls."""
        attributes = self.body.get("attributes")
        return (
            {name: value for name, value in attributes.items() if value is not None}
            if isinstance(attributes, dict)
            else {}
        )


Handler = Callable[[Call], Response]


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """One REST operation: method, path with `*` for names, and the required permission.

    `permission` is the permission of access policies, `action` the data action under `Microsoft.KeyVault/vaults/`.
    """

    method: str
    path: str
    handler: Handler
    area: Area
    permission: str
    action: str

    def names(self, path: str) -> tuple[str, ...] | None:
        """Return the parts of a path in place of `*`; None for another path.

        The part of a version may be empty, for the current one: `keys/{name}//wrapkey`.
        """
        template_parts, path_parts = self.path.split("/"), path.strip("/").split("/")
        if len(template_parts) != len(path_parts):
            return None
        pairs = list(zip(template_parts, path_parts, strict=True))
        if any(template_part not in ("*", path_part.lower()) for template_part, path_part in pairs):
            return None
        return tuple(path_part for template_part, path_part in pairs if template_part == "*")


def operations(area: Area, rows: Iterable[tuple[str, str, Handler, str, str]]) -> list[Operation]:
    """Return an area's operations, given as method, path, handler, permission and data action in the area.

    The first that fits a request is taken: literal paths come before those with `*` in the same places.
    """
    return [
        Operation(
            method=method, path=path, handler=handler, area=area, permission=permission, action=f"{area}/{action}"
        )
        for method, path, handler, permission, action in rows
    ]


class Described(Protocol):
    """The members of every version of every kind of object; times are Unix times."""

    enabled: bool
    created: int
    updated: int
    expires: int | None
    not_before: int | None
    tags: dict[str, str]


def described(call: Call, version: Described, **more: object) -> Body:
    """Return attributes and tags; `more` are attributes of one kind; older api-versions have fewer members [R]."""
    attributes: Body = {"enabled": version.enabled}
    attributes |= {} if version.not_before is None else {"nbf": version.not_before}
    attributes |= {} if version.expires is None else {"exp": version.expires}
    attributes |= {"created": version.created, "updated": version.updated, **call.vault.recovery.attributes, **more}
    if call.version < _DAYS_SINCE:
        attributes.pop("recoverableDays", None)
    return {"attributes": attributes, **({"tags": version.tags} if version.tags else {})}


def not_found(error_id: str, *, call: Call, name: str) -> AzureError:
    """Return the error for a missing object."""
    return errors.error(error_id, name=name, help=models.HELP if call.release >= _HELP_SINCE else "")


def page(call: Call, rows: dict[str, Body]) -> Response:
    """Return one page of rows, which are sorted by their names; recorded: `nextLink` names the port."""
    size = _page_size(call)
    marker = _marker(call)
    names = [name for name in sorted(rows) if name > marker]
    body: Body = {"value": [rows[name] for name in names[:size]], "nextLink": None}
    if len(names) > size:
        token = base64.urlsafe_b64encode(names[size - 1].encode()).decode().rstrip("=")
        version, path = call.request.query["api-version"], call.request.path
        body["nextLink"] = f"{call.url}:443{path}?api-version={version}&$skiptoken={token}&maxresults={size}"
    return Response(200, body=body)


def _page_size(call: Call) -> int:
    size = call.request.query.get("maxresults", str(PAGE_SIZE))
    if not size.isdigit() or not 1 <= int(size) <= PAGE_SIZE:
        raise errors.error("KVD_BAD_PARAMETER", reason=f"maxresults must be from 1 to {PAGE_SIZE}")
    return int(size)


def _marker(call: Call) -> str:
    token = call.request.query.get("$skiptoken", "")
    try:
        return base64.b64decode(token + "=" * (-len(token) % 4), altchars="-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise errors.error("KVD_BAD_PARAMETER", reason="invalid skiptoken") from error
