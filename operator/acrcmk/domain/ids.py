"""Ids and names in Azure: resource ids, key identifiers, locations, the owner tag, deterministic names.

Azure compares ids, names and locations without regard to case, and answers them in another spelling than it was
given (azure-behaviour.md 1.2, 3: `resourcegroups` in lower case), so every comparison goes through this module.
"""

import dataclasses
import re
import urllib.parse
import uuid
from collections.abc import Mapping

from acrcmk import api

CRYPTO_SERVICE_ENCRYPTION_USER = "e147488a-f6f5-4113-8e2d-b22465e65bf6"
"""Built-in role "Key Vault Crypto Service Encryption User": get, wrap and unwrap keys, nothing else."""

_ASSIGNMENTS = uuid.UUID("0b0ea5ee-2c4c-5a0e-9f0c-8a1d2f6f4b55")
_RESOURCE_ID = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)"
    r"/providers/(?P<provider>[^/]+)/(?P<type>[^/]+)/(?P<name>[^/]+)",
    re.IGNORECASE,
)


@dataclasses.dataclass(frozen=True)
class ResourceId:
    """The id of a top-level resource in a resource group. Compared without regard to case, printed as it was made."""

    subscription: str
    group: str
    type: str
    """Provider and type, as in `Microsoft.KeyVault/vaults`."""
    name: str

    @classmethod
    def parse(cls, text: str) -> "ResourceId":
        """Parse `/subscriptions/../resourceGroups/../providers/../../..`; raises ValueError for any other text."""
        match = _RESOURCE_ID.fullmatch(text.rstrip("/"))
        if match is None:
            raise ValueError(f"not the id of an Azure resource: {text!r}")
        return cls(match["subscription"], match["group"], f"{match['provider']}/{match['type']}", match["name"])

    def __str__(self) -> str:
        return f"{self.group_id}/providers/{self.type}/{self.name}"

    @property
    def group_id(self) -> str:
        """The id of the resource group that holds it."""
        return group_id(self.group, subscription=self.subscription)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ResourceId) and str(self).casefold() == str(other).casefold()

    def __hash__(self) -> int:
        return hash(str(self).casefold())


def group_id(name: str, *, subscription: str) -> str:
    """Return the id of a resource group."""
    return f"/subscriptions/{subscription}/resourceGroups/{name}"


def identity_id(name: str, *, subscription: str, group: str) -> ResourceId:
    """Return the id of a user-assigned managed identity."""
    return ResourceId(subscription, group, "Microsoft.ManagedIdentity/userAssignedIdentities", name)


def vault_id(name: str, *, subscription: str, group: str) -> ResourceId:
    """Return the id of a key vault."""
    return ResourceId(subscription, group, "Microsoft.KeyVault/vaults", name)


def key_id(name: str, *, vault: ResourceId) -> str:
    """Return the ARM id of a key in a vault."""
    return f"{vault}/keys/{name}"


def registry_id(name: str, *, subscription: str, group: str) -> ResourceId:
    """Return the id of a container registry."""
    return ResourceId(subscription, group, "Microsoft.ContainerRegistry/registries", name)


def equal(left: str | None, right: str | None) -> bool:
    """Compare two ids or names as Azure does: without regard to case."""
    return (left or "").casefold() == (right or "").casefold()


def location(text: str) -> str:
    """Normalise a location as Azure does: `West Europe` is `westeurope`."""
    return text.replace(" ", "").casefold()


def owner(*, cluster: str, namespace: str, name: str) -> str:
    """Return the owner tag's value; at most 256 characters, since names are DNS labels."""
    return f"{cluster}/{namespace}/{name}"


def owner_of(tags: Mapping[str, str]) -> str | None:
    """Return the value of the owner tag among a resource's tags; names of tags are case-insensitive in Azure."""
    return next((value for name, value in tags.items() if equal(name, api.OWNER_TAG)), None)


def role_definition_id(*, subscription: str, role: str) -> str:
    """Return the id of a built-in role as seen from a subscription."""
    return f"/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions/{role}"


def role_assignment_id(name: str, *, scope: str) -> str:
    """Return the ARM id of a role assignment."""
    return f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}"


def access_policy_id(principal: str, *, vault: ResourceId) -> str:
    """Return an id for a principal's entry among a vault's access policies, which Azure itself gives none."""
    return f"{vault}/accessPolicies/{principal}"


def subscription_of(id_: str) -> str:
    """Return the subscription in an ARM id; raises ValueError where there is none."""
    match = re.match(r"/subscriptions/([^/]+)", id_, re.IGNORECASE)
    if match is None:
        raise ValueError(f"not the id of something in a subscription: {id_!r}")
    return match[1]


def role_assignment_name(*, scope: str, principal: str, role: str) -> str:
    """Return the deterministic name (a guid) of an assignment.

    The principal is part of it: Azure refuses another principal under the same guid with
    RoleAssignmentUpdateNotPermitted when an identity was deleted and made again (azure-behaviour.md 3).
    """
    return str(uuid.uuid5(_ASSIGNMENTS, f"{scope}|{principal}|{role}".casefold()))


@dataclasses.dataclass(frozen=True)
class KeyIdentifier:
    """A parsed key URI: `https://<vault host>/keys/<name>[/<version>]`; versioned or unversioned."""

    host: str
    name: str
    version: str | None = None

    @classmethod
    def parse(cls, uri: str) -> "KeyIdentifier":
        """Parse a key URI, with or without version; raises ValueError for any other text."""
        parts = urllib.parse.urlsplit(uri)
        path = [part for part in parts.path.split("/") if part]
        if parts.scheme != "https" or not parts.netloc or len(path) not in {2, 3} or path[0].casefold() != "keys":
            raise ValueError(f"not a key identifier: {uri!r}")
        return cls(_host(parts), path[1], path[2].casefold() if len(path) > 2 else None)  # noqa: PLR2004 - keys, name, version

    def __str__(self) -> str:
        return "/".join(filter(None, (self.unversioned, self.version)))

    @property
    def unversioned(self) -> str:
        """The URI without version, which selects automatic rotation."""
        return f"https://{self.host}/keys/{self.name}"

    def same_key(self, other: "KeyIdentifier") -> bool:
        """Whether both identify the same key, whatever the version."""
        return equal(self.unversioned, other.unversioned)


def vault_host(uri: str) -> str:
    """Return the host of a vault's URI; a vault that is still registering answers it without a trailing slash."""
    return _host(urllib.parse.urlsplit(uri))


def _host(parts: urllib.parse.SplitResult) -> str:
    """Return the host of a URI, without the default port of HTTPS, which PowerShell prints."""
    return parts.netloc.casefold().removesuffix(":443")
