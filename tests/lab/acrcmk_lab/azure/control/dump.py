"""The state of the lab as JSON, to read and to compare end states in tests."""

import dataclasses
import math
from collections.abc import Iterable
from typing import Any

from acrcmk_lab.azure.cloud import Cloud
from acrcmk_lab.azure.control.faults import Rule
from acrcmk_lab.azure.state.rbac import RoleDefinition


def dump(lab: Cloud, *, faults: Iterable[Rule]) -> dict[str, Any]:
    """Return the whole state of a lab; times are simulated seconds."""
    state = lab.state
    return {
        "clock": describe_clock(lab),
        "tenantId": state.tenant_id,
        "subscriptions": list(state.store.subscriptions.values()),
        "groups": [plain(group) for group in state.store.groups.values()],
        "resources": [{"type": r.TYPE, **plain(r)} for r in state.store.all()],
        "deletedVaults": [plain(vault) for vault in lab.vaults.deleted.values()],
        "principals": [plain(principal) for principal in state.directory],
        "grants": [plain(grant) for grant in state.access],
        "unregistered": [[*key, state] for key, state in state.store.unregistered.items()],
        "faults": plain(list(faults)),
        "settings": {name: value for name, value, _ in state.settings.describe()},
    }


def describe_clock(lab: Cloud) -> dict[str, Any]:
    """Return the simulated time, in seconds since the lab began and as a date, and its speed."""
    clock = lab.state.clock
    return {"now": clock.now(), "utc": clock.utc().isoformat(), "speed": clock.speed}


def plain(value: Any) -> Any:
    """Return a value of the lab as JSON values."""
    if isinstance(value, RoleDefinition):
        return value.name
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(name): plain(member) for name, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(member) for member in value]
    # JSON knows no infinity: a grant without end ends at null.
    return None if value == math.inf else value
