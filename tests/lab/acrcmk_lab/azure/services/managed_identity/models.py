"""User-assigned identities and federated credentials as the lab keeps them."""

import dataclasses

from acrcmk_lab.azure.arm.messages import Body
from acrcmk_lab.azure.state.store import Resource

NAMESPACE = "Microsoft.ManagedIdentity"
TYPE = f"{NAMESPACE}/userAssignedIdentities"


@dataclasses.dataclass(kw_only=True)
class Identity(Resource):
    """A user-assigned identity; a deleted and recreated identity has a new principal."""

    TYPE = TYPE

    principal_id: str
    client_id: str
    isolation_scope: str = "None"


@dataclasses.dataclass(kw_only=True)
class FederatedCredential(Resource):
    """A federated credential of an identity; `properties` as sent."""

    TYPE = f"{TYPE}/federatedIdentityCredentials"
    TRACKED = False

    properties: Body
