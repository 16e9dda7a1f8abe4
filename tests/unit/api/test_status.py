import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acrcmk.api import conditions, status

_MOMENT = datetime.datetime(2026, 11, 23, 19, 28, 10, 123456, tzinfo=datetime.timezone(datetime.timedelta(hours=1)))
_FULL = {
    "observedGeneration": 2,
    "conditions": [
        {
            "type": "Ready",
            "status": "True",
            "reason": "Succeeded",
            "message": "Ready.",
            "lastTransitionTime": "2026-11-23T18:28:10Z",
            "observedGeneration": 2,
        }
    ],
    "identity": {"id": "/i", "clientId": "c", "principalId": "p"},
    "vault": {"id": "/v", "uri": "https://kv.vault.azure.net/"},
    "key": {
        "name": "acr-cmk",
        "identifier": "https://kv.vault.azure.net/keys/acr-cmk",
        "rotation": "Automatic",
        "version": "0123456789abcdef0123456789abcdef",
        "shortVersion": "01234567",
        "created": "2026-11-23T18:28:10Z",
        "enabled": True,
    },
    "registry": {"id": "/r", "loginServer": "r.azurecr.io", "provisioningState": "Succeeded"},
    "encryption": {
        "status": "enabled",
        "keyVaultProperties": {
            "identity": "c",
            "keyIdentifier": "https://kv.vault.azure.net/keys/acr-cmk",
            "versionedKeyIdentifier": "https://kv.vault.azure.net/keys/acr-cmk/0123456789abcdef0123456789abcdef",
            "keyRotationEnabled": True,
            "lastKeyRotationTimestamp": "2026-11-23T18:28:10Z",
        },
    },
    "resources": [{"id": "/subscriptions/s/resourceGroups/rg", "purpose": "ResourceGroup", "createdByOperator": True}],
}


def test_a_status_survives_a_round_trip_through_json():
    read = status.EncryptedRegistryStatus.from_wire(_FULL)
    assert read.to_wire() == _FULL
    assert read.encryption.key_vault_properties.key_rotation_enabled is True


def test_times_are_written_in_utc_to_the_second_and_equal_after_a_round_trip():
    key = status.KeyStatus(created=_MOMENT)
    assert key.model_dump(mode="json", exclude_none=True) == {"created": "2026-11-23T18:28:10Z"}
    assert status.KeyStatus.model_validate(key.model_dump(mode="json")) == key


def test_a_time_without_zone_is_refused():
    with pytest.raises(ValueError, match="timezone"):
        status.KeyStatus(created=_MOMENT.replace(tzinfo=None))


def test_the_short_version_follows_the_version():
    assert status.KeyStatus(version="0123456789abcdef").short_version == "01234567"
    assert status.KeyStatus().short_version is None


def test_fields_of_another_version_are_ignored():
    wire = {**_FULL, "fleet": {"a": 1}, "vault": {**_FULL["vault"], "region": "x"}, "key": "a text"}
    read = status.EncryptedRegistryStatus.from_wire(wire)
    assert read == status.EncryptedRegistryStatus.from_wire({**_FULL, "key": {}}).model_copy(update={"key": None})


def test_conditions_of_unknown_type_and_reason_are_read():
    condition = {**_FULL["conditions"][0], "type": "Recovered", "reason": "NewerReason"}
    read = status.EncryptedRegistryStatus.from_wire({"conditions": [condition]})
    assert read.condition("Recovered").reason == "NewerReason"
    assert read.condition("Ready") is None


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@given(st.dictionaries(st.sampled_from([*_FULL, "other"]), _json))
def test_no_stored_status_stops_the_operator(wire):
    status.EncryptedRegistryStatus.from_wire(wire)


@pytest.mark.parametrize("enum", [conditions.ConditionType, conditions.Reason])
def test_every_condition_type_and_reason_has_a_description(enum):
    for member in enum:
        assert member.value.isalpha()
        assert member.description.endswith(".")
        assert member.name == "".join(f"_{c}" if c.isupper() and i else c for i, c in enumerate(member.value)).upper()


def test_condition_types_and_reasons_are_strings():
    assert conditions.Reason("Waiting") is conditions.Reason.WAITING
    assert f"{conditions.ConditionType.READY}" == "Ready"
