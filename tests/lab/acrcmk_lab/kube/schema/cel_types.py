"""Schemas as CEL types, so that a rule with a wrong field or type is rejected when the CRD is created.

CEL has structures only as protobuf messages, hence every object of a schema becomes a message. They are for the
type check alone; rules are evaluated on plain values.
"""

import re
from typing import Any, Final

from cel_expr_python import cel  # type: ignore[import-untyped]  # stubs, but no marker
from google.protobuf import (  # type: ignore[import-untyped]  # its stubs are a package of their own
    descriptor_pb2,
    descriptor_pool,
    duration_pb2,
    struct_pb2,
    timestamp_pb2,
)

from acrcmk_lab.kube.apimachinery.objects import Object

_PACKAGE: Final = "lab"
_DYNAMIC: Final = ".google.protobuf.Value"
_RESERVED: Final = frozenset(
    {"true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import"}
    | {"let", "loop", "package", "namespace", "return"}
)
_ESCAPES: Final = {"__": "__underscores__", ".": "__dot__", "-": "__dash__", "/": "__slash__"}
_SPECIAL: Final = re.compile(r"__|[.\-/]")
_IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_Field: Final = descriptor_pb2.FieldDescriptorProto
_SCALARS: Final = {
    "string": _Field.TYPE_STRING,
    "integer": _Field.TYPE_INT64,
    "boolean": _Field.TYPE_BOOL,
    "byte": _Field.TYPE_BYTES,
}
_CEL_SCALARS: Final = {
    "string": cel.Type.STRING,
    "integer": cel.Type.INT,
    "boolean": cel.Type.BOOL,
    "byte": cel.Type.BYTES,
    "time": cel.Type.TIMESTAMP,
    "duration": cel.Type.DURATION,
}
_FORMATS: Final = {"byte": "byte", "date-time": "time", "date": "time", "duration": "duration"}
_MESSAGES: Final = {"time": ".google.protobuf.Timestamp", "duration": ".google.protobuf.Duration"}
_LIBRARIES: Final = (struct_pb2, timestamp_pb2, duration_pb2)


def escape(name: str) -> str:
    """Return a property's name as CEL writes it."""
    if name in _RESERVED:
        return f"__{name}__"
    return _SPECIAL.sub(lambda match: _ESCAPES[match.group()], name)


class Types:
    """The CEL types of one schema: `self_type` is that of its values, `pool` holds the messages behind it."""

    def __init__(self, schema: Object) -> None:
        self._file = descriptor_pb2.FileDescriptorProto(name="schema.proto", package=_PACKAGE, syntax="proto3")
        self.self_type = self._cel_type(schema)
        self.pool = descriptor_pool.DescriptorPool()
        for library in _LIBRARIES:
            self.pool.AddSerializedFile(library.DESCRIPTOR.serialized_pb)
            self._file.dependency.append(library.DESCRIPTOR.name)
        self.pool.AddSerializedFile(self._file.SerializeToString())

    def _cel_type(self, schema: Object) -> Any:
        kind = _kind(schema)
        if kind == "array":
            return cel.Type.List(self._cel_type(schema.get("items") or {}))
        if kind == "map":
            return cel.Type.Map(cel.Type.STRING, self._cel_type(schema["additionalProperties"]))
        if kind == "object":
            return cel.Type(self._message(schema).lstrip("."))
        return _CEL_SCALARS.get(kind, cel.Type.DYN)

    def _message(self, schema: Object) -> str:
        """Add a message with the properties of an object; return its name."""
        message = self._file.message_type.add(name=f"Type{len(self._file.message_type)}")
        number = 0
        for key, child in (schema.get("properties") or {}).items():
            if _IDENTIFIER.fullmatch(escape(key)) and (_kind(child) or child.get("x-kubernetes-int-or-string")):
                number += 1
                self._field(message, escape(key), child, number)
        return f".{_PACKAGE}.{message.name}"

    def _field(self, message: descriptor_pb2.DescriptorProto, name: str, schema: Object, number: int) -> None:
        kind, field = _kind(schema), message.field.add(name=name, number=number, label=_Field.LABEL_OPTIONAL)
        if kind == "array":
            field.label = _Field.LABEL_REPEATED
            self._set_type(field, schema.get("items") or {})
        elif kind == "map":
            field.label = _Field.LABEL_REPEATED
            field.type, field.type_name = _Field.TYPE_MESSAGE, self._entry(message, name, schema)
        else:
            self._set_type(field, schema)

    def _entry(self, message: descriptor_pb2.DescriptorProto, name: str, schema: Object) -> str:
        """Add the message that protobuf makes of a map's entries; return its name."""
        camel_case = "".join(part.capitalize() for part in name.split("_"))
        entry = message.nested_type.add(name=f"{camel_case}Entry")
        entry.options.map_entry = True
        entry.field.add(name="key", number=1, label=_Field.LABEL_OPTIONAL, type=_Field.TYPE_STRING)
        self._set_type(
            entry.field.add(name="value", number=2, label=_Field.LABEL_OPTIONAL), schema["additionalProperties"]
        )
        return f".{_PACKAGE}.{message.name}.{entry.name}"

    def _set_type(self, field: descriptor_pb2.FieldDescriptorProto, schema: Object) -> None:
        """Give a field the type of single values; lists and maps within lists and maps are dynamic."""
        kind = _kind(schema)
        if kind in _SCALARS:
            field.type = _SCALARS[kind]
        else:
            field.type = _Field.TYPE_MESSAGE
            field.type_name = self._message(schema) if kind == "object" else _MESSAGES.get(kind, _DYNAMIC)


def _kind(schema: Object) -> str:
    """Return `map` for an object of additional properties, `any` for what is typed at run time, else the type.

    Numbers are `any`: Kubernetes compares integers with fractions, which the library's checker does not.
    """
    kind: str = schema.get("type", "")
    if schema.get("nullable") or schema.get("x-kubernetes-int-or-string") or kind == "number":
        return "any"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return "map"
    return _FORMATS.get(schema.get("format", ""), kind) if kind == "string" else kind
