"""Errors of the API, each a `Status` object with the text of k8s.io/apimachinery/pkg/api/errors."""

from collections.abc import Sequence
from typing import Any, Final

from acrcmk_lab.kube.apimachinery import field_errors
from acrcmk_lab.kube.apimachinery.objects import Object


class StatusError(Exception):
    """An error response: the HTTP `code`, and the body as a `Status` object."""

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
        f"{qualified(plural, group)} {field_errors.quote(name)} not found",
        code=404,
        reason="NotFound",
        details=_details(group, plural, name=name),
    )


def already_exists(group: str, plural: str, name: str) -> StatusError:
    return StatusError(
        f"{qualified(plural, group)} {field_errors.quote(name)} already exists",
        code=409,
        reason="AlreadyExists",
        details=_details(group, plural, name=name),
    )


def conflict(group: str, plural: str, name: str, why: str) -> StatusError:
    return StatusError(
        f"Operation cannot be fulfilled on {qualified(plural, group)} {field_errors.quote(name)}: {why}",
        code=409,
        reason="Conflict",
        details=_details(group, plural, name=name),
    )


MODIFIED: Final = "the object has been modified; please apply your changes to the latest version and try again"


def apply_conflict(message: str, causes: list[Object]) -> StatusError:
    return StatusError(message, code=409, reason="Conflict", details={"causes": causes})


def forbidden(group: str, plural: str, name: str, why: str, *, causes: list[Object] | None = None) -> StatusError:
    subject = f"{qualified(plural, group)} {field_errors.quote(name)}" if name else qualified(plural, group)
    return StatusError(
        f"{subject} is forbidden: {why}",
        code=403,
        reason="Forbidden",
        details=_details(group, plural, name=name, causes=causes),
    )


def invalid(group: str, kind: str, name: str, problems: Sequence[field_errors.FieldError]) -> StatusError:
    text = f"{qualified(kind, group)} {field_errors.quote(name)} is invalid"
    if problems:
        text += ": " + field_errors.aggregate([str(problem) for problem in problems])
    causes = [{"reason": p.type, "message": p.body, "field": p.field} for p in problems]
    return StatusError(text, code=422, reason="Invalid", details=_details(group, kind, name=name, causes=causes))


def undeterminable_name(name: str) -> StatusError:
    """Return the error about an object without a name; `name` is that of the path."""
    return bad_request(f"the name of the object ({name} based on URL) was undeterminable: name must be provided")


def bad_request(message: str) -> StatusError:
    return StatusError(message, code=400, reason="BadRequest")


def unauthorized() -> StatusError:
    return StatusError("Unauthorized", code=401, reason="Unauthorized")


def unsupported_verb(group: str, plural: str, verb: str) -> StatusError:
    return StatusError(
        f"{verb} is not supported on resources of kind {field_errors.quote(qualified(plural, group))}",
        code=405,
        reason="MethodNotAllowed",
        details=_details(group, plural),
    )


def method_not_allowed() -> StatusError:
    return _generic("the server does not allow this method on the requested resource", 405, "MethodNotAllowed")


def _generic(message: str, code: int, reason: str) -> StatusError:
    """Return an error of the real server's router, which it makes before any handler."""
    return StatusError(message, code=code, reason=reason, details={})


def no_such_resource() -> StatusError:
    return _generic("the server could not find the requested resource", 404, "NotFound")


def unsupported_media_type(supported: Sequence[str]) -> StatusError:
    accepted = ", ".join(supported)
    text = f"the body of the request was in an unknown format - accepted media types include: {accepted}"
    return StatusError(text, code=415, reason="UnsupportedMediaType")


def unknown_media_type() -> StatusError:
    return _generic("415: Unsupported Media Type", 415, "UnsupportedMediaType")


def not_acceptable() -> StatusError:
    types = ("application/json", "application/yaml", "application/vnd.kubernetes.protobuf")
    text = f"only the following media types are accepted: {', '.join(types)}"
    return StatusError(text, code=406, reason="NotAcceptable")


def future_version(requested: int, current: int) -> StatusError:
    return StatusError(
        f"Timeout: Too large resource version: {requested}, current: {current}",
        code=504,
        reason="Timeout",
        details={
            "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
            "retryAfterSeconds": 1,
        },
    )


def no_reason(message: str) -> StatusError:
    """Return an internal error for which the real server sets no reason."""
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
