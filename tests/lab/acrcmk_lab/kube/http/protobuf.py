"""Protobuf bodies, as kubectl sends them when it makes built-in objects by itself (`create namespace`, `auth can-i`).

Only reading: answers are JSON, which every client takes. Field numbers are those of the `generated.proto` files in
k8s.io/api and k8s.io/apimachinery.
"""

import base64
import datetime
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

from acrcmk_lab.kube.apimachinery.objects import Object

MAGIC: Final = b"k8s\x00"
Fields: TypeAlias = dict[int, tuple[str, str]]
"""Field number to name and kind: a scalar, a message, `map:` of a scalar; `*` before it means repeated."""

_VARINT, _LENGTH = 0, 2
_MESSAGES: Final[dict[str, Fields]] = {
    "Unknown": {1: ("typeMeta", "TypeMeta"), 2: ("raw", "raw")},
    "TypeMeta": {1: ("apiVersion", "text"), 2: ("kind", "text")},
    "ObjectMeta": {
        1: ("name", "text"),
        2: ("generateName", "text"),
        3: ("namespace", "text"),
        5: ("uid", "text"),
        6: ("resourceVersion", "text"),
        11: ("labels", "map:text"),
        12: ("annotations", "map:text"),
        13: ("ownerReferences", "*OwnerReference"),
        14: ("finalizers", "*text"),
    },
    "OwnerReference": {
        1: ("kind", "text"),
        3: ("name", "text"),
        4: ("uid", "text"),
        5: ("apiVersion", "text"),
        6: ("controller", "flag"),
        7: ("blockOwnerDeletion", "flag"),
    },
    "DeleteOptions": {
        1: ("gracePeriodSeconds", "number"),
        2: ("preconditions", "Preconditions"),
        4: ("propagationPolicy", "text"),
        5: ("dryRun", "*text"),
    },
    "Preconditions": {1: ("uid", "text"), 2: ("resourceVersion", "text")},
    "Namespace": {1: ("metadata", "ObjectMeta")},
    "Secret": {
        1: ("metadata", "ObjectMeta"),
        2: ("data", "map:bytes"),
        3: ("type", "text"),
        4: ("stringData", "map:text"),
        5: ("immutable", "flag"),
    },
    "ConfigMap": {
        1: ("metadata", "ObjectMeta"),
        2: ("data", "map:text"),
        3: ("binaryData", "map:bytes"),
        4: ("immutable", "flag"),
    },
    "ServiceAccount": {1: ("metadata", "ObjectMeta"), 4: ("automountServiceAccountToken", "flag")},
    "SelfSubjectAccessReview": {1: ("metadata", "ObjectMeta"), 2: ("spec", "SelfSubjectAccessReviewSpec")},
    "SelfSubjectAccessReviewSpec": {
        1: ("resourceAttributes", "ResourceAttributes"),
        2: ("nonResourceAttributes", "NonResourceAttributes"),
    },
    "ResourceAttributes": {
        1: ("namespace", "text"),
        2: ("verb", "text"),
        3: ("group", "text"),
        4: ("version", "text"),
        5: ("resource", "text"),
        6: ("subresource", "text"),
        7: ("name", "text"),
    },
    "NonResourceAttributes": {1: ("path", "text"), 2: ("verb", "text")},
    "SelfSubjectRulesReview": {1: ("metadata", "ObjectMeta"), 2: ("spec", "SelfSubjectRulesReviewSpec")},
    "SelfSubjectRulesReviewSpec": {1: ("namespace", "text")},
    "SelfSubjectReview": {1: ("metadata", "ObjectMeta")},
    "Lease": {1: ("metadata", "ObjectMeta"), 2: ("spec", "LeaseSpec")},
    "LeaseSpec": {
        1: ("holderIdentity", "text"),
        2: ("leaseDurationSeconds", "number"),
        3: ("acquireTime", "time"),
        4: ("renewTime", "time"),
        5: ("leaseTransitions", "number"),
    },
    "Time": {1: ("seconds", "number"), 2: ("nanos", "number")},
}


class UnreadableError(ValueError):
    """The body is not protobuf of a kind that is known here."""


def decode(body: bytes) -> Object:
    """Decode a body with the envelope that names its kind. Raises `UnreadableError`."""
    if not body.startswith(MAGIC):
        raise UnreadableError("the body has no protobuf prefix")
    try:
        envelope = _message(body[len(MAGIC) :], "Unknown")
        kind = envelope["typeMeta"]["kind"]
        return {**envelope["typeMeta"], **_message(envelope["raw"], kind)}
    except (KeyError, IndexError, UnicodeDecodeError) as error:
        raise UnreadableError(f"cannot read protobuf: {error!r}") from None


def _message(data: bytes, name: str) -> Object:
    """Decode one message; what is empty is left out, as in JSON, since Go's encoder writes empty strings too."""
    message: Object = {}
    fields = _MESSAGES[name]
    for number, raw in _fields(data):
        if number not in fields:
            continue
        field, kind = fields[number]
        if kind.startswith("map:"):
            message.setdefault(field, {}).update(_entry(raw, kind.removeprefix("map:")))
        elif kind.startswith("*"):
            message.setdefault(field, []).append(_value(raw, kind[1:]))
        else:
            value = _value(raw, kind)
            if value not in ("", {}, None):
                message[field] = value
    return message


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        number, wire = tag >> 3, tag & 7
        value, position = _varint(data, position)
        if wire == _LENGTH:
            yield number, data[position : position + value]
            position += value
        elif wire == _VARINT:
            yield number, value
        else:
            raise UnreadableError(f"wire type {wire} is not used by Kubernetes objects")


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:  # noqa: PLR2004 - the continuation bit
            return value, position


def _entry(raw: bytes, kind: str) -> dict[str, Any]:
    parts = dict(_fields(raw))
    return {_value(parts.get(1, b""), "text"): _value(parts.get(2, b""), kind)}


def _time(raw: bytes) -> str:
    parts = _message(raw, "Time")
    moment = datetime.datetime.fromtimestamp(parts.get("seconds", 0), datetime.UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{parts.get('nanos', 0) // 1000:06d}Z"


_SCALARS: Final[dict[str, Callable[[Any], Any]]] = {
    "text": bytes.decode,
    "bytes": lambda raw: base64.b64encode(raw).decode(),
    "raw": bytes,
    "flag": bool,
    "number": int,
    "time": _time,
}


def _value(raw: Any, kind: str) -> Any:
    return _SCALARS[kind](raw) if kind in _SCALARS else _message(raw, kind)
