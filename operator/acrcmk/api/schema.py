"""Conversion of pydantic's JSON schema to a structural schema, the part of JSON schema that a CRD may use."""

import json
from typing import Any

import pydantic

JsonSchema = dict[str, Any]

_KEPT = (
    "description",
    "type",
    "format",
    "enum",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "required",
    "properties",
    "additionalProperties",
    "items",
    "x-kubernetes-validations",
)
"""The keywords that go into the CRD, in this order."""


def structural(model: type[pydantic.BaseModel]) -> JsonSchema:
    """Return the model's structural schema: `$ref` inlined, optional without null, no titles and no defaults.

    A default in the schema would be written into every object; the description has it instead.
    """
    schema = model.model_json_schema(by_alias=True)
    return _node(schema, definitions=schema.get("$defs", {}))


def _node(schema: JsonSchema, *, definitions: dict[str, JsonSchema]) -> JsonSchema:
    flat = _flat(schema, definitions=definitions)
    node = {key: flat[key] for key in _KEPT if key in flat}
    if isinstance(flat.get("default"), str | int):
        node["description"] += f" Default: {_plain(flat['default'])}."
    if "properties" in node:
        properties = node["properties"].items()
        node["properties"] = {name: _node(value, definitions=definitions) for name, value in properties}
    if "items" in node:
        node["items"] = _node(node["items"], definitions=definitions)
    if isinstance(node.get("additionalProperties"), dict):
        node["additionalProperties"] = _node(node["additionalProperties"], definitions=definitions)
    else:  # a closed model; a structural schema is closed by pruning
        node.pop("additionalProperties", None)
    return node


def _flat(schema: JsonSchema, *, definitions: dict[str, JsonSchema]) -> JsonSchema:
    """Merge the target of a `$ref` or optional into the node; keywords of the node override those of the target."""
    own = {key: value for key, value in schema.items() if key not in {"$ref", "anyOf"}}
    if "$ref" in schema:
        target = definitions[schema["$ref"].rpartition("/")[2]]
        return {**_flat(target, definitions=definitions), **own}
    if "anyOf" in schema:
        (option,) = (option for option in schema["anyOf"] if option != {"type": "null"})
        return {**_flat(option, definitions=definitions), **own}
    return own


def _plain(value: str | int) -> str:
    """Return a default as YAML."""
    return value if isinstance(value, str) else json.dumps(value)
