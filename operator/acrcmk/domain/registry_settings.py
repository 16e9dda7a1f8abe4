"""What differs between the registry settings of a spec and those that Azure shows, spelling aside."""

import dataclasses
import ipaddress
from collections.abc import Callable, Mapping
from typing import Any

from acrcmk.api import spec as specs
from acrcmk.domain.resources import RegistrySettings


def wanted_settings(spec: specs.RegistrySpec) -> RegistrySettings:
    """Return the settings that a spec states; what it leaves out stays None and is left as Azure has it."""
    rules, policies = spec.network_rules, spec.policies
    return RegistrySettings(
        admin_user_enabled=spec.admin_user_enabled,
        anonymous_pull_enabled=spec.anonymous_pull_enabled,
        data_endpoint_enabled=spec.data_endpoint_enabled,
        public_network_access=spec.public_network_access,
        network_rule_bypass=spec.network_rule_bypass,
        network_default_action=rules.default_action if rules else None,
        ip_rules=frozenset(rules.ip_rules) if rules else None,
        retention_days=policies.retention_days if policies else None,
        export_enabled=policies.export if policies else None,
        quarantine_enabled=policies.quarantine if policies else None,
    )


def settings_change(wanted: RegistrySettings, found: RegistrySettings) -> RegistrySettings | None:
    """Return the wanted settings that differ from those found, the others None; None when nothing differs."""
    differs = {
        field.name
        for field in dataclasses.fields(wanted)
        if _differs(field.name, getattr(wanted, field.name), getattr(found, field.name))
    }
    if differs & _NETWORK_RULES:
        # Azure replaces the rule set as a whole.
        differs |= _NETWORK_RULES
    return RegistrySettings(**{name: getattr(wanted, name) for name in differs}) if differs else None


def _differs(name: str, wanted: Any, found: Any) -> bool:
    if wanted is None:
        return False
    spelling = _SPELLINGS.get(name, lambda value: value)
    return bool(spelling(wanted) != spelling(found))


def _addresses(rules: frozenset[str] | None) -> frozenset[str]:
    """Spell addresses as networks: Azure may answer a single one as /32."""
    return frozenset(str(ipaddress.ip_network(rule, strict=False)) for rule in rules or ())


def _word(value: str | None) -> str:
    return (value or "").casefold()


_NETWORK_RULES = {"network_default_action", "ip_rules"}
_SPELLINGS: Mapping[str, Callable[[Any], Any]] = {
    "public_network_access": _word,
    "network_rule_bypass": _word,
    "network_default_action": _word,
    "ip_rules": _addresses,
}
