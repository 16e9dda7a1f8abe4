"""Which registry settings of a spec differ from those in Azure, whatever their spelling."""

import dataclasses
import ipaddress
from collections.abc import Callable, Mapping
from typing import Any

from acrcmk.api.spec import RegistryPolicies, RegistrySpec
from acrcmk.domain.resources import RegistrySettings


def desired_settings(spec: RegistrySpec) -> RegistrySettings:
    """Return the settings that a spec specifies; the others stay None and are left as they are in Azure."""
    rules, policies = spec.network_rules, spec.policies
    return RegistrySettings(
        admin_user_enabled=spec.admin_user_enabled,
        anonymous_pull_enabled=spec.anonymous_pull_enabled,
        data_endpoint_enabled=spec.data_endpoint_enabled,
        public_network_access=spec.public_network_access,
        network_rule_bypass=spec.network_rule_bypass,
        network_default_action=rules.default_action if rules else None,
        ip_rules=frozenset(rules.ip_rules) if rules else None,
        retention_enabled=_retention_enabled(policies) if policies else None,
        retention_days=policies.retention_days if policies else None,
        export_enabled=policies.export if policies else None,
        quarantine_enabled=policies.quarantine if policies else None,
    )


def settings_change(desired: RegistrySettings, actual: RegistrySettings) -> RegistrySettings | None:
    """Return the desired settings that differ from the actual ones, the others None; None when none differs."""
    differs = {
        field.name
        for field in dataclasses.fields(desired)
        if _differs(field.name, getattr(desired, field.name), getattr(actual, field.name))
    }
    # Azure replaces the set of network rules, and the retention policy, as a whole.
    for group in (_NETWORK_RULES, _RETENTION_POLICY):
        if differs & group:
            differs |= group
    return RegistrySettings(**{name: getattr(desired, name) for name in differs}) if differs else None


def _differs(name: str, desired: Any, actual: Any) -> bool:
    if desired is None:
        return False
    normalised = _NORMALISED.get(name, lambda value: value)
    return bool(normalised(desired) != normalised(actual))


def _addresses(rules: frozenset[str] | None) -> frozenset[str]:
    """Return addresses as networks: Azure may answer a single one as /32."""
    return frozenset(str(ipaddress.ip_network(rule, strict=False)) for rule in rules or ())


def _lower_case(value: str | None) -> str:
    return (value or "").casefold()


def _retention_enabled(policies: RegistryPolicies) -> bool | None:
    return True if policies.retention is None and policies.retention_days is not None else policies.retention


_NETWORK_RULES = {"network_default_action", "ip_rules"}
_RETENTION_POLICY = {"retention_enabled", "retention_days"}
_NORMALISED: Mapping[str, Callable[[Any], Any]] = {
    "public_network_access": _lower_case,
    "network_rule_bypass": _lower_case,
    "network_default_action": _lower_case,
    "ip_rules": _addresses,
}
