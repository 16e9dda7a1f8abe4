"""Words of the wire: the SDK gives enumerations for those it knows and plain text for those it does not."""

import enum


def word(value: str | enum.Enum | None) -> str:
    """Return the word as Azure wrote it; "" for none."""
    return str(value.value if isinstance(value, enum.Enum) else value or "")
