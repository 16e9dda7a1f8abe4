"""Checks of a vault's firewall and permissions, in that order, before anything else."""

import ipaddress

from acrcmk_lab.azure.arm import errors
from acrcmk_lab.azure.arm.messages import Body
from acrcmk_lab.azure.services.key_vault import access, models
from acrcmk_lab.azure.services.key_vault.data_plane.operations import Call, Operation
from acrcmk_lab.azure.services.key_vault.models import Vault
from acrcmk_lab.azure.state.directory import Principal
from acrcmk_lab.azure.state.state import State


def admit(state: State, call: Call, *, operation: Operation) -> None:
    """Check a call; AzureError if firewall or permissions deny it."""
    _check_firewall(state, call)
    if call.vault.rbac:
        _check_role(state, call, operation=operation)
    else:
        _check_policy(state, call, operation=operation)


def _check_firewall(state: State, call: Call) -> None:
    vault = call.vault
    if call.caller.trusted_service and access.passes_firewall(vault):
        return
    # A network security perimeter denies callers without a rule; the lab has no perimeters.
    if vault.public_network_access.lower() in ("disabled", "securedbyperimeter"):
        raise errors.error("KVD_FORBIDDEN_PNA")
    acls = vault.network_acls or {}
    address = state.settings.client_address
    if str(acls.get("defaultAction", "Allow")).lower() == "deny" and not _listed(address, acls=acls):
        raise errors.error("KVD_FORBIDDEN_FIREWALL", ip=address, **_error_facts(state, vault, caller=call.caller))


def _listed(address: str, *, acls: Body) -> bool:
    client = ipaddress.ip_address(address)
    return any(client in ipaddress.ip_network(rule["value"], strict=False) for rule in acls.get("ipRules") or [])


def _check_role(state: State, call: Call, *, operation: Operation) -> None:
    scope = f"{call.vault.id}/{operation.area}/{call.names[0]}" if call.names else call.vault.id
    action = f"{models.TYPE}/{operation.action}"
    if not state.access.allows(call.caller.object_id, action=action, scope=scope, now=state.clock.now(), data=True):
        raise errors.error(
            "KVD_FORBIDDEN_RBAC",
            action=action,
            resource=scope.lower(),
            **_error_facts(state, call.vault, caller=call.caller),
        )


def _check_policy(state: State, call: Call, *, operation: Operation) -> None:
    permissions = access.policy_permissions(call.vault, principal=call.caller.object_id, area=operation.area)
    # Recorded: `all` includes purge.
    if not permissions & {"all", operation.permission.lower()}:
        raise errors.error(
            "KVD_FORBIDDEN_POLICY",
            area=operation.area,
            permission=operation.permission,
            **_error_facts(state, call.vault, caller=call.caller),
        )


def _error_facts(state: State, vault: Vault, *, caller: Principal) -> dict[str, str]:
    return {
        "appid": caller.client_id,
        "oid": caller.object_id,
        "tid": state.tenant_id,
        "vault": vault.name,
        "loc": vault.location,
    }
