"""The generated tables of the documentation.

`python -m tests.docs.tables` (`make docs`) writes them between `<!-- table: NAME -->` and `<!-- end -->`.
"""

import dataclasses
import pathlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

import prometheus_client
import pydantic

from acrcmk.api import conditions, crd
from acrcmk.azure import api_versions
from acrcmk.settings import Settings
from acrcmk.telemetry.metrics import Metrics
from tests.support import project

FILES = (project.ROOT / "docs" / "reference.md",)
BLOCK = re.compile(r"(?<=<!-- table: )(?P<name>\w+)(?P<open> -->\n).*?(?=<!-- end -->)", re.DOTALL)


def _version() -> Mapping:
    """Return the CRD's only version."""
    (version,) = crd.crd()["spec"]["versions"]
    return version


def fields() -> str:
    """Every field of the spec, as `kubectl explain` shows it."""
    spec = _version()["schema"]["openAPIV3Schema"]["properties"]["spec"]
    return table(("field", "type", "default", "meaning"), (_field(*row) for row in _walk(spec, path="")))


def status() -> str:
    """Every field of the status, as `kubectl explain` shows it."""
    schema = _version()["schema"]["openAPIV3Schema"]["properties"]["status"]
    rows = ((f"`{path}`", _type(node), node["description"]) for path, node, _ in _walk(schema, path=""))
    return table(("field", "type", "meaning"), rows)


def columns() -> str:
    """Every column of `kubectl get`."""
    rows = (
        (
            column["name"].upper(),
            f"`{column['jsonPath'].replace('.metadata.creationTimestamp', 'metadata.creationTimestamp').lstrip('.')}`",
            "yes" if column.get("priority") else "",
        )
        for column in _version()["additionalPrinterColumns"]
    )
    return table(("column", "from", "only with `-o wide`"), rows)


def _walk(node: Mapping, *, path: str) -> Iterator[tuple[str, Mapping, bool]]:
    """Yield path, schema and whether it is required, of every field below a node."""
    for name, schema in node["properties"].items():
        yield f"{path}{name}", schema, name in node.get("required", ())
        if "properties" in schema:
            yield from _walk(schema, path=f"{path}{name}.")
        if "properties" in schema.get("items", ()):
            yield from _walk(schema["items"], path=f"{path}{name}[].")


def _field(path: str, schema: Mapping, required: bool) -> tuple[str, ...]:  # noqa: FBT001 - a row of `_walk`
    before, _, after = schema["description"].partition(" Default: ")
    default, _, rest = after.removesuffix(".").partition(". ")
    meaning = f"{before} {rest}." if rest else before
    return f"`{path}`", _type(schema), "required" if required else default, meaning


def _type(schema: Mapping) -> str:
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if schema["type"] == "array":
        return f"list of {schema['items']['type']}s"
    if "additionalProperties" in schema:
        return "map of strings"
    if "minimum" in schema:
        return f"integer, {schema['minimum']} to {schema['maximum']}"
    return "time" if schema.get("format") == "date-time" else schema["type"]


def condition_types() -> str:
    """Every condition."""
    return table(("condition", "True when"), ((f"`{kind}`", kind.description) for kind in conditions.ConditionType))


def reasons() -> str:
    """Every reason of a condition or an event."""
    return table(("reason", "meaning"), ((f"`{reason}`", reason.description) for reason in conditions.Reason))


def settings() -> str:
    """Every setting, by its environment variable."""
    rows = (
        (f"`{variable(name)}`", _default(field), field.description) for name, field in Settings.model_fields.items()
    )
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


def versions() -> str:
    """Every API version, by service and cloud, and the setting that overrides it."""
    clouds = {cloud: dataclasses.asdict(of_cloud) for cloud, of_cloud in api_versions.BY_CLOUD.items()}
    services = [field.name for field in dataclasses.fields(api_versions.ApiVersions)]
    rows = (
        (
            service.replace("_", " "),
            *(f"`{of_cloud[service]}`" for of_cloud in clouds.values()),
            f"`{variable(f'api_version_{service}')}`",
        )
        for service in services
    )
    return table(("service", *clouds, "setting"), rows)


def metrics() -> str:
    """Every metric of the operator's own, with its labels."""
    collectors = Metrics(version="").registry._collector_to_names
    rows = (
        (
            f"`{family.name}{'_total' if family.type == 'counter' else ''}`",
            family.type,
            ", ".join(f"`{label}`" for label in _labels(collector, family)),
            family.documentation,
        )
        for collector in collectors
        if not isinstance(collector, prometheus_client.ProcessCollector)
        for family in collector.collect()
    )
    return table(("metric", "type", "labels", "meaning"), rows)


def _labels(collector: object, family: prometheus_client.Metric) -> tuple[str, ...]:
    """Return the label names of a family; only a custom collector keeps them on the family."""
    return getattr(collector, "_labelnames", None) or getattr(family, "_labelnames", ())


def commands() -> str:
    """Every command of the Makefile that has a description."""
    targets = re.findall(r"^([a-z-]+):.*## (.+)$", (project.ROOT / "Makefile").read_text(), re.MULTILINE)
    return table(("command", "what it does"), ((f"`make {name}`", description) for name, description in targets))


TABLES: Mapping[str, Callable[[], str]] = {
    "fields": fields,
    "status": status,
    "columns": columns,
    "conditions": condition_types,
    "reasons": reasons,
    "settings": settings,
    "versions": versions,
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
    """Return a document with fresh tables."""
    return BLOCK.sub(lambda block: f"{block['name']}{block['open']}{TABLES[block['name']]()}", text)


def write(path: pathlib.Path) -> None:
    """Renew the tables of a file."""
    path.write_text(renewed(path.read_text()))


if __name__ == "__main__":
    for file in FILES:
        write(file)
