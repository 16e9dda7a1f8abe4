"""The check of every write against the assigned policies: modify and append first, then deny; audit does nothing."""

import copy
import dataclasses
import json
from collections.abc import Iterator
from typing import Any

from acrcmk_lab.azure.arm import errors, ids, timestamps
from acrcmk_lab.azure.arm.messages import AzureError, Body
from acrcmk_lab.azure.arm.operations import Call, Operation, Read
from acrcmk_lab.azure.services.authorization.policy import fields, models, rules
from acrcmk_lab.azure.services.authorization.policy.models import Assignment, Definition
from acrcmk_lab.azure.services.authorization.policy.rules import Subject
from acrcmk_lab.azure.state.state import State

KEYS = "Microsoft.KeyVault.Data/vaults/keys"
_DATA_MODE = "microsoft.keyvault.data"
_GROUP = "subscriptions/*/resourcegroups/*"
_ARM_KEY = "microsoft.keyvault/vaults/*/keys/*"
_INDEXED = (
    "microsoft.containerregistry/registries/*",
    "microsoft.keyvault/vaults/*",
    "microsoft.managedidentity/userassignedidentities/*",
)
"""The types with tags and location, which definitions of mode Indexed look at."""
_MANAGEMENT_GROUP = "/providers/microsoft.management/managementgroups/"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Denial:
    """A policy that denies a request, with what it compared."""

    assignment: Assignment
    definition: Definition
    evaluated: list[Body]


class PolicyGate:
    """The policies in effect, applied to writes in Resource Manager and to keys in vaults."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def admit(self, call: Call, *, operation: Operation, read: Read) -> None:
        """Change a write as policies of effect modify and append say; AzureError if one denies it."""
        template = call.route.template
        is_checked = template == _GROUP or not template.startswith(("subscriptions", "microsoft.authorization"))
        if operation.method not in ("PUT", "PATCH") or not is_checked or not self._state.store.table(Assignment):
            return
        current = await read(call) if operation.method == "PATCH" or template == _ARM_KEY else None
        if template == _ARM_KEY and current is None:
            self.check_key(call.route.path, body=_key_content(call))
        body = copy.deepcopy(call.body)
        for mode in ("modify", "append", "deny"):
            resource = _merged(current, body) if operation.method == "PATCH" else body
            self._apply(call, mode, resource=resource, body=body)
        call.request.body = body

    def check_key(self, path: str, *, body: Body) -> None:
        """Check a new version of a key, by the path of its vault in Resource Manager; AzureError if a policy denies it.

        `body` has ARM's properties of a key: kty, keySize, curveName, attributes.
        """
        properties = body.get("properties") or {}
        attributes = properties.get("attributes") or {}
        resource = {
            "tags": body.get("tags") or {},
            "properties": {
                "keyType": properties.get("kty"),
                "keySize": properties.get("keySize"),
                "ellipticCurveName": properties.get("curveName"),
                "attributes": {
                    "enabled": attributes.get("enabled", True),
                    "createdOn": timestamps.zulu(self._state.clock.utc()),
                    "expiresOn": self._moment(attributes.get("exp")),
                    "notBefore": self._moment(attributes.get("nbf")),
                },
            },
        }
        for assignment, definition in self._in_effect(path):
            if definition.mode != _DATA_MODE:
                continue
            subject = self._subject(assignment, definition, path=path, resource_type=KEYS, body=resource)
            if _applies(definition, subject, effect="deny", evaluated=[]):
                raise errors.error("KVD_DENIED_BY_POLICY", reason=assignment.reason or definition.display_name)

    def _apply(self, call: Call, mode: str, *, resource: Body, body: Body) -> None:
        denials: list[Denial] = []
        for assignment, definition in self._in_effect(call.route.path):
            if not _looks_at(definition, call):
                continue
            subject = self._subject(
                assignment, definition, path=call.route.path, resource_type=_type_of(call), body=resource, call=call
            )
            evaluated: list[Body] = []
            if not _applies(definition, subject, effect=mode, evaluated=evaluated):
                continue
            if mode == "deny" or not _change(definition, subject, body=body):
                denials.append(Denial(assignment=assignment, definition=definition, evaluated=evaluated))
        if denials:
            raise _denied(ids.name_of(call.route.path), denials)

    def _in_effect(self, path: str) -> Iterator[tuple[Assignment, Definition]]:
        """Yield the enforced assignments that cover a path, with their definitions."""
        for assignment in self._state.store.table(Assignment).values():
            covers = assignment.scope.lower().startswith(_MANAGEMENT_GROUP) or ids.within(path, scope=assignment.scope)
            is_excluded = any(ids.within(path, scope=scope) for scope in assignment.excluded_scopes)
            definition = definition_of(self._state, str(assignment.properties.get("policyDefinitionId") or ""))
            if covers and not is_excluded and assignment.is_enforced and definition:
                yield assignment, definition

    def _subject(
        self,
        assignment: Assignment,
        definition: Definition,
        *,
        path: str,
        resource_type: str,
        body: Body,
        call: Call | None = None,
    ) -> Subject:
        subscription = ids.subscription_of(path)
        group = self._state.store.group(subscription, ids.group_of(path))
        group_body = {"name": group.name, "location": group.location, "tags": group.tags} if group else {}
        stated = {name.lower(): entry.get("value") for name, entry in _entries(assignment.properties)}
        defaults = {name.lower(): entry.get("defaultValue") for name, entry in _entries(definition.properties)}
        return Subject(
            resource_type=resource_type,
            body={**body, "type": resource_type, "name": ids.name_of(path), "id": path},
            functions={
                "parameters": lambda name: {**defaults, **stated}.get(name.lower()),
                "resourceGroup": lambda: group_body,
                "subscription": lambda: {"subscriptionId": subscription, "id": f"/subscriptions/{subscription}"},
                "requestContext": lambda: {"apiVersion": call.version if call else ""},
                "utcNow": lambda: timestamps.zulu(self._state.clock.utc()),
            },
        )

    def _moment(self, unix_time: int | None) -> str | None:
        if unix_time is None:
            return None
        clock = self._state.clock
        return timestamps.zulu(clock.utc(unix_time - clock.utc(0).timestamp()))


def definition_of(state: State, definition_id: str) -> Definition | None:
    """Return the definition of an id, custom or built-in; None for an unknown one."""
    return state.store.get(Definition, definition_id) or models.built_in().get(definition_id.lower())


def _entries(properties: Body) -> list[tuple[str, Body]]:
    return list((properties.get("parameters") or {}).items())


def _rule(definition: Definition) -> Body:
    return dict(definition.properties["policyRule"])


def _applies(definition: Definition, subject: Subject, *, effect: str, evaluated: list[Body]) -> bool:
    """Tell whether a definition has this effect and its condition holds; AzureError for one that cannot be read."""
    rule = _rule(definition)
    try:
        is_of_effect = str(subject.evaluate(rule["then"]["effect"])).lower() == effect
        return is_of_effect and rules.matches(rule["if"], subject=subject, evaluated=evaluated)
    except (ValueError, TypeError) as error:
        raise errors.error("ARM_BAD_REQUEST", reason=f"policy {definition.name}: {error}") from None


def _looks_at(definition: Definition, call: Call) -> bool:
    if definition.mode == _DATA_MODE:
        return False
    return definition.mode == "all" or call.route.template in _INDEXED


def _type_of(call: Call) -> str:
    if call.route.template == _GROUP:
        return "Microsoft.Resources/subscriptions/resourceGroups"
    namespace, *parts = call.route.path.rsplit("/providers/", 1)[-1].split("/")
    return "/".join([namespace, *parts[::2]])


def _key_content(call: Call) -> Body:
    properties = call.request.properties()
    return {**call.body, "properties": {**properties, "kty": properties.get("kty") or "RSA"}}


def _change(definition: Definition, subject: Subject, *, body: Body) -> bool:
    """Change a request as `then.details` says; False where an append would replace another value, which denies [D]."""
    details = _rule(definition)["then"].get("details") or []
    for operation in details if isinstance(details, list) else details.get("operations") or []:
        if "condition" in operation and not subject.evaluate(operation["condition"]):
            continue
        path = fields.path_of(str(subject.evaluate(operation["field"])), resource_type=subject.resource_type)
        if path is None:
            continue
        if path[0] == "tags" and "tags" not in body and subject.body.get("tags"):
            body["tags"] = dict(subject.body["tags"])
        kind, value = str(operation.get("operation") or "append").lower(), subject.evaluate(operation.get("value"))
        present = [v for v in fields.read(subject.body, path) if v is not None]
        if kind == "remove":
            fields.remove(body, path)
        elif path[-1] == "[*]" or kind == "addorreplace" or not present:
            fields.write(body, path, value=value)
        elif kind == "append" and present != [value]:
            return False
    return True


def _merged(current: Any, change: Any) -> Any:
    """Return a body after a PATCH: objects are merged except tags, which are replaced."""
    if not isinstance(current, dict) or not isinstance(change, dict):
        return copy.deepcopy(change)
    merged = copy.deepcopy(current)
    for name, value in change.items():
        merged[name] = copy.deepcopy(value) if name == "tags" else _merged(merged.get(name), value)
    return merged


def _denied(name: str, denials: list[Denial]) -> AzureError:
    """Return the refusal, with identifiers in its text, or the assignments' reasons where they state some [D]."""
    reasons = [denial.assignment.reason for denial in denials if denial.assignment.reason]
    identifiers = [
        {
            "policyAssignment": {"name": d.assignment.display_name or d.assignment.name, "id": d.assignment.id},
            "policyDefinition": {"name": d.definition.display_name or d.definition.name, "id": d.definition.id},
        }
        for d in denials
    ]
    if reasons:
        joined = ", ".join(f"'{reason}'" for reason in reasons)
        error = errors.error("ARM_POLICY_DENIED_REASON", name=name, reasons=joined)
    else:
        text = json.dumps(identifiers, separators=(",", ":"))
        error = errors.error("ARM_POLICY_DENIED", name=name, identifiers=text)
    content = error.response.body["error"]
    content["target"] = name
    content["additionalInfo"] = [{"type": "PolicyViolation", "info": _info(denial)} for denial in denials]
    return error


def _info(denial: Denial) -> Body:
    assignment, definition = denial.assignment, denial.definition
    details: Body = {"evaluatedExpressions": denial.evaluated}
    if assignment.reason:
        details["reason"] = assignment.reason
    return {
        "policyDefinitionDisplayName": definition.display_name,
        "evaluationDetails": details,
        "policyDefinitionId": definition.id,
        "policyDefinitionName": definition.name,
        "policyDefinitionEffect": "Deny",
        "policyAssignmentId": assignment.id,
        "policyAssignmentName": assignment.name,
        "policyAssignmentDisplayName": assignment.display_name,
        "policyAssignmentScope": assignment.scope,
        "policyAssignmentParameters": assignment.properties.get("parameters") or {},
        "policyExemptionIds": [],
    }
