"""Errors about one field of an object, with the messages of k8s.io/apimachinery/pkg/util/validation/field."""

import dataclasses
import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

OMITTED: Final = object()
"""A bad value that is not printed."""

_TITLES: Final = {
    "FieldValueNotFound": "Not found",
    "FieldValueRequired": "Required value",
    "FieldValueDuplicate": "Duplicate value",
    "FieldValueInvalid": "Invalid value",
    "FieldValueTypeInvalid": "Invalid value",
    "FieldValueNotSupported": "Unsupported value",
    "FieldValueForbidden": "Forbidden",
    "FieldValueTooLong": "Too long",
    "FieldValueTooMany": "Too many",
    "InternalError": "Internal error",
}
_VALUELESS: Final = {"FieldValueRequired", "FieldValueForbidden", "FieldValueTooLong", "InternalError"}


def quote(text: str) -> str:
    """Quote as Go's %q does."""
    return json.dumps(text, ensure_ascii=False)


def go_number(value: float) -> str:
    """Print a number as Go's %v does: no fraction where there is none, and a two-digit exponent."""
    if isinstance(value, int):
        return str(value)
    text = repr(value)
    return text.removesuffix(".0")


class Verbatim(str):
    """A bad value that is printed as it is."""

    __slots__ = ()


def escape_html(text: str) -> str:
    """Escape what Go's encoding/json escapes for the sake of HTML."""
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def render(value: Any) -> str:
    """Print a bad value the way field errors do: text quoted, everything else as JSON."""
    if isinstance(value, Verbatim):
        return value
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, float):
        return go_number(value)
    return escape_html(json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False))


@dataclasses.dataclass(frozen=True, kw_only=True)
class FieldError:
    """An error: `type` is the cause's type in the Status, `field` a path as `spec.items[0].name`."""

    type: str
    field: str
    value: Any
    detail: str

    @property
    def body(self) -> str:
        """The message without the field's name."""
        text = _TITLES[self.type]
        if self.type not in _VALUELESS and self.value is not OMITTED:
            text += ": " + render(self.value)
        return f"{text}: {self.detail}" if self.detail else text

    def __str__(self) -> str:
        return f"{self.field}: {self.body}"


def invalid(field: str, value: Any, detail: str) -> FieldError:
    return FieldError(type="FieldValueInvalid", field=field, value=value, detail=detail)


def type_invalid(field: str, value: Any, detail: str) -> FieldError:
    return FieldError(type="FieldValueTypeInvalid", field=field, value=value, detail=detail)


def required(field: str, detail: str = "") -> FieldError:
    return FieldError(type="FieldValueRequired", field=field, value="", detail=detail)


def duplicate(field: str, value: Any) -> FieldError:
    return FieldError(type="FieldValueDuplicate", field=field, value=value, detail="")


def not_supported(field: str, value: Any, allowed: Iterable[Any]) -> FieldError:
    values = ", ".join(quote(item if isinstance(item, str) else render(item)) for item in allowed)
    return FieldError(
        type="FieldValueNotSupported", field=field, value=value, detail=f"supported values: {values}" if values else ""
    )


def forbidden(field: str, detail: str) -> FieldError:
    return FieldError(type="FieldValueForbidden", field=field, value="", detail=detail)


def internal(field: str, detail: str) -> FieldError:
    return FieldError(type="InternalError", field=field, value="", detail=detail)


def too_long(field: str, limit: int) -> FieldError:
    unit = "byte" if limit == 1 else "bytes"
    return FieldError(type="FieldValueTooLong", field=field, value="", detail=f"may not be more than {limit} {unit}")


def too_many(field: str, count: int, limit: int) -> FieldError:
    unit = "item" if limit == 1 else "items"
    return FieldError(type="FieldValueTooMany", field=field, value=count, detail=f"must have at most {limit} {unit}")


def aggregate(messages: Sequence[str]) -> str:
    """Join messages as Go's aggregate error does: one as it is, several in brackets, without duplicates."""
    unique = list(dict.fromkeys(messages))
    return unique[0] if len(unique) == 1 else f"[{', '.join(unique)}]"
