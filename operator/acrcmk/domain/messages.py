"""Comparable texts: what Azure varies from one answer to the next, replaced by a placeholder."""

import re

_GUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_UNIT = r"(?:ms|milliseconds?|s|sec(?:ond)?s?|min(?:ute)?s?|h|hours?)"

_VOLATILE = (
    (
        re.compile(
            r"(?i)\b((?:trace|correlation|(?:client[ -]?)?request|activity|tracking|operation)[ _-]?id)"
            r"(\W{1,4})(?=[\w-]*\d)[0-9a-z][\w-]{2,}"
        ),
        r"\1\2<id>",
    ),
    # AADSTS errors repeat the ids as fields of JSON, and ARM appends them without a separator.
    (re.compile(rf"(?i)\b((?:trace|correlation|request|activity|tracking)\W{{1,3}}){_GUID}"), r"\1<id>"),
    (
        re.compile(r"(?i)\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?: ?(?:Z|UTC|GMT|[+-]\d\d:?\d\d))?"),
        "<time>",
    ),
    (re.compile(r"(?i)\b\d{1,2}/\d{1,2}/\d{4},? \d{1,2}:\d\d(?::\d\d)?(?:\.\d+)?(?: ?[AP]M)?"), "<time>"),
    (
        re.compile(r"(?i)\b(?:mon|tue|wed|thu|fri|sat|sun), \d{1,2} [a-z]{3} \d{4} \d\d:\d\d:\d\d(?: (?:GMT|UTC))?"),
        "<time>",
    ),
    (re.compile(r"\b\d{1,2}:\d\d:\d\d(?:\.\d+)?(?: ?[AP]M)?\b"), "<time>"),
    # Python's tuple of a peer address, `('20.50.1.4', 443)` and `('2603::1', 443, 0, 0)`.
    (re.compile(r"\('[0-9a-fA-F:.%\w]+', \d+(?:, \d+, \d+)?\)"), "<address>"),
    # Not ranges: those are network rules of a spec.
    (re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?\b(?!/\d)"), "<address>"),
    (re.compile(r"\[?(?<![\w:])(?:[0-9a-fA-F]{1,4}:){3,7}[0-9a-fA-F]{1,4}(?![\w:])\]?(?::\d{1,5})?"), "<address>"),
    (
        re.compile(r"\[?(?<![\w:])(?:[0-9a-fA-F]{1,4}:){1,6}:(?:[0-9a-fA-F]{1,4}:?){0,6}(?![\w:])\]?(?::\d{1,5})?"),
        "<address>",
    ),
    (re.compile(r"(?<=[\w>]):\d{2,5}\b(?!/keys)"), ":<port>"),
    (re.compile(rf"(?i)(?<![\w.-])'?\d+(?:\.\d+)?'? ?{_UNIT}\b"), "<duration>"),
    (re.compile(r"(?i)\b(exp|nbf|iat|expires_(?:in|on))(\W{1,4})\d+"), r"\1\2<time>"),
    # The ticks, certificate, signature and hash of an operation's URL differ in every answer (azure-behaviour.md 1.2).
    (re.compile(r"([?&][tcsh])=[^&\s'\"]+"), r"\1=<signature>"),
)


def stable(text: str) -> str:
    """Return a text without what differs between two answers for the same cause; for comparison, not to be shown.

    Ids of traces and requests, times, durations, addresses, ports and signatures are replaced. Ids of resources,
    subscriptions, principals and key versions stay: with another one of these the cause is another one.
    """
    for pattern, replacement in _VOLATILE:
        text = pattern.sub(replacement, text)
    return " ".join(text.split())
