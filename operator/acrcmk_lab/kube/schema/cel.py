"""The Common Expression Language as Kubernetes offers it to schemas, evaluated by the library cel-expr-python.

`self` is declared with a type where the schema is a scalar, a list or a map, so that wrong operators are refused when
the CRD is created. Objects are dynamic: a field that the schema does not have is noticed by `fields.py`.
"""

import datetime
import re
from typing import Any, Final

from cel_expr_python import cel  # type: ignore[import-untyped]  # stubs, but no marker
from cel_expr_python.ext import (  # type: ignore[import-untyped]
    ext_bindings,
    ext_encoders,
    ext_math,
    ext_optional,
    ext_strings,
)

from acrcmk_lab.kube.objects import Object

_RESERVED: Final = frozenset(
    {"true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import"}
    | {"let", "loop", "package", "namespace", "return"}
)
_ESCAPES: Final = {"__": "__underscores__", ".": "__dot__", "-": "__dash__", "/": "__slash__"}
_SPECIAL: Final = re.compile(r"__|[.\-/]")
_SCALARS: Final = {
    ("string", "date-time"): cel.Type.TIMESTAMP,
    ("string", "date"): cel.Type.TIMESTAMP,
    ("string", "duration"): cel.Type.DURATION,
    ("string", "byte"): cel.Type.BYTES,
}
_PLAIN: Final = {
    "string": cel.Type.STRING,
    "integer": cel.Type.INT,
    "number": cel.Type.DOUBLE,
    "boolean": cel.Type.BOOL,
}
_SECONDS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
META: Final[Object] = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "generateName": {"type": "string"}},
}
"""What a rule at the root of an object may read of its metadata."""


class CompileError(Exception):
    """The expression does not compile; the text is CEL's own, with the place underlined."""


class EvaluationError(Exception):
    """The expression failed at run time, in the words of cel-go."""


def root_schema(schema: Object) -> Object:
    """Add to the schema of a whole object what rules may read of its type and metadata."""
    type_meta: Object = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": META}
    return {**schema, "properties": {**(schema.get("properties") or {}), **type_meta}}


def escape(name: str) -> str:
    """Return a property's name as CEL writes it."""
    if name in _RESERVED:
        return f"__{name}__"
    return _SPECIAL.sub(lambda found: _ESCAPES[found.group()], name)


def declared_type(schema: Object) -> cel.Type:
    """Return the CEL type of the values of a schema."""
    kind = schema.get("type", "")
    if schema.get("nullable") or schema.get("x-kubernetes-int-or-string"):
        return cel.Type.DYN
    if kind == "array":
        return cel.Type.List(declared_type(schema.get("items") or {}))
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return cel.Type.Map(cel.Type.STRING, declared_type(schema["additionalProperties"]))
    return _SCALARS.get((kind, schema.get("format", "")), _PLAIN.get(kind, cel.Type.DYN))


def to_cel(value: Any, schema: Object | None, *, inside: bool = False) -> Any:
    """Convert a JSON value to what a rule sees of it.

    The library takes times and durations as `self` itself, but not `inside` an object or a list: there they stay text.
    """
    if schema is None or value is None:
        return value
    if isinstance(value, dict):
        properties, additional = schema.get("properties"), schema.get("additionalProperties")
        if properties:
            return {escape(key): to_cel(value[key], properties[key], inside=True) for key in properties if key in value}
        inner = additional if isinstance(additional, dict) else None
        return {key: to_cel(item, inner, inside=True) for key, item in value.items()}
    if isinstance(value, list):
        return [to_cel(item, schema.get("items"), inside=True) for item in value]
    timed = inside and schema.get("format") in {"date-time", "date", "duration"}
    return value if timed else _scalar(value, schema)


def _scalar(value: Any, schema: Object) -> Any:
    if schema.get("type") == "number" and isinstance(value, int):
        return float(value)
    if not isinstance(value, str) or schema.get("type") != "string":
        return value
    kind = schema.get("format")
    if kind == "date-time":
        return datetime.datetime.fromisoformat(value)
    if kind == "date":
        return datetime.datetime.fromisoformat(value).replace(tzinfo=datetime.UTC)
    if kind == "duration":
        parts = re.findall(r"([\d.]+)(h|ms|us|µs|ns|m|s)", value)
        seconds = sum(float(number) * _SECONDS[unit] for number, unit in parts)
        return datetime.timedelta(seconds=-seconds if value.startswith("-") else seconds)
    return value.encode() if kind == "byte" else value


def _environment(**variables: cel.Type) -> cel.Env:
    extensions = [
        ext_strings.ExtStrings(version=2),
        ext_optional.ExtOptional(),
        ext_math.ExtMath(),
        ext_encoders.ExtEncoders(),
        ext_bindings.ExtBindings(),
    ]
    return cel.NewEnv(variables=variables, extensions=extensions)


class Program:
    """One compiled expression over `self` and, where it is used, `oldSelf`."""

    def __init__(self, source: str, schema: Object, *, optional_old: bool, result: str) -> None:
        kind = declared_type(schema)
        self.uses_old = False
        self._optional_old = optional_old
        try:
            self._program = _environment(self=kind).compile(source)
        except RuntimeError:
            self._program = _compile(source, kind, optional_old=optional_old)
            self.uses_old = True
        if self._program.return_type().name() not in {result, "DYN"}:
            raise CompileError(result)

    def evaluate(self, value: Any, *, old: list[Any]) -> Any:
        """Return the result; `old` holds the old value of `self`, or nothing. Raises `EvaluationError`."""
        data = {"self": value}
        if self.uses_old:
            data |= {"before": old} if self._optional_old else {"oldSelf": old[0]}
        found = self._program.eval(data=data)
        if found.type() == cel.Type.ERROR:
            raise EvaluationError(_reworded(str(found.value())))
        return found.plain_value()


def _compile(source: str, kind: cel.Type, *, optional_old: bool) -> cel.Expression:
    try:
        if optional_old:
            environment = _environment(self=kind, before=cel.Type.List(kind))
            return environment.compile(f"cel.bind(oldSelf, before[?0], {source})")
        return _environment(self=kind, oldSelf=kind).compile(source)
    except RuntimeError as error:
        raise CompileError(_without_code(str(error))) from None


def _without_code(text: str) -> str:
    """Strip what the library puts around CEL's own text."""
    return (
        text.removeprefix("INVALID_ARGUMENT: ")
        .removesuffix(" [INVALID_ARGUMENT]")
        .replace(" (in container '')", " (in container '')")
    )


def _reworded(text: str) -> str:
    """Say a run-time error as cel-go says it (the library is cel-cpp)."""
    missing = re.search(r'Key not found in map : "?([^"]*)"?', text)
    if missing:
        return f"no such key: {missing.group(1)}"
    beyond = re.search(r"Index error: index=(-?\d+)", text)
    if beyond:
        return f"index out of bounds: {beyond.group(1)}"
    if "No matching overloads" in text or "SELECT to non-message" in text:
        return "no such overload"
    if "divide by zero" in text:
        return "division by zero"
    return text.partition(": ")[2] or text
