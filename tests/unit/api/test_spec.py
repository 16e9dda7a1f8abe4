import pydantic
import pytest

from acrcmk.api import spec as specs
from tests.unit.api import refusals


def _spec(change=None):
    document = refusals.merged(refusals.MINIMAL, {"spec": change or {}})
    return specs.EncryptedRegistrySpec.model_validate(document["spec"])


def test_attributes_have_their_defaults():
    spec = _spec()
    assert spec.create_resource_group is False
    assert spec.tags == {}
    assert (spec.vault.sku, spec.vault.access, spec.vault.soft_delete_retention_days) == ("standard", "RBAC", 90)
    assert (spec.key.type, spec.key.size) == ("RSA", 2048)
    assert (spec.key.rotation.mode, spec.key.rotation.version) == ("Automatic", None)
    registry = spec.registry
    assert (registry.admin_user_enabled, registry.anonymous_pull_enabled, registry.data_endpoint_enabled) == (None,) * 3


def test_attributes_whose_default_depends_on_azure_or_the_operator_are_none():
    spec = _spec()
    assert spec.subscription_id is None
    assert (spec.identity.name, spec.identity.resource_id) == (None, None)
    assert (spec.vault.resource_id, spec.vault.firewall) == (None, None)
    assert (spec.key.name, spec.key.identifier) == (None, None)
    registry = spec.registry
    assert (registry.public_network_access, registry.network_rules, registry.network_rule_bypass) == (None,) * 3
    assert registry.policies is None


def test_defaults_are_not_written_back():
    assert _spec().model_dump(by_alias=True, exclude_unset=True) == refusals.MINIMAL["spec"]


def test_specs_cannot_be_changed():
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        _spec().vault.sku = specs.VaultSku.PREMIUM


@pytest.mark.parametrize(
    "name",
    ["a-b", "abc", "A1-2-b", "a" * 24],
)
def test_vault_names_that_azure_accepts_are_accepted(name):
    assert _spec({"vault": {"name": name}}).vault.name == name


@pytest.mark.parametrize("name", ["ab", "1ab", "a-", "a--b", "a_b", "a" * 25, "äbc", "abc\n", ""])
def test_vault_names_that_azure_refuses_are_refused(name):
    with pytest.raises(pydantic.ValidationError):
        _spec({"vault": {"name": name}})


@pytest.mark.parametrize(
    "identifier",
    [
        "https://kv-acrcmk-demo.vault.azure.net/keys/k",
        "https://kv-acrcmk-demo.vault.azure.cn/keys/k/0123456789abcdef0123456789ABCDEF",
        "https://kv-acrcmk-demo.vault.usgovcloudapi.net/keys/my-key",
        "https://kv-acrcmk-demo.vault.localhost:8443/keys/k",
    ],
)
def test_key_identifiers_of_every_cloud_are_accepted(identifier):
    assert _spec({"key": {"identifier": identifier}}).key.identifier == identifier


@pytest.mark.parametrize(
    "identifier",
    [
        "http://kv-acrcmk-demo.vault.azure.net/keys/k",
        "https://localhost/keys/k",
        "https://kv-acrcmk-demo.vault.azure.net/secrets/k",
        "https://kv-acrcmk-demo.vault.azure.net/keys/k/latest",
        "https://kv-acrcmk-demo.vault.azure.net/keys/k?x=1",
        "https://user@kv-acrcmk-demo.vault.azure.net/keys/k",
    ],
)
def test_other_texts_than_key_identifiers_are_refused(identifier):
    with pytest.raises(pydantic.ValidationError, match="must be a key identifier"):
        _spec({"key": {"identifier": identifier}})


@pytest.mark.parametrize("rule", ["0.0.0.0/0", "255.255.255.255", "203.0.113.0/24", "203.0.113.7/32"])
def test_ip_rules_are_addresses_or_ranges(rule):
    rules = {"defaultAction": "Deny", "ipRules": [rule]}
    assert _spec({"registry": {"networkRules": rules}}).registry.network_rules.ip_rules == (rule,)


@pytest.mark.parametrize("rule", ["203.0.113", "203.0.113.0/33", "203.0.113.256", "203.0.113.07", "a", "::1"])
def test_other_ip_rules_are_refused(rule):
    with pytest.raises(pydantic.ValidationError, match="must be an IPv4 address"):
        _spec({"registry": {"networkRules": {"defaultAction": "Deny", "ipRules": [rule]}}})


def test_resource_ids_are_accepted_in_any_case():
    assert _spec({"vault": {"name": None, "resourceId": refusals.VAULT.lower()}}).vault.resource_id
    assert _spec({"identity": {"resourceId": refusals.IDENTITY.upper()}}).identity.resource_id
