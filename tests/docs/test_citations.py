"""Every citation of a document resolves: to a file of this repository and a section in it, or to a public URL."""

import pathlib
import re

import pytest

from tests.docs import markdown
from tests.support import project

FOLDERS = ("operator", "tests", "deploy", "crds", "docs", ".ci")
SUFFIXES = {"", ".md", ".py", ".yaml", ".json", ".toml", ".txt", ".sh"}
URL = re.compile(r"https?://\S+")
CITATION = re.compile(
    r"(?<![\w*/.{}-])(?P<path>(?:[\w.-]+/)*[\w.-]+\.md)\b(?:[\s#]+(?P<numbers>\d+(?:\.\d+)*(?:, \d+(?:\.\d+)*)*)\b)?"
)
"""A document, and the sections that follow its name: `name` with the suffix md, then 1.2 or 1.2, 3."""


def files() -> list[pathlib.Path]:
    """Return every text file that may cite."""
    inside = (path for folder in FOLDERS for path in (project.ROOT / folder).rglob("*"))
    return sorted(
        path
        for path in (*inside, *project.ROOT.glob("*.md"), project.ROOT / "Makefile", project.ROOT / "pyproject.toml")
        if path.is_file() and path.suffix in SUFFIXES and "__pycache__" not in path.parts
    )


DOCUMENTS = [path for path in files() if path.suffix == ".md"]


def citations(text: str) -> list[tuple[str, tuple[str, ...]]]:
    """Return path and section numbers of every citation outside of URLs."""
    return [
        (match["path"], tuple((match["numbers"] or "").split(", ")) if match["numbers"] else ())
        for match in CITATION.finditer(URL.sub("", text))
    ]


def document(cited: str, *, by: pathlib.Path) -> pathlib.Path | None:
    """Return the file that a citation means: beside the citing file, in docs/, or from the root; None without one."""
    places = (by.parent, project.ROOT / "docs", project.ROOT)
    return next((place / cited for place in places if (place / cited).is_file()), None)


def unresolved(path: pathlib.Path) -> list[str]:
    """Return the citations of a file that lead nowhere."""
    wrong = []
    for cited, numbers in citations(path.read_text()):
        found = document(cited, by=path)
        known = markdown.sections(found.read_text()) if found else set()
        if found is None or not known.issuperset(numbers):
            wrong.append(f"{cited} {', '.join(numbers)}".strip())
    return wrong


def test_every_citation_resolves():
    wrong = {str(path.relative_to(project.ROOT)): unresolved(path) for path in files()}
    assert {path: cited for path, cited in wrong.items() if cited} == {}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(project.ROOT)))
def test_links_lead_to_a_file_and_a_heading_in_it(path):
    for target, anchor in markdown.links(path.read_text()):
        if re.match(r"(https|mailto):", target):
            continue
        linked = (path.parent / target).resolve() if target else path
        assert linked.is_relative_to(project.ROOT), f"{target} is outside of the repository"
        assert linked.exists(), target
        if anchor:
            assert anchor in markdown.anchors(linked.read_text()), f"{target}#{anchor}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(project.ROOT)))
def test_every_source_that_is_named_is_defined_as_a_public_url_and_used(path):
    text = markdown.without_code_blocks(path.read_text())
    defined = re.findall(r"^\[([^\]]+)\]: (\S+)$", text, re.MULTILINE)
    assert [url for _, url in defined if not url.startswith("https://")] == []
    assert {label for label, _ in defined} == set(re.findall(r"\]\[([^\]]+)\]", text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see a-b{md} 1.2", [("a-b{md}", ("1.2",))]),
        ("(a{md} 1.2, 3: text", [("a{md}", ("1.2", "3"))]),
        ("# as a{md}\n    # 2.1 says", [("a{md}", ("2.1",))]),
        ("docs/a{md}, 12 lines", [("docs/a{md}", ())]),
        ("https://example.org/a{md} 1.2", []),
        ("*{md} and **/*{md}", []),
    ],
)
def test_citations_are_recognised(text, expected):
    suffix = ".md"
    assert citations(text.format(md=suffix)) == [(path.format(md=suffix), numbers) for path, numbers in expected]


def test_a_wrong_file_and_a_wrong_section_are_noticed(tmp_path):
    page, citing = (tmp_path / f"{name}.md" for name in ("page", "citing"))
    page.write_text("# Page\n\n## 1. First\n\n### 1.1 Detail\n")
    citing.write_text(f"{page.name} 1, {page.name} 1.1, {page.name} 1.2, missing-{page.name}")
    assert unresolved(citing) == [f"{page.name} 1.2", f"missing-{page.name}"]


def test_nothing_looks_outside_of_the_repository():
    outside = re.compile(r"\.\./shared|(?<![\w.])/(?:work|home|tmp/wt)/")
    paths = [*DOCUMENTS, project.ROOT / "Makefile", project.ROOT / "pyproject.toml"]
    assert [str(path) for path in paths if outside.search(path.read_text())] == []
