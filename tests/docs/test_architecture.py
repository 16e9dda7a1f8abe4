"""docs/architecture.md against the code: every step, query and write is in it, where the code has it."""

import inspect
import pathlib
import typing

from acrcmk.domain import queries, writes
from acrcmk.domain.steps import table
from tests.docs import markdown
from tests.support import project

ARCHITECTURE = project.ROOT / "docs" / "architecture.md"
WRITES = typing.get_args(writes.Write)
QUERIES = {
    name
    for name, cls in inspect.getmembers(queries, inspect.isclass)
    if issubclass(cls, queries.Query) and cls is not queries.Query and not name.startswith("_")
}


def test_the_step_table_is_the_table_of_steps():
    shown = markdown.rows(ARCHITECTURE, "step")
    assert [
        (*markdown.code(step), set(markdown.code(kinds)), set(markdown.code(needs))) for step, _, kinds, needs in shown
    ] == [(step.name, set(step.conditions), set(step.needs)) for step in table.STEPS]
    assert [("informational" in kinds) for _, _, kinds, _ in shown] == [step.informational for step in table.STEPS]


def test_the_step_table_links_the_modules_that_decide():
    shown = {markdown.code(step)[0]: module for step, module, _, _ in markdown.rows(ARCHITECTURE, "step")}
    for step in table.STEPS:
        decides = pathlib.Path(inspect.getsourcefile(step.decide)).relative_to(project.ROOT)
        assert f"(../{decides})" in shown[step.name]


def test_every_read_of_azure_is_in_the_architecture():
    assert {name for row in markdown.rows(ARCHITECTURE, "query") for name in markdown.code(row[0])} == QUERIES


def test_every_write_to_azure_is_in_the_architecture_beside_the_step_that_decides_on_it():
    shown = {
        name: markdown.code(row[2]) for row in markdown.rows(ARCHITECTURE, "write") for name in markdown.code(row[0])
    }
    modules = {step.name: inspect.getsource(inspect.getmodule(step.decide)) for step in table.STEPS}
    assert shown == {
        write.__name__: [step for step, source in modules.items() if f"{write.__name__}(" in source] for write in WRITES
    }
