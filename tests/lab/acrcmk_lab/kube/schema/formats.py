"""String formats of schemas (apiextensions-apiserver/pkg/apiserver/validation/formats.go)."""

import base64
import binascii
import datetime
import ipaddress
import re
import urllib.parse
from collections.abc import Callable
from typing import Final

_UUID: Final = re.compile(r"(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")
_DURATION: Final = re.compile(r"[-+]?(0|((\d+(\.\d*)?|\.\d+)\s*(ns|us|µs|μs|ms|s|m|h|d|w))+)")
_HOSTNAME: Final = re.compile(r"(?=.{1,253}$)([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.?)+")
_EMAIL: Final = re.compile(r"[^@\s<>]+@[^@\s<>]+")
_MAC: Final = re.compile(r"([0-9a-fA-F]{2}([:-])([0-9a-fA-F]{2}\2){4,6}[0-9a-fA-F]{2})")
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_DATETIME: Final = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:?\d{2})")
_SHORT_NAME: Final = re.compile(r"(?=.{1,63}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_LONG_NAME: Final = re.compile(r"(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


def _matches(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda text: pattern.fullmatch(text) is not None


def _raises_not(parse: Callable[[str], object]) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            parse(text)
        except (ValueError, binascii.Error):
            return False
        return True

    return check


def _date(text: str) -> None:
    if not _DATE.fullmatch(text):
        raise ValueError(text)
    datetime.date.fromisoformat(text)


def _datetime(text: str) -> None:
    if not _DATETIME.fullmatch(text):
        raise ValueError(text)
    _date(text[:10])
    datetime.time.fromisoformat(text[11:19])


def _uri(text: str) -> None:
    parts = urllib.parse.urlsplit(text)
    if not (parts.scheme or text.startswith("/")) or any(letter <= " " for letter in text):
        raise ValueError(text)


_CHECKS: Final[dict[str, Callable[[str], bool]]] = {
    "uuid": _matches(_UUID),
    "duration": _matches(_DURATION),
    "hostname": _matches(_HOSTNAME),
    "email": _matches(_EMAIL),
    "mac": _matches(_MAC),
    "k8sshortname": _matches(_SHORT_NAME),
    "k8slongname": _matches(_LONG_NAME),
    "date": _raises_not(_date),
    "datetime": _raises_not(_datetime),
    "uri": _raises_not(_uri),
    "ipv4": _raises_not(ipaddress.IPv4Address),
    "ipv6": _raises_not(ipaddress.IPv6Address),
    "cidr": _raises_not(lambda text: ipaddress.ip_network(text, strict=False) if "/" in text else int("no prefix")),
    "byte": _raises_not(lambda text: base64.b64decode(text, validate=True)),
}


def conforms(text: str, name: str) -> bool:
    """Whether `text` has the format `name`; as on the real server, an unknown format accepts everything."""
    check = _CHECKS.get(name.replace("-", ""))
    return check is None or check(text)
