import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from acrcmk.domain import registry_settings
from acrcmk.domain.resources import RegistrySettings

FLAG = st.none() | st.booleans()
ADDRESSES = st.frozensets(st.ip_addresses(v=4).map(str), max_size=3)
SETTINGS = st.builds(
    RegistrySettings,
    admin_user_enabled=FLAG,
    anonymous_pull_enabled=FLAG,
    data_endpoint_enabled=FLAG,
    public_network_access=st.sampled_from([None, "Enabled", "Disabled"]),
    network_rule_bypass=st.sampled_from([None, "AzureServices", "None"]),
    network_default_action=st.sampled_from(["Allow", "Deny"]),
    ip_rules=ADDRESSES,
    retention_days=st.none() | st.integers(0, 365),
    export_enabled=FLAG,
    quarantine_enabled=FLAG,
)


def applied(change: RegistrySettings | None, found: RegistrySettings) -> RegistrySettings:
    """What Azure shows once a change has been made."""
    stated = {} if change is None else {k: v for k, v in dataclasses.asdict(change).items() if v is not None}
    return dataclasses.replace(found, **stated)


@given(SETTINGS, SETTINGS)
def test_one_change_is_enough(wanted: RegistrySettings, found: RegistrySettings) -> None:
    change = registry_settings.settings_change(wanted, found)
    assert registry_settings.settings_change(wanted, applied(change, found)) is None


@given(SETTINGS, SETTINGS)
def test_a_change_states_only_what_is_wanted_and_differs(wanted: RegistrySettings, found: RegistrySettings) -> None:
    change = registry_settings.settings_change(wanted, found)
    rules = {"network_default_action", "ip_rules"}
    for name, value in dataclasses.asdict(change or RegistrySettings()).items():
        if value is not None:
            assert value == getattr(wanted, name)
            assert name in rules or value != getattr(found, name)


@given(SETTINGS)
def test_spelling_is_no_difference(found: RegistrySettings) -> None:
    respelt = dataclasses.replace(
        found,
        public_network_access=found.public_network_access and found.public_network_access.lower(),
        network_default_action=found.network_default_action and found.network_default_action.lower(),
        ip_rules=frozenset(f"{one}/32" for one in found.ip_rules or ()),
    )
    assert registry_settings.settings_change(found, respelt) is None
