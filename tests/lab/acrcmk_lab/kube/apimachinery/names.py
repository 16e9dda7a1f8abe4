"""Validation of names, labels and finalizers, with the messages of k8s.io/apimachinery/pkg/util/validation."""

import random
import re
from typing import Final

_LABEL_RE: Final = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN: Final = re.compile(rf"{_LABEL_RE}(\.{_LABEL_RE})*")
_DNS1123_LABEL: Final = re.compile(_LABEL_RE)
_DNS1035_LABEL: Final = re.compile("[a-z]([-a-z0-9]*[a-z0-9])?")
_QUALIFIED: Final = re.compile("([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_CONFIG_KEY: Final = re.compile("[-._a-zA-Z0-9]+")
_SUFFIX_LETTERS: Final = "bcdfghjklmnpqrstvwxz2456789"

_SUBDOMAIN_MESSAGE: Final = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    f"'{_LABEL_RE}(\\.{_LABEL_RE})*')"
)
_LABEL_MESSAGE: Final = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
    f"with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '{_LABEL_RE}')"
)
_DNS1035_MESSAGE: Final = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')"
)
_CONFIG_KEY_MESSAGE: Final = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  "
    "or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)
_NAME_PART: Final = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
_QUALIFIED_NAME: Final = (
    "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' "
    "(e.g. 'example.com/MyName')"
)
_LABEL_VALUE: Final = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)


def generated(prefix: str, *, rng: random.Random) -> str:
    """Return a name for `generateName`."""
    return prefix[:58] + "".join(rng.choice(_SUFFIX_LETTERS) for _ in range(5))


def _check(text: str, pattern: re.Pattern[str], message: str, *, longest: int) -> list[str]:
    problems = [f"must be no more than {longest} characters"] if len(text) > longest else []
    return problems if pattern.fullmatch(text) else [*problems, message]


def subdomain(text: str) -> list[str]:
    """Return the errors of `text` as a DNS subdomain, the form of most names."""
    return _check(text, _SUBDOMAIN, _SUBDOMAIN_MESSAGE, longest=253)


def label(text: str) -> list[str]:
    """Return the errors of `text` as a DNS label, the form of a namespace's name."""
    return _check(text, _DNS1123_LABEL, _LABEL_MESSAGE, longest=63)


def dns1035(text: str) -> list[str]:
    """Return the errors of `text` as a DNS label that starts with a letter, the form of plurals and kinds."""
    return _check(text, _DNS1035_LABEL, _DNS1035_MESSAGE, longest=63)


def config_key(text: str) -> list[str]:
    """Return the errors of `text` as a key of a ConfigMap or a Secret."""
    return _check(text, _CONFIG_KEY, _CONFIG_KEY_MESSAGE, longest=253)


def qualified(text: str) -> list[str]:
    """Return the errors of `text` as a qualified name `[prefix/]name`, the form of label keys and finalizers."""
    problems = []
    prefix, slash, name = text.rpartition("/")
    if "/" in prefix:
        return [_QUALIFIED_NAME]
    if slash:
        problems += (
            ["prefix part must be non-empty"]
            if not prefix
            else [f"prefix part {problem}" for problem in subdomain(prefix)]
        )
    if not name:
        problems.append("name part must be non-empty")
    elif len(name) > 63:  # noqa: PLR2004 - the length of a DNS label
        problems.append("name part must be no more than 63 bytes")
    if not _QUALIFIED.fullmatch(name):
        problems.append(_NAME_PART)
    return problems


def label_value(text: str) -> list[str]:
    """Return the errors of `text` as the value of a label."""
    problems = ["must be no more than 63 bytes"] if len(text) > 63 else []  # noqa: PLR2004 - as above
    return problems if not text or _QUALIFIED.fullmatch(text) else [*problems, _LABEL_VALUE]
