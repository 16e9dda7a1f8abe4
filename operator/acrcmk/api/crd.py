"""The CustomResourceDefinition: the schema of the models, the rules, and the columns of kubectl."""

from typing import Any

import yaml

from acrcmk import api
from acrcmk.api import rules, schema
from acrcmk.api.spec import EncryptedRegistrySpec
from acrcmk.api.status import UNOBSERVED, EncryptedRegistryStatus

_READY = '.status.conditions[?(@.type=="Ready")]'

_COLUMNS = (
    ("Ready", f"{_READY}.status", "Whether the registry is as the spec says.", 0),
    ("Encryption", ".status.encryption.status", "Whether encryption with the customer-managed key is enabled.", 0),
    ("Rotation", ".status.key.rotation", "Automatic or Manual: whether the registry moves to new key versions.", 0),
    ("Key Version", ".status.key.shortVersion", "The first eight digits of the key version in use.", 0),
    ("Login Server", ".status.registry.loginServer", "Host name of the registry for docker login, push and pull.", 0),
    ("Age", ".metadata.creationTimestamp", "", 0),
    ("Reason", f"{_READY}.reason", "Reason of the condition Ready.", 1),
    ("Message", f"{_READY}.message", "Message of the condition Ready: what is wrong and what to do.", 1),
)


def crd() -> dict[str, Any]:
    """Return the CRD as JSON data."""
    version = {
        "name": api.VERSION,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "additionalPrinterColumns": [_column(*column) for column in _COLUMNS],
        "schema": {"openAPIV3Schema": _root()},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{api.PLURAL}.{api.GROUP}"},
        "spec": {
            "group": api.GROUP,
            "names": {
                "kind": api.KIND,
                "listKind": f"{api.KIND}List",
                "plural": api.PLURAL,
                "singular": api.SINGULAR,
                "shortNames": [api.SHORT_NAME],
                "categories": ["azure"],
            },
            "scope": "Namespaced",
            "versions": [version],
        },
    }


def crd_yaml() -> str:
    """Return the CRD as YAML, in a stable order, for crds/ and for `kubectl apply -f -`."""
    text = yaml.dump(crd(), Dumper=_Plain, sort_keys=False, width=118, allow_unicode=True)
    return f"# Made by `make crds` from operator/acrcmk/api; edit that instead.\n{text}"


def _column(name: str, path: str, description: str, priority: int) -> dict[str, Any]:
    column: dict[str, Any] = {"name": name, "type": "date" if name == "Age" else "string", "jsonPath": path}
    if description:
        column["description"] = description
    if priority:
        column["priority"] = priority
    return column


def _root() -> schema.JsonSchema:
    root = {
        "type": "object",
        "description": "An Azure Container Registry encrypted with a customer-managed key: the registry, the key, its "
        "vault, and the identity with which the registry accesses the key.",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            # Kubernetes limits every name to this; the cost estimate of the rule about the name needs it in the schema.
            "metadata": {"type": "object", "properties": {"name": {"type": "string", "maxLength": 253}}},
            "spec": schema.structural(EncryptedRegistrySpec),
            "status": _status(),
        },
    }
    for rule in rules.RULES:
        _add_rule(rule, root)
    return root


def _status() -> schema.JsonSchema:
    status = schema.structural(EncryptedRegistryStatus)
    # kstatus takes an object without status as Current, that is reconciled (kubernetes-status.md, truth table).
    status["default"] = {"observedGeneration": UNOBSERVED}
    for name, key in (("conditions", "type"), ("resources", "id")):
        status["properties"][name] |= {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key]}
    return status


def _add_rule(rule: rules.Rule, root: schema.JsonSchema) -> None:
    """Add a rule to its node; the field path, relative to the node, makes the message name the field."""
    node = root
    for name in filter(None, rule.at.split(".")):
        node = node["properties"][name]
    entry = {"rule": rule.cel, "message": rule.message}
    below = rule.field.removeprefix(rule.at) if rule.at else f".{rule.field}"
    # A field path must not lead into metadata.
    if below and not below.startswith(".metadata"):
        entry["fieldPath"] = below
    node.setdefault("x-kubernetes-validations", []).append(entry)


class _Plain(yaml.SafeDumper):
    """YAML without anchors and with indented lists."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the base class's signature
        """Write a value that occurs twice in full."""
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - the base class's signature
        """Indent lists below their key."""
        super().increase_indent(flow, indentless=False)
