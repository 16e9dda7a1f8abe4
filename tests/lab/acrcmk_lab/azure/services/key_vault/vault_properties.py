"""The properties of a vault: validation, defaults, normalisation, access policies, response body."""

import copy
import re
from typing import Any

from acrcmk_lab.azure.arm import errors
from acrcmk_lab.azure.arm.messages import Body
from acrcmk_lab.azure.services.key_vault import models
from acrcmk_lab.azure.services.key_vault.models import Vault

RETENTION_DAYS = range(7, 91)
SOFT_DELETE_BY_DEFAULT_SINCE = "2019-09-01"
"""Recorded for 2019-09-01; the version before has no such members in its published schema."""
RBAC_BY_DEFAULT_SINCE = "2026-02-01"
SYSTEM_DATA_SINCE = "2021-04-01-preview"
NETWORK_ACCESS_SINCE = "2021-06-01-preview"
_NAME = re.compile(r"[A-Za-z](?!.*--)[A-Za-z0-9-]{1,22}[A-Za-z0-9]")
_COMMON_PERMISSIONS = "all backup delete get list purge recover restore "
_PERMISSIONS = {
    "keys": frozenset(
        f"{_COMMON_PERMISSIONS} create decrypt encrypt getrotationpolicy import release rotate setrotationpolicy sign"
        " unwrapkey update verify wrapkey".split()
    ),
    "secrets": frozenset(f"{_COMMON_PERMISSIONS} set".split()),
    "certificates": frozenset(
        f"{_COMMON_PERMISSIONS} create deleteissuers getissuers import listissuers managecontacts manageissuers"
        " setissuers update".split()
    ),
    "storage": frozenset(f"{_COMMON_PERMISSIONS} deletesas getsas listsas regeneratekey set setsas update".split()),
}
"""Documented: the permissions of access policies by area, lower case (Vaults - Create Or Update, `Permissions`)."""
_FLAGS = ("enabledForDeployment", "enabledForDiskEncryption", "enabledForTemplateDeployment")


def check_name(name: str) -> None:
    """Check a name; AzureError if it breaks Key Vault's rules."""
    if not _NAME.fullmatch(name):
        raise errors.error("KV_NAME_INVALID")


def check_properties(properties: Body, *, existing: Vault | None) -> None:
    """Check the properties of a create or update; AzureError for what Key Vault rejects."""
    if properties.get("enablePurgeProtection") is False:
        raise errors.error("KV_PURGE_PROTECTION_FALSE")
    if properties.get("enableSoftDelete") is False and existing and existing.soft_delete:
        raise errors.error("KV_SOFT_DELETE_FALSE")
    check_policies(properties.get("accessPolicies"))
    retention = properties.get("softDeleteRetentionInDays")
    if retention is not None and retention not in RETENTION_DAYS:
        raise errors.error("KV_RETENTION_INVALID")
    if existing and retention is not None and retention != (existing.retention or models.FULL_RETENTION_DAYS):
        raise errors.error("KV_RETENTION_FIXED")


def check_policies(requested: Any) -> None:
    """Check access policies; AzureError for an unknown permission."""
    for policy in requested or []:
        for area, permissions in (policy.get("permissions") or {}).items():
            known = _PERMISSIONS.get(str(area).lower(), frozenset())
            if any(str(permission).lower() not in known for permission in permissions or []):
                raise errors.error("KV_POLICIES_INVALID")


def create(vault: Vault, *, properties: Body, version: str, optional_soft_delete: bool) -> None:
    """Set a new vault's properties, with the defaults of the api-version."""
    by_default = not optional_soft_delete or version >= SOFT_DELETE_BY_DEFAULT_SINCE
    requested = properties.get("enableSoftDelete") if optional_soft_delete else None
    vault.soft_delete = by_default if requested is None else requested
    if "enableSoftDelete" not in properties and vault.soft_delete:
        vault.retention = models.FULL_RETENTION_DAYS
    if version >= RBAC_BY_DEFAULT_SINCE:
        vault.rbac = True
    update(vault, properties=properties)


def update(vault: Vault, *, properties: Body) -> None:
    """Apply the properties that are present; omitted ones stay, purge protection cannot be removed."""
    for flag in _FLAGS:
        if properties.get(flag) is not None:
            vault.flags[flag] = properties[flag]
    if properties.get("sku"):
        vault.sku = properties["sku"]
    if properties.get("enableRbacAuthorization") is not None:
        vault.rbac = properties["enableRbacAuthorization"]
    if properties.get("softDeleteRetentionInDays") is not None:
        vault.retention = properties["softDeleteRetentionInDays"]
    if properties.get("enableSoftDelete"):
        vault.soft_delete = True
    if properties.get("enablePurgeProtection"):
        vault.purge_protection = True
    if properties.get("publicNetworkAccess"):
        vault.public_network_access = str(properties["publicNetworkAccess"]).capitalize()
    if properties.get("networkAcls") is not None:
        vault.network_acls = _network_acls(properties["networkAcls"])


def with_suffixes(acls: Body) -> Body:
    """Return network rules with single addresses as ranges of one: `1.2.3.4/32`."""
    rules = [
        {**rule, "value": rule["value"] if "/" in rule["value"] else f"{rule['value']}/32"} for rule in acls["ipRules"]
    ]
    return {**acls, "ipRules": rules}


def _network_acls(requested: Body) -> Body | None:
    """Recorded: rules that restrict nothing are dropped, others come back with both lists, subnets in lower case."""
    acls: Body = {
        "bypass": requested.get("bypass") or "AzureServices",
        "defaultAction": requested.get("defaultAction") or "Allow",
        "ipRules": requested.get("ipRules") or [],
        "virtualNetworkRules": [
            {**rule, "id": str(rule["id"]).lower()}
            for rule in requested.get("virtualNetworkRules") or []
            if "id" in rule
        ],
    }
    open_to_all = acls["bypass"].lower() == "azureservices" and acls["defaultAction"].lower() == "allow"
    return None if open_to_all and not acls["ipRules"] and not acls["virtualNetworkRules"] else acls


def policies(requested: Any) -> list[Body]:
    """Return access policies with their members in Key Vault's order; permissions' case stays as sent."""
    order = ("tenantId", "objectId", "applicationId", "permissions")
    return [
        {name: copy.deepcopy(policy[name]) for name in order if policy.get(name) is not None}
        for policy in requested or []
    ]


def merged(current: list[Body], requested: list[Body], *, operation: str) -> list[Body]:
    """Return the policies after an add, replace or remove; entries match by tenant, object, application."""
    result = {_policy_key(policy): copy.deepcopy(policy) for policy in current}
    for policy in requested:
        key = _policy_key(policy)
        if operation == "replace" or (operation == "add" and key not in result):
            result[key] = copy.deepcopy(policy)
        elif key in result:
            combined = _permissions(result[key]["permissions"], policy["permissions"], operation=operation)
            if any(combined.values()):
                result[key]["permissions"] = combined
            else:
                del result[key]
    return list(result.values())


def _policy_key(policy: Body) -> tuple[str, ...]:
    return tuple(str(policy.get(name, "")).lower() for name in ("tenantId", "objectId", "applicationId"))


def _permissions(
    current: dict[str, list[str]], requested: dict[str, list[str] | None], *, operation: str
) -> dict[str, list[str]]:
    result = {area: list(permissions) for area, permissions in current.items()}
    for area, requested_permissions in requested.items():
        permissions, lower = result.get(area, []), {p.lower() for p in requested_permissions or []}
        if operation == "remove":
            result[area] = [p for p in permissions if p.lower() not in lower]
        else:
            result[area] = permissions + [
                p for p in requested_permissions or [] if p.lower() not in {h.lower() for h in permissions}
            ]
    return result


def properties_body(vault: Vault, *, uri: str, version: str) -> Body:
    """Return the properties in the recorded order; properties that were never set are absent."""
    body: Body = {"sku": vault.sku, "tenantId": vault.tenant_id}
    if vault.network_acls:
        body["networkAcls"] = vault.network_acls
    body["accessPolicies"] = vault.access_policies
    body["enabledForDeployment"] = vault.flags.get("enabledForDeployment", False)
    body.update({flag: vault.flags[flag] for flag in _FLAGS[1:] if flag in vault.flags})
    has_soft_delete_members = version >= SOFT_DELETE_BY_DEFAULT_SINCE
    if has_soft_delete_members or vault.soft_delete:
        body["enableSoftDelete"] = vault.soft_delete
    if has_soft_delete_members and vault.retention is not None:
        body["softDeleteRetentionInDays"] = vault.retention
    if has_soft_delete_members and vault.rbac is not None:
        body["enableRbacAuthorization"] = vault.rbac
    if vault.purge_protection:
        body["enablePurgeProtection"] = True
    body["vaultUri"] = uri
    body["provisioningState"] = vault.provisioning
    if version >= NETWORK_ACCESS_SINCE:
        body["publicNetworkAccess"] = vault.public_network_access
    return body
