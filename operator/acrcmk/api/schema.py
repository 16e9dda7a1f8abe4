"""From pydantic's JSON schema to a structural schema, the part of JSON schema that a CRD may use."""

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
"""What goes into the CRD, in this order."""


def structural(model: type[pydantic.BaseModel]) -> JsonSchema:
    """Return the model's structural schema: `$ref` inlined, optional without null, no titles and no defaults.

    A default in the schema would be written into every object; it is told in the description instead.
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
    """Merge what a reference or an optional points to into the node itself; the node's own words win."""
    own = {key: value for key, value in schema.items() if key not in {"$ref", "anyOf"}}
    if "$ref" in schema:
        target = definitions[schema["$ref"].rpartition("/")[2]]
        return {**_flat(target, definitions=definitions), **own}
    if "anyOf" in schema:
        (only,) = (one for one in schema["anyOf"] if one != {"type": "null"})
        return {**_flat(only, definitions=definitions), **own}
    return own


def _plain(value: str | int) -> str:
    """Write a default as YAML has it."""
    return value if isinstance(value, str) else json.dumps(value)
