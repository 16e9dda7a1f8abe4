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


def applied(change: RegistrySettings | None, actual: RegistrySettings) -> RegistrySettings:
    """What Azure shows once a change has been made."""
    stated = {} if change is None else {k: v for k, v in dataclasses.asdict(change).items() if v is not None}
    return dataclasses.replace(actual, **stated)


@given(SETTINGS, SETTINGS)
def test_one_change_is_enough(desired: RegistrySettings, actual: RegistrySettings) -> None:
    change = registry_settings.settings_change(desired, actual)
    assert registry_settings.settings_change(desired, applied(change, actual)) is None


@given(SETTINGS, SETTINGS)
def test_a_change_states_only_what_is_wanted_and_differs(desired: RegistrySettings, actual: RegistrySettings) -> None:
    change = registry_settings.settings_change(desired, actual)
    rules = {"network_default_action", "ip_rules"}
    for name, value in dataclasses.asdict(change or RegistrySettings()).items():
        if value is not None:
            assert value == getattr(desired, name)
            assert name in rules or value != getattr(actual, name)


@given(SETTINGS)
def test_spelling_is_no_difference(actual: RegistrySettings) -> None:
    respelt = dataclasses.replace(
        actual,
        public_network_access=actual.public_network_access and actual.public_network_access.lower(),
        network_default_action=actual.network_default_action and actual.network_default_action.lower(),
        ip_rules=frozenset(f"{one}/32" for one in actual.ip_rules or ()),
    )
    assert registry_settings.settings_change(actual, respelt) is None
