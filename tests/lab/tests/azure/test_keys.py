import re

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError

from acrcmk_lab.azure.services.key_vault import lifecycle
from tests.lab.tests.azure.conftest import GROUP

DAY = 86400
POLICY = {
    "lifetimeActions": [{"trigger": {"timeAfterCreate": "P15D"}, "action": {"type": "Rotate"}}],
    "attributes": {"expiryTime": "P30D"},
}


async def versions(azure, name="key"):
    return [v.name async for v in azure.vaults.keys.list_versions(GROUP, "vault-one", name)]


async def test_a_key_is_created_once_and_never_changed(azure):
    await azure.vault()
    made = await azure.key(keySize=3072)
    again = await azure.key(keySize=4096)
    assert (made.properties.key_size, again.properties.key_size) == (3072, 3072)
    assert made.properties.key_uri_with_version == again.properties.key_uri_with_version
    assert re.fullmatch(
        r"https://vault-one\.vault\.azure\.net/keys/key/[0-9a-f]{32}", made.properties.key_uri_with_version
    )
    assert made.properties.key_uri == "https://vault-one.vault.azure.net/keys/key"


@pytest.mark.parametrize(
    ("purge", "days", "level"),
    [
        (True, 90, "Recoverable"),
        (True, 7, "CustomizedRecoverable"),
        (None, 90, "Recoverable+Purgeable"),
        (None, 7, "CustomizedRecoverable+Purgeable"),
    ],
)
async def test_a_key_shows_its_recovery_level(azure, purge, days, level):
    await azure.vault(enablePurgeProtection=purge, softDeleteRetentionInDays=days)
    assert (await azure.key()).properties.attributes.recovery_level == level


@pytest.mark.parametrize(
    "properties",
    [{"keySize": 1024}, {"kty": "DSA"}, {"kty": "EC", "curveName": "P-1"}, {"kty": "RSA-HSM"}],
    ids=["size", "type", "curve", "HSM in a standard vault"],
)
async def test_bad_keys_are_refused(azure, properties):
    await azure.vault()
    with pytest.raises(HttpResponseError) as refused:
        await azure.key(**properties)
    assert refused.value.status_code == 400


async def test_an_elliptic_key_is_created(azure):
    await azure.vault()
    made = await azure.key(kty="EC", keySize=None, curveName="P-384")
    assert (made.properties.kty, made.properties.curve_name) == ("EC", "P-384")


async def test_a_vault_that_registers_dns_rejects_keys_unless_the_setting_allows_them(azure):
    await azure.vault(ready=False)
    with pytest.raises(ResourceExistsError) as refused:
        await azure.key()
    assert refused.value.error.code == "VaultNotReady"
    azure.lab.settings.set("key_before_dns", value="accept")
    await azure.key()


async def test_a_caller_without_the_right_gets_400(azure):
    await azure.vault()
    await azure.lab.control.revoke("operator")
    await azure.lab.control.grant("operator", "Managed Identity Contributor")
    with pytest.raises(HttpResponseError) as refused:
        await azure.vaults.keys.get(GROUP, "vault-one", "key")
    assert (refused.value.status_code, refused.value.error.code) == (400, "ForbiddenByRbac")


async def test_a_missing_key_is_not_found(azure):
    await azure.vault()
    with pytest.raises(ResourceNotFoundError):
        await azure.vaults.keys.get(GROUP, "vault-one", "key")


async def test_versions_come_in_the_order_of_their_ids_with_the_newest_current(azure):
    await azure.vault()
    await azure.key()
    made = [await azure.lab.control.key("vault-one", "key", "rotate") for _ in range(30)]
    assert await versions(azure) == sorted(await versions(azure))
    assert len(await versions(azure)) == 31, "over the page size of 25"
    current = (await azure.key()).properties.key_uri_with_version
    assert current.endswith(made[-1])
    version = await azure.vaults.keys.get_version(GROUP, "vault-one", "key", made[3])
    assert (version.name, version.properties.key_uri_with_version[-32:]) == (made[3], made[3])


async def test_a_key_is_disabled_enabled_and_expired(azure):
    await azure.vault()
    await azure.key()
    control = azure.lab.control
    await control.key("vault-one", "key", "disable")
    assert (await azure.key()).properties.attributes.enabled is False
    await control.key("vault-one", "key", "enable")
    await control.key("vault-one", "key", "expire", expires=2_000_000_000)
    attributes = (await azure.key()).properties.attributes
    assert (attributes.enabled, attributes.expires) == (True, 2_000_000_000)


async def test_a_deleted_key_keeps_its_name_until_it_is_recovered_or_purged(azure):
    await azure.vault(enablePurgeProtection=None, softDeleteRetentionInDays=7)
    version = (await azure.key()).properties.key_uri_with_version
    control = azure.lab.control
    await control.key("vault-one", "key", "delete")
    with pytest.raises(ResourceExistsError, match="currently being deleted"):
        await azure.key()
    await azure.lab.clock.advance(2)
    with pytest.raises(ResourceExistsError, match="deleted but recoverable"):
        await azure.key()
    await control.key("vault-one", "key", "recover")
    await azure.lab.clock.advance(2)
    assert (await azure.key()).properties.key_uri_with_version == version

    await control.key("vault-one", "key", "delete")
    await azure.lab.clock.advance(7 * DAY)
    assert (await azure.key()).properties.key_uri_with_version != version


async def test_a_rotation_policy_makes_versions_that_expire(azure):
    await azure.vault()
    await azure.key(rotationPolicy=POLICY)
    assert (await azure.key()).properties.rotation_policy is not None
    await azure.lab.clock.advance(15 * DAY - 1)
    assert len(await versions(azure)) == 1
    await azure.lab.clock.advance(2)
    assert len(await versions(azure)) == 2
    attributes = (await azure.key()).properties.attributes
    assert attributes.expires - attributes.created == 30 * DAY
    await azure.lab.clock.advance(30 * DAY)
    assert len(await versions(azure)) == 4


async def test_a_policy_before_expiry_rotates_that_much_before_and_a_new_policy_replaces_the_old(azure):
    await azure.vault()
    await azure.key()
    before_expiry = {
        "lifetimeActions": [{"trigger": {"timeBeforeExpiry": "P10D"}, "action": {"type": "rotate"}}],
        "attributes": {"expiryTime": "P30D"},
    }
    await azure.lab.control.rotation_policy("vault-one", "key", POLICY)
    await azure.lab.control.rotation_policy("vault-one", "key", before_expiry)
    await azure.lab.clock.advance(100 * DAY)
    assert len(await versions(azure)) == 1, "the version without expiry is not due"
    await azure.lab.control.key("vault-one", "key", "rotate")
    await azure.lab.clock.advance(20 * DAY)
    assert len(await versions(azure)) == 3


@pytest.mark.parametrize(
    ("text", "seconds"), [("P30D", 30 * DAY), ("P1Y2M", 425 * DAY), ("PT90M", 5400), ("P1W", 7 * DAY)]
)
def test_durations_are_read(text, seconds):
    assert lifecycle.duration(text) == seconds


@pytest.mark.parametrize("text", ["P", "30D", "P1.5D", ""])
def test_other_texts_are_no_durations(text):
    with pytest.raises(ValueError, match="ISO 8601"):
        lifecycle.duration(text)
