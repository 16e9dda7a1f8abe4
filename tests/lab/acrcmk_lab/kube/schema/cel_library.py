"""Functions that Kubernetes adds to CEL, without those that need additional types.

Rules that use others (`url`, `ip`, `cidr`, `quantity`, `format`, `semver`) are rejected when the CRD is created.
"""

import ipaddress
import re
import urllib.parse
from collections.abc import Callable
from typing import Any, Final

from cel_expr_python import cel  # type: ignore[import-untyped]  # stubs, but no marker

_ANY: Final = cel.Type.DYN
_LIST: Final = cel.Type.List(_ANY)
_STRING, _INT, _BOOL = cel.Type.STRING, cel.Type.INT, cel.Type.BOOL


def extension() -> Any:
    """Return the functions as an extension of a CEL environment."""
    return cel.CelExtension(
        "kubernetes",
        [
            _member("find", _STRING, [_STRING, _STRING], _find),
            _member("findAll", cel.Type.List(_STRING), [_STRING, _STRING], _find_all),
            _member("isSorted", _BOOL, [_LIST], lambda items: items == sorted(items)),
            _member("sum", _ANY, [_LIST], sum),
            _member("min", _ANY, [_LIST], min),
            _member("max", _ANY, [_LIST], max),
            _member("indexOf", _INT, [_LIST, _ANY], lambda items, item: items.index(item) if item in items else -1),
            _member("lastIndexOf", _INT, [_LIST, _ANY], _last_index),
            _function("sets.contains", [_LIST, _LIST], lambda left, right: all(item in left for item in right)),
            _function("sets.intersects", [_LIST, _LIST], lambda left, right: any(item in left for item in right)),
            _function("sets.equivalent", [_LIST, _LIST], _equivalent),
            _function("isURL", [_STRING], _is_url),
            _function("isIP", [_STRING], lambda text: _parses(ipaddress.ip_address, text)),
            _function("isCIDR", [_STRING], lambda text: "/" in text and _parses(ipaddress.ip_interface, text)),
        ],
    )


def _member(name: str, result: Any, parameters: list[Any], body: Callable[..., Any]) -> Any:
    return _declared(name, result, parameters, body, member=True)


def _function(name: str, parameters: list[Any], body: Callable[..., Any]) -> Any:
    return _declared(name, _BOOL, parameters, body, member=False)


def _declared(name: str, result: Any, parameters: list[Any], body: Callable[..., Any], *, member: bool) -> Any:
    identity = f"kubernetes_{name.replace('.', '_')}"
    overload = cel.Overload(identity, return_type=result, parameters=parameters, is_member=member, impl=body)
    return cel.FunctionDecl(name, [overload])


def _find(text: str, pattern: str) -> str:
    match = re.search(pattern, text)
    return match.group() if match else ""


def _find_all(text: str, pattern: str) -> list[str]:
    return [match.group() for match in re.finditer(pattern, text)]


def _last_index(items: list[Any], item: Any) -> int:
    return len(items) - 1 - items[::-1].index(item) if item in items else -1


def _equivalent(left: list[Any], right: list[Any]) -> bool:
    return all(item in left for item in right) and all(item in right for item in left)


def _is_url(text: str) -> bool:
    parts = urllib.parse.urlsplit(text)
    return bool(parts.scheme and parts.netloc) or text.startswith("/")


def _parses(parse: Callable[[str], object], text: str) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True
