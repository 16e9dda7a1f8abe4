"""Reading Markdown: what tests need of tables and of what stands in backticks."""

import pathlib
import re


def rows(path: pathlib.Path, head: str) -> list[list[str]]:
    """Return the cells of every row of the tables whose first header is `head`."""
    found = re.findall(rf"^\| {head} \|.*\n\|[-| ]+\n((?:\|.*\n)+)", path.read_text(), re.MULTILINE)
    assert found, f"{path} has no table with the first header {head!r}"
    return [[cell.strip() for cell in line.strip("|").split(" |")] for body in found for line in body.splitlines()]


def code(text: str) -> list[str]:
    """Return what stands in backticks."""
    return re.findall(r"`([^`\n]+)`", text)
