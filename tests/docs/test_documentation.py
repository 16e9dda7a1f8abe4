"""What the documentation names exists, and what exists is named."""

import pathlib
import re
import typing

import pytest
import yaml

from acrcmk.api import conditions, parse
from acrcmk.domain import outcome, writes
from acrcmk.runtime import requeue
from acrcmk.settings import Settings
from acrcmk_lab import cli
from tests.docs import markdown, tables
from tests.support import project

README = project.ROOT / "README.md"
DOCS = project.ROOT / "docs"
REFERENCE = DOCS / "reference.md"
DOCUMENTS = sorted(
    path for pattern in ("*.md", "docs/**/*.md", "deploy/**/*.md") for path in project.ROOT.glob(pattern)
)
ABOUT_OTHERS = {DOCS / f"{name}.md" for name in ("alternatives", "azure-behaviour", "kopf", "kubernetes-status", "lab")}
"""Pages about Azure, Kubernetes, other tools and the lab: their words are not the operator's states and settings."""

OPERATORS = [path for path in DOCUMENTS if path not in ABOUT_OTHERS]
OTHERS = {"EncryptedRegistry", "Retain", "Recreate", "Warning", "Normal"}
"""Words in the form of a reason that are Kubernetes' own."""

README_LINES = 150
MANIFEST_LINES = 12


def each(paths: list[pathlib.Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", paths, ids=lambda path: str(path.relative_to(project.ROOT)))


@each(list(tables.FILES))
def test_tables_are_as_the_code_says(path):
    assert tables.renewed(path.read_text()) == path.read_text(), "run `make docs`"


def test_every_table_is_in_the_reference():
    assert {block["name"] for block in tables.BLOCK.finditer(REFERENCE.read_text())} == set(tables.TABLES)


def test_the_readme_is_short():
    assert len(README.read_text().splitlines()) <= README_LINES


def test_the_readme_links_every_page():
    linked = {target for target, _ in markdown.links(README.read_text())}
    assert {f"docs/{path.name}" for path in DOCS.glob("*.md")} <= linked


@each(sorted(DOCS.glob("*.md")))
def test_a_page_starts_with_text_that_says_what_it_answers(path):
    title, empty, first, *_ = path.read_text().splitlines()
    assert title.startswith("# ")
    assert empty == ""
    assert re.match(r"[A-Z]", first)


@each(OPERATORS)
def test_settings_that_are_named_exist(path):
    known = {tables.variable(name) for name in Settings.model_fields}
    assert set(re.findall(r"\b(?:ACRCMK|AZURE)_[A-Z_]+[A-Z]\b", path.read_text())) <= known


@each(OPERATORS)
def test_metrics_that_are_named_exist(path):
    known = {markdown.code(row[0])[0] for row in markdown.rows(REFERENCE, "metric")}
    assert set(re.findall(r"(?<!/)\b(?:acrcmk|workqueue)_[a-z_]*[a-z](?=[{`])", path.read_text())) <= known


@each(DOCUMENTS)
def test_commands_that_are_named_exist(path):
    text = path.read_text()
    known = set(re.findall(r"^([a-z-]+):", (project.ROOT / "Makefile").read_text(), re.MULTILINE))
    named = re.findall(r"(?:^|[`;&|] ?|folder )make ((?:[a-z-]+ ?)+)", text, re.MULTILINE)
    assert {target for targets in named for target in targets.split()} <= known
    assert set(re.findall(r"acrcmk-lab ([a-z-]+)", text)) <= set(cli.COMMANDS)
    assert set(re.findall(r"`?acrcmk ([a-z]+)`", text)) <= {"run", "crd"}


@each(OPERATORS)
def test_states_that_are_named_exist(path):
    states = set(conditions.ConditionType) | set(conditions.Reason)
    classes = (*typing.get_args(outcome.Outcome), *typing.get_args(requeue.Requeue), *typing.get_args(writes.Write))
    values = {word for row in markdown.rows(REFERENCE, "field") for word in markdown.code(row[1])}
    known = states | {cls.__name__ for cls in classes} | values | OTHERS
    if path.name == "architecture.md":
        known |= _classes_of_the_operator()
    assert {word for word in markdown.code(path.read_text()) if re.fullmatch(r"([A-Z][a-z]+)+", word)} <= known


def _classes_of_the_operator():
    sources = (project.ROOT / "operator").rglob("*.py")
    return {name for source in sources for name in re.findall(r"^class (\w+)", source.read_text(), re.MULTILINE)}


@each(OPERATORS)
def test_fields_of_the_status_that_are_named_exist(path):
    known = set(re.findall(r"^\| `([^`]+)`", tables.status(), re.MULTILINE))
    assert set(re.findall(r"`status\.([A-Za-z.\[\]]+)`", path.read_text())) <= known


def test_the_readme_starts_with_a_manifest_that_is_the_sample_that_the_demo_applies():
    language, shown = re.findall(r"```(\w+)\n(.*?)```", README.read_text(), re.DOTALL)[0]
    assert language == "yaml"
    assert len(shown.splitlines()) == MANIFEST_LINES
    assert parse.spec(yaml.safe_load(shown)["spec"], name="demo")
    assert yaml.safe_load(shown) == yaml.safe_load((project.DEPLOY / "samples" / "minimal.yaml").read_text())


def test_the_federated_credential_trusts_the_service_account_of_the_manifests():
    assert f"--subject {project.OPERATOR_USER}\n" in (DOCS / "install.md").read_text()
