"""Reading Markdown: tables, code spans, headings, links."""

import pathlib
import re

FENCE = re.compile(r"^(```|~~~).*?^\1\s*$", re.MULTILINE | re.DOTALL)


def rows(path: pathlib.Path, head: str) -> list[list[str]]:
    """Return the cells of every row of the tables whose first header is `head`."""
    bodies = re.findall(rf"^\| {head} \|.*\n\|[-| ]+\n((?:\|.*\n)+)", path.read_text(), re.MULTILINE)
    assert bodies, f"{path} has no table with the first header {head!r}"
    return [[cell.strip() for cell in line.strip("|").split(" |")] for body in bodies for line in body.splitlines()]


def code(text: str) -> list[str]:
    """Return the code spans."""
    return re.findall(r"`([^`\n]+)`", text)


def without_code_blocks(text: str) -> str:
    """Return the text without its fenced code blocks."""
    return FENCE.sub("", text)


def headings(text: str) -> list[str]:
    """Return the headings."""
    return re.findall(r"^#+ (.+?) *$", without_code_blocks(text), re.MULTILINE)


def anchors(text: str) -> set[str]:
    """Return the anchors of the headings, as GitHub makes them; a repeated heading gets a number."""
    slugs: list[str] = []
    for heading in headings(text):
        slug = re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        repeated = sum(re.fullmatch(rf"{re.escape(slug)}(-\d+)?", earlier) is not None for earlier in slugs)
        slugs.append(f"{slug}-{repeated}" if repeated else slug)
    return set(slugs)


def sections(text: str) -> set[str]:
    """Return the numbers of the numbered headings, such as 1 and 1.2."""
    numbers = (re.match(r"(\d+(?:\.\d+)*)\.?\s", heading) for heading in headings(text))
    return {number[1] for number in numbers if number}


def links(text: str) -> list[tuple[str, str]]:
    """Return path and anchor of every link, either of them empty where it has none."""
    return re.findall(r"\]\(([^)#\s]*)#?([^)\s]*)\)", without_code_blocks(text))
