"""The reference tables of the documentation, made from the code.

`python -m tests.docs.tables` (`make docs`) writes them between `<!-- table: NAME -->` and `<!-- end -->`.
"""

import pathlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

import pydantic

from acrcmk.api import conditions, crd
from acrcmk.settings import Settings
from acrcmk.telemetry.metrics import Metrics
from tests.support import project

FILES = (project.ROOT / "README.md", project.ROOT / "docs" / "architecture.md")
BLOCK = re.compile(r"(?<=<!-- table: )(?P<name>\w+)(?P<open> -->\n).*?(?=<!-- end -->)", re.DOTALL)


def fields() -> str:
    """Every field of the spec, from the schema that kubectl explains."""
    spec = crd.crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    return table(("field", "type", "default", "meaning"), (_field(*found) for found in _walk(spec, path="")))


def _walk(node: Mapping, *, path: str) -> Iterator[tuple[str, Mapping, bool]]:
    """Yield path, schema and whether it is required, of every field below a node."""
    for name, schema in node["properties"].items():
        yield f"{path}{name}", schema, name in node.get("required", ())
        if "properties" in schema:
            yield from _walk(schema, path=f"{path}{name}.")


def _field(path: str, schema: Mapping, required: bool) -> tuple[str, ...]:  # noqa: FBT001 - a row of `_walk`
    before, _, after = schema["description"].partition(" Default: ")
    default, _, rest = after.removesuffix(".").partition(". ")
    meaning = f"{before} {rest}." if rest else before
    return f"`{path}`", _type(schema), "required" if required else default, meaning


def _type(schema: Mapping) -> str:
    if "enum" in schema:
        return " or ".join(f"`{one}`" for one in schema["enum"])
    if schema["type"] == "array":
        return f"list of {schema['items']['type']}s"
    if "additionalProperties" in schema:
        return "map of strings"
    if "minimum" in schema:
        return f"integer, {schema['minimum']} to {schema['maximum']}"
    return schema["type"]


def condition_types() -> str:
    """Every condition."""
    return table(("condition", "True when"), ((f"`{one}`", one.description) for one in conditions.ConditionType))


def reasons() -> str:
    """Every reason of a condition or an event."""
    return table(("reason", "meaning"), ((f"`{one}`", one.description) for one in conditions.Reason))


def settings() -> str:
    """Every setting, by its environment variable."""
    found = Settings.model_fields.items()
    rows = ((f"`{variable(name)}`", _default(field), field.description) for name, field in found)
    return table(("variable", "default", "meaning"), rows)


def variable(name: str) -> str:
    """Return the environment variable of a setting."""
    alias = Settings.model_fields[name].validation_alias
    return alias if isinstance(alias, str) else f"{Settings.model_config['env_prefix']}{name.upper()}"


def _default(field: pydantic.fields.FieldInfo) -> str:
    if field.is_required():
        return "required"
    if field.default in (None, ()):
        return ""
    return f"{field.default:g}" if isinstance(field.default, float) else f"{field.default}"


def metrics() -> str:
    """Every metric that is ours."""
    families = (one for one in Metrics(version="").registry.collect() if not one.name.startswith("process_"))
    return table(
        ("metric", "type", "meaning"),
        ((f"`{one.name}{'_total' if one.type == 'counter' else ''}`", one.type, one.documentation) for one in families),
    )


def commands() -> str:
    """Every command of the Makefile that says what it does."""
    found = re.findall(r"^([a-z-]+):.*## (.+)$", (project.ROOT / "Makefile").read_text(), re.MULTILINE)
    return table(("command", "what it does"), ((f"`make {name}`", told) for name, told in found))


TABLES: Mapping[str, Callable[[], str]] = {
    "fields": fields,
    "conditions": condition_types,
    "reasons": reasons,
    "settings": settings,
    "metrics": metrics,
    "commands": commands,
}


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a Markdown table; what would be read as HTML or as a column's end is escaped."""
    lines = [head, ("---",) * len(head), *(tuple(map(_cell, row)) for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def renewed(text: str) -> str:
    """Return a document with its tables as they should be."""
    return BLOCK.sub(lambda block: f"{block['name']}{block['open']}{TABLES[block['name']]()}", text)


def write(path: pathlib.Path) -> None:
    """Renew the tables of a file."""
    path.write_text(renewed(path.read_text()))


if __name__ == "__main__":
    for file in FILES:
        write(file)
