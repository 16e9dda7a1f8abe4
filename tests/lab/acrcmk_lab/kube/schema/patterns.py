"""Regular expressions of schemas, matched by RE2 as the real server does (Go's regexp is RE2's sibling).

Python's `re` differs: its `$` accepts a trailing newline, and it backtracks. The CEL library has RE2.
"""

import functools
from typing import Final

from cel_expr_python import cel  # type: ignore[import-untyped]  # stubs, but no marker


@functools.cache
def _env() -> cel.Env:
    return cel.NewEnv(variables={"text": cel.Type.STRING, "pattern": cel.Type.STRING})


@functools.cache
def _program() -> cel.Expression:
    return _env().compile("text.matches(pattern)")


_GO_ERRORS: Final = {
    "invalid perl operator": "invalid or unsupported Perl syntax",
    "missing ]": "missing closing ]",
    "missing )": "missing closing )",
    "no argument for repetition operator": "missing argument to repetition operator",
}
"""The errors of RE2, and the texts of Go's regexp for them."""


def matches(text: str, pattern: str) -> bool:
    """Whether `pattern` matches somewhere in `text`; a pattern that RE2 rejects matches nothing."""
    return _program().eval(data={"text": text, "pattern": pattern}).value() is True


def error(pattern: str) -> str | None:
    """Return the error of a pattern, or None."""
    value = _program().eval(data={"text": "", "pattern": pattern}).value()
    if isinstance(value, bool):
        return None
    _, _, why = str(value).partition("invalid regular expression: ")
    for library, go in _GO_ERRORS.items():
        why = why.replace(library, go)
    message, _, place = why.rpartition(": ")
    return f"error parsing regexp: {message}: `{place}`"
