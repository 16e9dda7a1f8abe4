"""A role assignment as the lab keeps it."""

import dataclasses

from acrcmk_lab.azure.arm import ids
from acrcmk_lab.azure.state.rbac import Grant
from acrcmk_lab.azure.state.store import Resource

NAMESPACE = "Microsoft.Authorization"
TYPE = f"{NAMESPACE}/roleAssignments"


@dataclasses.dataclass(kw_only=True)
class RoleAssignment(Resource):
    """One role for one principal at one scope."""

    TYPE = TYPE
    TRACKED = False

    scope: str
    principal_id: str
    principal_type: str
    role_definition_id: str
    # The object ids of who created and who last changed it; None for assignments that Azure created itself.
    creator_id: str | None
    author_id: str | None
    description: str | None = None
    condition: str | None = None
    condition_version: str | None = None
    grant: Grant = dataclasses.field(repr=False)

    @property
    def triple(self) -> tuple[str, str, str]:
        """Scope, principal and role, which are unique among role assignments."""
        return self.scope.lower(), self.principal_id.lower(), ids.name_of(self.role_definition_id).lower()
