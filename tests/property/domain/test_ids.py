import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acrcmk.domain import ids
from acrcmk.domain.ids import KeyIdentifier, ResourceId

LABEL = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,20}[A-Za-z0-9]", fullmatch=True)
IDS = st.builds(
    ResourceId,
    st.uuids().map(str),
    LABEL,
    st.sampled_from(["Microsoft.KeyVault/vaults", "Microsoft.ContainerRegistry/registries"]),
    LABEL,
)
KEYS = st.builds(
    KeyIdentifier,
    LABEL.map(lambda label: f"{label}.vault.azure.net".casefold()),
    LABEL,
    st.none() | st.from_regex("[0-9a-f]{32}", fullmatch=True),
)


@given(IDS)
def test_a_resource_id_survives_the_text_in_any_case(identifier: ResourceId) -> None:
    assert ResourceId.parse(str(identifier)) == identifier
    assert ResourceId.parse(str(identifier).lower()) == identifier
    assert hash(ResourceId.parse(str(identifier).upper())) == hash(identifier)


@given(IDS, IDS)
def test_ids_are_equal_exactly_when_their_text_is_but_for_case(identifier: ResourceId, other: ResourceId) -> None:
    assert (identifier == other) == (str(identifier).lower() == str(other).lower())


@given(KEYS)
def test_a_key_identifier_survives_the_text(identifier: KeyIdentifier) -> None:
    assert KeyIdentifier.parse(str(identifier)) == identifier
    assert KeyIdentifier.parse(f"{identifier}/") == identifier
    assert KeyIdentifier.parse(identifier.unversioned).same_key(identifier)
    assert KeyIdentifier.parse(identifier.unversioned).version is None


@given(IDS, st.uuids().map(str), st.uuids().map(str))
def test_assignment_names_depend_on_scope_principal_and_role_but_not_on_case(
    scope: ResourceId, principal: str, other: str
) -> None:
    role = ids.CRYPTO_SERVICE_ENCRYPTION_USER
    name = ids.role_assignment_name(scope=str(scope), principal=principal, role=role)
    assert uuid.UUID(name).version == 5
    assert name == ids.role_assignment_name(scope=str(scope).upper(), principal=principal.upper(), role=role.upper())
    if principal != other:
        assert name != ids.role_assignment_name(scope=str(scope), principal=other, role=role)


@pytest.mark.parametrize("text", ["West Europe", "westeurope", "WestEurope", "west europe"])
def test_locations_are_compared_as_azure_does(text: str) -> None:
    assert ids.location(text) == "westeurope"


@pytest.mark.parametrize("text", ["", "https://v.vault.azure.net", "http://v/keys/k", "https://v/secrets/s", "/keys/k"])
def test_what_is_no_key_identifier_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a key identifier"):
        KeyIdentifier.parse(text)


@pytest.mark.parametrize("text", ["", "/subscriptions/s/resourceGroups/g", "vault", "/subscriptions//resourceGroups/g"])
def test_what_is_no_resource_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not the id"):
        ResourceId.parse(text)
