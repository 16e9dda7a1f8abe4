"""Refusals of the API, each a `Status` object worded as k8s.io/apimachinery/pkg/api/errors words it."""

from collections.abc import Sequence
from typing import Any

from acrcmk_lab.kube import fielderrors
from acrcmk_lab.kube.objects import Object


class StatusError(Exception):
    """A refusal: the HTTP `code`, and the body as a `Status` object."""

    def __init__(
        self, message: str, *, code: int, reason: str, details: Object | None = None, headers: Object | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.details = details
        self.headers = headers or {}

    @property
    def status(self) -> Object:
        """The `Status` object that clients get."""
        body: Object = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": str(self),
            "reason": self.reason,
            "details": self.details,
            "code": self.code,
        }
        if not self.reason:
            del body["reason"]
        if self.details is None:
            del body["details"]
        return body


def qualified(name: str, group: str) -> str:
    """Return `name.group`, or the bare name in the core group."""
    return f"{name}.{group}" if group else name


def _details(group: str, kind: str, **more: Any) -> Object:
    details = {"name": more.pop("name", ""), "group": group, "kind": kind, **more}
    return {key: value for key, value in details.items() if value}


def not_found(group: str, plural: str, name: str) -> StatusError:
    return StatusError(
        f"{qualified(plural, group)} {fielderrors.quote(name)} not found",
        code=404,
        reason="NotFound",
        details=_details(group, plural, name=name),
    )


def already_exists(group: str, plural: str, name: str) -> StatusError:
    return StatusError(
        f"{qualified(plural, group)} {fielderrors.quote(name)} already exists",
        code=409,
        reason="AlreadyExists",
        details=_details(group, plural, name=name),
    )


def conflict(group: str, plural: str, name: str, why: str) -> StatusError:
    return StatusError(
        f"Operation cannot be fulfilled on {qualified(plural, group)} {fielderrors.quote(name)}: {why}",
        code=409,
        reason="Conflict",
        details=_details(group, plural, name=name),
    )


STALE = "the object has been modified; please apply your changes to the latest version and try again"


def apply_conflict(message: str, causes: list[Object]) -> StatusError:
    return StatusError(message, code=409, reason="Conflict", details={"causes": causes})


def forbidden(group: str, plural: str, name: str, why: str, *, causes: list[Object] | None = None) -> StatusError:
    subject = f"{qualified(plural, group)} {fielderrors.quote(name)}" if name else qualified(plural, group)
    return StatusError(
        f"{subject} is forbidden: {why}",
        code=403,
        reason="Forbidden",
        details=_details(group, plural, name=name, causes=causes),
    )


def invalid(group: str, kind: str, name: str, problems: Sequence[fielderrors.FieldError]) -> StatusError:
    text = f"{qualified(kind, group)} {fielderrors.quote(name)} is invalid"
    if problems:
        text += ": " + fielderrors.aggregate([str(problem) for problem in problems])
    causes = [{"reason": p.type, "message": p.body, "field": p.field} for p in problems]
    return StatusError(text, code=422, reason="Invalid", details=_details(group, kind, name=name, causes=causes))


def bad_request(message: str) -> StatusError:
    return StatusError(message, code=400, reason="BadRequest")


def unauthorized() -> StatusError:
    return StatusError("Unauthorized", code=401, reason="Unauthorized")


def unsupported_verb(group: str, plural: str, verb: str) -> StatusError:
    return StatusError(
        f"{verb} is not supported on resources of kind {fielderrors.quote(qualified(plural, group))}",
        code=405,
        reason="MethodNotAllowed",
        details=_details(group, plural),
    )


def method_not_allowed() -> StatusError:
    return _generic("the server does not allow this method on the requested resource", 405, "MethodNotAllowed")


def _generic(message: str, code: int, reason: str) -> StatusError:
    """A refusal that the real server's router makes, before any handler."""
    return StatusError(message, code=code, reason=reason, details={})


def no_such_resource() -> StatusError:
    return _generic("the server could not find the requested resource", 404, "NotFound")


def unsupported_media_type(supported: Sequence[str]) -> StatusError:
    told = ", ".join(supported)
    text = f"the body of the request was in an unknown format - accepted media types include: {told}"
    return StatusError(text, code=415, reason="UnsupportedMediaType")


def unknown_media_type() -> StatusError:
    return _generic("415: Unsupported Media Type", 415, "UnsupportedMediaType")


def not_acceptable() -> StatusError:
    types = ("application/json", "application/yaml", "application/vnd.kubernetes.protobuf")
    text = f"only the following media types are accepted: {', '.join(types)}"
    return StatusError(text, code=406, reason="NotAcceptable")


def future_version(asked: int, current: int) -> StatusError:
    return StatusError(
        f"Timeout: Too large resource version: {asked}, current: {current}",
        code=504,
        reason="Timeout",
        details={
            "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
            "retryAfterSeconds": 1,
        },
    )


def unexplained(message: str) -> StatusError:
    """A failure that the real server passes on without a reason."""
    return StatusError(message, code=500, reason="")


def expired(message: str) -> StatusError:
    return StatusError(message, code=410, reason="Expired")


def internal(message: str) -> StatusError:
    return StatusError(
        f"Internal error occurred: {message}",
        code=500,
        reason="InternalError",
        details={"causes": [{"message": message}]},
    )
