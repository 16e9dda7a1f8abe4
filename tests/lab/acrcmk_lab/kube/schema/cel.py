"""The Common Expression Language as Kubernetes offers it to schemas, evaluated by the library cel-expr-python.

An expression is compiled twice: against the schema's types, for the errors that the real server reports when a CRD is
created, and without types, for evaluation on plain values.
"""

import base64
import contextlib
import datetime
import re
from typing import Any, Final

from cel_expr_python import cel  # type: ignore[import-untyped]  # stubs, but no marker
from cel_expr_python.ext import (  # type: ignore[import-untyped]  # as above
    ext_bindings,
    ext_optional,
    ext_strings,
)
from google.protobuf import (  # type: ignore[import-untyped]  # its stubs are a package of their own
    duration_pb2,
    timestamp_pb2,
)

from acrcmk_lab.kube.apimachinery.objects import Object
from acrcmk_lab.kube.schema import cel_library, cel_types

_SECONDS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_OPTIONAL_OLD: Final = "before[?0]"
_META: Final[Object] = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "generateName": {"type": "string"}},
}


class CompileError(Exception):
    """The expression does not compile; the text is CEL's own, with the place underlined."""


class ResultTypeError(CompileError):
    """The expression compiles to another type than expected."""


class EvaluationError(Exception):
    """The expression failed at run time, with the message of cel-go."""


def root_schema(schema: Object) -> Object:
    """Return the schema of a whole object with the fields of type and metadata that rules can read."""
    type_meta: Object = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": _META}
    return {**schema, "properties": {**(schema.get("properties") or {}), **type_meta}}


def to_cel(value: Any, schema: Object | None) -> Any:
    """Convert a JSON value to a CEL value."""
    if schema is None or value is None:
        return value
    if isinstance(value, dict):
        return _object(value, schema)
    if isinstance(value, list):
        return [to_cel(item, schema.get("items")) for item in value]
    if schema.get("type") == "number":
        return float(value)
    return _text(value, schema.get("format")) if schema.get("type") == "string" else value


def _object(value: Object, schema: Object) -> Object:
    properties, additional = schema.get("properties"), schema.get("additionalProperties")
    if properties:
        return {cel_types.escape(key): to_cel(value[key], properties[key]) for key in properties if key in value}
    inner = additional if isinstance(additional, dict) else None
    return {key: to_cel(item, inner) for key, item in value.items()}


def _text(value: str, form: str | None) -> Any:
    """Convert a text by its format. Times are protobuf's: the library accepts Python's only outside of objects."""
    if form == "byte":
        return base64.b64decode(value)
    if form in {"date", "date-time"}:
        moment = datetime.datetime.fromisoformat(value)
        timestamp = timestamp_pb2.Timestamp()
        timestamp.FromDatetime(moment)
        return timestamp
    if form == "duration":
        parts = re.findall(r"([\d.]+)(h|ms|us|µs|ns|m|s)", value)
        seconds = sum(float(number) * _SECONDS[unit] for number, unit in parts)
        length = duration_pb2.Duration()
        length.FromTimedelta(datetime.timedelta(seconds=-seconds if value.startswith("-") else seconds))
        return length
    return value


class Environment:
    """The environment in which the rules of a schema are checked; `schema` is that of `self`."""

    def __init__(self, schema: Object) -> None:
        self._types = cel_types.Types(schema)

    def check(self, source: str, *, result: Any, optional_old: bool) -> bool:
        """Check an expression against the schema; return whether it reads `oldSelf`. Raises `CompileError`."""
        kind = self._types.self_type
        try:
            compiled, uses_old = self._typed({"self": kind}).compile(source), False
        except RuntimeError:
            compiled, uses_old = self._check_with_old(source, kind, optional_old=optional_old), True
        if compiled.return_type() != result:
            raise ResultTypeError
        return uses_old

    def _check_with_old(self, source: str, kind: Any, *, optional_old: bool) -> Any:
        before = cel.Type.List(kind)
        if optional_old:
            with contextlib.suppress(RuntimeError):
                env = self._typed({"self": kind, "before": before}, ext_bindings.ExtBindings())
                return env.compile(_with_optional_old(source))
            # It does not compile; the error must not contain the binding of oldSelf.
            kind = self._typed({"before": before}).compile(_OPTIONAL_OLD).return_type()
        try:
            return self._typed({"self": self._types.self_type, "oldSelf": kind}).compile(source)
        except RuntimeError as error:
            raise CompileError(_reworded_compile(str(error))) from None

    def _typed(self, variables: dict[str, Any], *more: Any) -> Any:
        return cel.NewEnv(descriptor_pool=self._types.pool, variables=variables, extensions=[*_extensions(), *more])


def _with_optional_old(source: str) -> str:
    """Bind `oldSelf`: the library accepts no optional values, but an optional index of a list is one."""
    return f"cel.bind(oldSelf, {_OPTIONAL_OLD}, {source})"


def _extensions() -> list[Any]:
    return [ext_strings.ExtStrings(version=2), ext_optional.ExtOptional(), cel_library.extension()]


def _reworded_compile(text: str) -> str:
    """Return a compile-time error of cel-cpp (the library) as cel-go has it."""
    text = text.removeprefix("INVALID_ARGUMENT: ").removesuffix(" [INVALID_ARGUMENT]")
    text = re.sub(r"(undefined field '[^']*') not found in struct '[^']*'", r"\1", text)
    unselectable = r"expression of type '([^']*)' cannot be the operand of a select operation"
    return re.sub(unselectable, r"type '\1' does not support field selection", text)


class Program:
    """One compiled expression over `self` and, where it is used, `oldSelf`."""

    def __init__(self, source: str, environment: Environment, *, optional_old: bool, result: Any) -> None:
        self.uses_old = environment.check(source, result=result, optional_old=optional_old)
        self._optional_old = optional_old
        variables = {"self": cel.Type.DYN}
        extensions = _extensions()
        if self.uses_old and optional_old:
            variables["before"] = cel.Type.List(cel.Type.DYN)
            extensions.append(ext_bindings.ExtBindings())
            source = _with_optional_old(source)
        elif self.uses_old:
            variables["oldSelf"] = cel.Type.DYN
        try:
            self._program = cel.NewEnv(variables=variables, extensions=extensions).compile(source)
        except RuntimeError as error:
            raise CompileError(_reworded_compile(str(error))) from None

    def evaluate(self, value: Any, *, old: list[Any]) -> Any:
        """Return the result; `old` has the old value of `self`, or is empty. Raises `EvaluationError`."""
        data = {"self": value}
        if self.uses_old:
            data |= {"before": old} if self._optional_old else {"oldSelf": old[0]}
        outcome = self._program.eval(data=data)
        if outcome.type() == cel.Type.ERROR:
            raise EvaluationError(_reworded(str(outcome.value())))
        return outcome.plain_value()


BOOL: Final = cel.Type.BOOL
STRING: Final = cel.Type.STRING


def _reworded(text: str) -> str:
    """Return a run-time error as cel-go has it."""
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
