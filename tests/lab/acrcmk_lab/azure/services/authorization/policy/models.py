"""Policy definitions and assignments as the lab keeps them, and the built-in definitions that it has."""

import dataclasses
import functools
import importlib.resources
import json
from typing import Any

from acrcmk_lab.azure.arm.messages import Body
from acrcmk_lab.azure.state.store import Resource

NAMESPACE = "Microsoft.Authorization"
DEFINITIONS = f"{NAMESPACE}/policyDefinitions"
ASSIGNMENTS = f"{NAMESPACE}/policyAssignments"


@dataclasses.dataclass(kw_only=True)
class Policy(Resource):
    """A definition or an assignment: what was sent, beside id, name and scope."""

    TRACKED = False

    scope: str
    content: Body

    @property
    def properties(self) -> dict[str, Any]:
        """The properties as sent."""
        return self.content.get("properties") or {}

    @property
    def display_name(self) -> str:
        return str(self.properties.get("displayName") or "")

    def body(self) -> Body:
        """Return the body of the definition or assignment."""
        return {**self.content, "id": self.id, "type": self.TYPE, "name": self.name}


@dataclasses.dataclass(kw_only=True)
class Definition(Policy):
    """A policy definition, built-in or custom."""

    TYPE = DEFINITIONS

    @property
    def mode(self) -> str:
        """`All`, `Indexed`, or a provider's such as `Microsoft.KeyVault.Data`, in lower case."""
        return str(self.properties.get("mode") or "All").lower()


@dataclasses.dataclass(kw_only=True)
class Assignment(Policy):
    """The assignment of a definition to a scope."""

    TYPE = ASSIGNMENTS

    @property
    def excluded_scopes(self) -> list[str]:
        return list(self.properties.get("notScopes") or [])

    @property
    def is_enforced(self) -> bool:
        return str(self.properties.get("enforcementMode") or "Default").lower() != "donotenforce"

    @property
    def reason(self) -> str:
        """The message of the assignment for what does not comply, "" without one."""
        messages = self.properties.get("nonComplianceMessages") or []
        return str(messages[0].get("message") or "") if messages else ""


@functools.cache
def built_in() -> dict[str, Definition]:
    """Return the built-in definitions by id in lower case, from one data file."""
    text = importlib.resources.files(__package__).joinpath("built_in.json").read_text(encoding="utf-8")
    definitions = [
        Definition(id=f"/providers/{DEFINITIONS}/{name}", name=name, location="", scope="", content=_content(entry))
        for name, entry in json.loads(text).items()
    ]
    return {definition.key: definition for definition in definitions}


def _content(entry: Body) -> Body:
    parameters = {name: {"type": "String", **value} for name, value in (entry.get("parameters") or {}).items()}
    effects = entry.get("effects")
    if effects:
        parameters["effect"] = {"type": "String", "allowedValues": effects, "defaultValue": effects[0]}
    properties = {
        "displayName": entry["displayName"],
        "policyType": "BuiltIn",
        "mode": entry.get("mode", "Indexed"),
        "parameters": parameters,
        "policyRule": {
            "if": entry["if"],
            "then": {
                "effect": "[parameters('effect')]" if effects else entry["effect"],
                **({"details": entry["details"]} if "details" in entry else {}),
            },
        },
    }
    return {"properties": properties}
