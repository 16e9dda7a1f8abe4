"""What the documentation names exists, and what exists is named."""

import inspect
import pathlib
import re
import typing

import pytest
import yaml

from acrcmk.api import conditions, parse
from acrcmk.domain import outcome, ports, steps, writes
from acrcmk.runtime import requeue
from acrcmk.settings import Settings
from acrcmk_lab import cli
from tests.docs import markdown, tables
from tests.support import project

README = project.ROOT / "README.md"
ARCHITECTURE = project.ROOT / "docs" / "architecture.md"
DOCUMENTS = sorted(
    path for pattern in ("*.md", "docs/**/*.md", "deploy/**/*.md") for path in project.ROOT.glob(pattern)
)
WRITES = typing.get_args(writes.Write)
OTHERS = {"EncryptedRegistry", "Retain", "Warning", "Normal", "Orphan", "Delete", "Identity", "KeyIdentifier"}
"""Words in the form of a reason that are not of our vocabulary of states: Kubernetes' and other tools'."""


def each(paths: list[pathlib.Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", paths, ids=lambda path: str(path.relative_to(project.ROOT)))


@each(list(tables.FILES))
def test_tables_are_as_the_code_says(path):
    assert tables.renewed(path.read_text()) == path.read_text(), "run `make docs`"


def test_every_table_is_in_the_readme():
    assert {found["name"] for found in tables.BLOCK.finditer(README.read_text())} == set(tables.TABLES)


@each(DOCUMENTS)
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#\s]*)(?:#[^)]*)?\)", path.read_text()):
        assert target.startswith("https://") or (path.parent / target).exists(), target


@each(DOCUMENTS)
def test_links_within_a_document_lead_to_a_heading(path):
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", path.read_text())) <= anchors


@each(DOCUMENTS)
def test_settings_that_are_named_exist(path):
    known = {tables.variable(name) for name in Settings.model_fields}
    assert set(re.findall(r"\b(?:ACRCMK|AZURE)_[A-Z_]+[A-Z]\b", path.read_text())) <= known


@each(DOCUMENTS)
def test_commands_that_are_named_exist(path):
    text = path.read_text()
    known = set(re.findall(r"^([a-z-]+):", (project.ROOT / "Makefile").read_text(), re.MULTILINE))
    named = re.findall(r"(?:^|[`;&|] ?|folder )make ((?:[a-z-]+ ?)+)", text, re.MULTILINE)
    assert {target for targets in named for target in targets.split()} <= known
    assert set(re.findall(r"acrcmk-lab ([a-z-]+)", text)) <= set(cli.COMMANDS)
    assert set(re.findall(r"`?acrcmk ([a-z]+)`", text)) <= {"run", "crd"}


@each(DOCUMENTS)
def test_states_that_are_named_exist(path):
    states = set(conditions.ConditionType) | set(conditions.Reason)
    classes = (*typing.get_args(outcome.Outcome), *typing.get_args(requeue.Requeue), *WRITES)
    values = {word for row in markdown.rows(README, "field") for word in markdown.code(row[1])}
    known = states | {one.__name__ for one in classes} | values | OTHERS
    assert {word for word in markdown.code(path.read_text()) if re.fullmatch(r"([A-Z][a-z]+)+", word)} <= known


def test_the_readmes_manifest_is_valid_and_the_sample_that_the_demo_applies():
    (shown,) = re.findall(r"```yaml\n(.*?)```", README.read_text(), re.DOTALL)
    assert parse.spec(yaml.safe_load(shown)["spec"], name="demo")
    assert yaml.safe_load(shown) == yaml.safe_load((project.DEPLOY / "samples" / "minimal.yaml").read_text())


def test_the_federated_credential_trusts_the_service_account_of_the_manifests():
    assert f"--subject {project.OPERATOR_USER}\n" in README.read_text()


def test_the_step_table_is_the_table_of_steps():
    shown = markdown.rows(ARCHITECTURE, "step")
    assert [
        (*markdown.code(step), set(markdown.code(kinds)), set(markdown.code(needs))) for step, _, kinds, needs in shown
    ] == [(step.name, set(step.conditions), set(step.needs)) for step in steps.TABLE]
    assert [("informational" in kinds) for _, _, kinds, _ in shown] == [step.informational for step in steps.TABLE]


def test_the_step_table_links_the_modules_that_decide():
    shown = {markdown.code(step)[0]: module for step, module, _, _ in markdown.rows(ARCHITECTURE, "step")}
    for step in steps.TABLE:
        decides = pathlib.Path(inspect.getsourcefile(step.decide)).relative_to(project.ROOT)
        assert f"(../{decides})" in shown[step.name]


def test_every_read_of_azure_is_in_the_architecture():
    asked = {name for name in vars(ports.Azure) if not name.startswith("_")} - {"apply"}
    assert {name for row in markdown.rows(ARCHITECTURE, "read") for name in markdown.code(row[0])} == asked


def test_every_write_to_azure_is_in_the_architecture_beside_the_step_that_wants_it():
    shown = {
        name: markdown.code(row[2]) for row in markdown.rows(ARCHITECTURE, "write") for name in markdown.code(row[0])
    }
    modules = {step.name: inspect.getsource(inspect.getmodule(step.decide)) for step in steps.TABLE}
    assert shown == {
        write.__name__: [step for step, source in modules.items() if f"{write.__name__}(" in source] for write in WRITES
    }
