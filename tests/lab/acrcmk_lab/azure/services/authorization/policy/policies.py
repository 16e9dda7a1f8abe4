"""The operations on policy definitions and assignments at management groups, subscriptions and resource groups."""

from typing import Any

from acrcmk_lab.azure.arm import errors, ids, operations, paging
from acrcmk_lab.azure.arm.messages import Body, Response
from acrcmk_lab.azure.arm.operations import Call, Operation
from acrcmk_lab.azure.services.authorization.policy import gate, models
from acrcmk_lab.azure.services.authorization.policy.models import Assignment, Definition, Policy
from acrcmk_lab.azure.state.state import State

_SERVER_MEMBERS = ("id", "name", "type", "systemData")


class Policies:
    """The operations; a definition or assignment is in effect at once."""

    def __init__(self, state: State) -> None:
        self._state = state

    def operations(self) -> list[Operation]:
        return [
            *operations.crud(
                models.NAMESPACE,
                path="policyDefinitions/*",
                get=self.get_definition,
                put=self.put_definition,
                delete=self.delete_definition,
            ),
            *operations.crud(models.NAMESPACE, path="policyDefinitions", get=self.list_definitions),
            *operations.crud(
                models.NAMESPACE,
                path="policyAssignments/*",
                get=self.get_assignment,
                put=self.put_assignment,
                delete=self.delete_assignment,
            ),
            *operations.crud(models.NAMESPACE, path="policyAssignments", get=self.list_assignments),
        ]

    async def get_definition(self, call: Call) -> Response:
        definition = gate.definition_of(self._state, call.route.path)
        if definition is None:
            raise errors.error("ARM_POLICY_DEFINITION_NOT_FOUND", name=call.names[-1])
        return Response(200, body=definition.body())

    async def put_definition(self, call: Call) -> Response:
        rule = call.request.properties().get("policyRule")
        if not isinstance(rule, dict) or not isinstance(rule.get("if"), dict) or not rule.get("then", {}).get("effect"):
            raise errors.error("ARM_BAD_REQUEST", reason="properties.policyRule needs if and then.effect")
        content = _content(call)
        content["properties"] = {"policyType": "Custom", "mode": "All", **content["properties"]}
        return self._put(Definition(**_members(call), content=content))

    async def delete_definition(self, call: Call) -> Response:
        return self._delete(self._state.store.get(Definition, call.route.path))

    async def list_definitions(self, call: Call) -> Response:
        """List the custom definitions at a scope and above, and the built-in ones."""
        custom = [d for d in self._state.store.table(Definition).values() if _is_visible(d, scope=call.route.scope)]
        rows = [definition.body() for definition in (*custom, *models.built_in().values())]
        return paging.page(call, rows=rows, url=self._state.url)

    async def get_assignment(self, call: Call) -> Response:
        assignment = self._state.store.get(Assignment, call.route.path)
        if assignment is None:
            raise errors.error("ARM_POLICY_ASSIGNMENT_NOT_FOUND", name=call.names[-1])
        return Response(200, body=assignment.body())

    async def put_assignment(self, call: Call) -> Response:
        definition_id = str(call.request.properties().get("policyDefinitionId") or "")
        if gate.definition_of(self._state, definition_id) is None:
            raise errors.error("ARM_POLICY_DEFINITION_NOT_FOUND", name=ids.name_of(definition_id))
        content = _content(call)
        content["properties"] = {"enforcementMode": "Default", **content["properties"], "scope": call.route.scope}
        return self._put(Assignment(**_members(call), content=content))

    async def delete_assignment(self, call: Call) -> Response:
        return self._delete(self._state.store.get(Assignment, call.route.path))

    async def list_assignments(self, call: Call) -> Response:
        """List the assignments at, above and below a scope."""
        rows = [
            assignment.body()
            for assignment in self._state.store.table(Assignment).values()
            if _is_visible(assignment, scope=call.route.scope) or ids.within(assignment.scope, scope=call.route.scope)
        ]
        return paging.page(call, rows=rows, url=self._state.url)

    def _put(self, policy: Policy) -> Response:
        self._state.store.put(policy)
        return Response(201, body=policy.body())

    def _delete(self, policy: Policy | None) -> Response:
        if policy is None:
            return Response(204)
        self._state.store.remove(policy)
        return Response(200, body=policy.body())


def _content(call: Call) -> Body:
    content = {name: value for name, value in call.body.items() if name not in _SERVER_MEMBERS}
    return {**content, "properties": call.request.properties()}


def _members(call: Call) -> dict[str, Any]:
    return {"id": call.route.path, "name": call.names[-1], "location": "", "scope": call.route.scope}


def _is_visible(policy: Policy, *, scope: str) -> bool:
    """Tell whether a policy is at a scope or above: a management group is above every subscription."""
    return "/managementgroups/" in policy.scope.lower() or ids.within(scope, scope=policy.scope)
