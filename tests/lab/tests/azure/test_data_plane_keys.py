"""Keys through a vault's own endpoint, with the real client and its cryptography."""

import base64
import contextlib
import datetime
import os

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.keyvault.keys import JsonWebKey, KeyRotationLifetimeAction, KeyRotationPolicy, KeyRotationPolicyAction
from azure.keyvault.keys.crypto import EncryptionAlgorithm, KeyWrapAlgorithm, SignatureAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acrcmk_lab.azure.arm.messages import AzureError
from acrcmk_lab.azure.services.key_vault import models
from acrcmk_lab.azure.services.key_vault.data_plane import rotation_policy
from acrcmk_lab.azure.services.key_vault.data_plane.crypto import Materials
from tests.lab.tests.azure.conftest import GROUP

DAY = 86400
OAEP = KeyWrapAlgorithm.rsa_oaep
SECRET = os.urandom(32)
CREATE = ("POST", "keys/key/create", {"kty": "RSA"})


@pytest.fixture
async def client(azure, key_client):
    await azure.vault(enablePurgeProtection=None, softDeleteRetentionInDays=7)
    return await key_client()


def inner_code(refused):
    return refused.value.status_code, refused.value.error.innererror["code"]


async def collected(pages):
    return [item async for item in pages]


async def test_creating_again_makes_a_new_current_version_with_tags_of_its_own(client):
    first = await client.create_rsa_key("key", size=2048, tags={"made": "first"})
    second = await client.create_rsa_key("key", size=3072)
    assert (await client.get_key("key")).properties.version == second.properties.version
    assert (await client.get_key("key", first.properties.version)).properties.tags == {"made": "first"}
    assert second.properties.tags is None
    assert first.key.n != second.key.n
    assert [len(made.key.n) * 8 for made in (first, second)] == [2048, 3072]


async def test_management_plane_and_data_plane_see_the_same_key(azure, client):
    made = await client.create_rsa_key("key", size=2048, tags={"a": "b"})
    seen = await azure.vaults.keys.get(GROUP, "vault-one", "key")
    assert (seen.properties.key_uri_with_version, seen.tags) == (made.id, {"a": "b"})
    kept = await azure.key("other")
    assert (await client.get_key("other")).id == kept.properties.key_uri_with_version


async def test_a_key_exchange_key_lives_two_days(azure, vault_request):
    await azure.vault(sku={"family": "A", "name": "premium"})
    wanted = {"kty": "RSA-HSM", "key_ops": ["import"], "key_size": 2048}
    _, body, _ = await vault_request("POST", "keys/key/create", wanted, version="7.5")
    attributes = body["attributes"]
    assert attributes["exp"] - attributes["created"] == 2 * DAY
    assert attributes["hsmPlatform"] == "1"


@pytest.mark.parametrize(
    ("version", "reported"),
    [
        ("7.0", set()),
        ("7.2", {"recoverableDays"}),
        ("7.4", {"recoverableDays", "exportable"}),
        ("7.5-preview.1", {"recoverableDays", "exportable", "hsmPlatform"}),
    ],
)
async def test_later_api_versions_have_more_members(client, vault_request, version, reported):
    _, body, _ = await vault_request(*CREATE, version=version)
    assert body["attributes"].keys() == {"enabled", "created", "updated", "recoveryLevel"} | reported


@pytest.mark.parametrize(
    "wanted",
    [{}, {"kty": "DSA"}, {"kty": "RSA", "key_size": 1000}, {"kty": "EC", "crv": "P-1"}, {"kty": "RSA-HSM"}],
    ids=["no type", "type", "size", "curve", "HSM in a standard vault"],
)
async def test_bad_keys_are_refused(client, vault_request, wanted):
    status, body, _ = await vault_request("POST", "keys/key/create", wanted)
    assert (status, body["error"]["code"]) == (400, "BadParameter")


async def test_a_missing_key_or_version_is_not_found(client):
    with pytest.raises(ResourceNotFoundError):
        await client.get_key("key")
    await client.create_rsa_key("key", size=2048)
    with pytest.raises(ResourceNotFoundError):
        await client.get_key("key", "0" * 32)


async def test_lists_come_in_pages_of_25_in_the_order_of_names_and_version_ids(azure, client, vault_request):
    await azure.key("b")
    await azure.key("a")
    made = [await azure.lab.control.key("vault-one", "a", "rotate") for _ in range(30)]
    assert [key.name for key in await collected(client.list_properties_of_keys())] == ["a", "b"]
    seen = [version.version for version in await collected(client.list_properties_of_key_versions("a"))]
    assert seen == sorted(seen)
    assert (len(seen), set(made) <= set(seen)) == (31, True)
    pages = [
        [version.version async for version in page]
        async for page in client.list_properties_of_key_versions("a", max_page_size=10).by_page()
    ]
    assert [len(page) for page in pages] == [10, 10, 10, 1]
    _, body, _ = await vault_request("GET", "keys/a/versions")
    assert body["nextLink"].startswith("https://vault-one.vault.azure.net:443/keys/a/versions?api-version=2025-07-01&")


@pytest.mark.parametrize("query", ["maxresults=0", "maxresults=26", "maxresults=x", "$skiptoken=%2A"])
async def test_bad_paging_is_refused(client, vault_request, query):
    assert (await vault_request("GET", f"keys?{query}"))[0] == 400


async def test_attributes_tags_and_operations_are_changed_one_by_one(azure, client):
    made = await client.create_rsa_key("key", size=2048, tags={"kept": "yes"})
    await azure.lab.clock.advance(5)
    expires = datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC)
    changed = await client.update_key_properties("key", enabled=False, expires_on=expires)
    assert (changed.properties.enabled, changed.properties.expires_on) == (False, expires)
    assert changed.properties.tags == {"kept": "yes"}
    assert changed.properties.updated_on - made.properties.updated_on == datetime.timedelta(seconds=5)
    again = await client.update_key_properties(
        "key", made.properties.version, not_before=expires, tags={}, key_operations=["wrapKey"]
    )
    assert (again.properties.enabled, again.properties.not_before, again.properties.tags) == (False, expires, None)
    assert again.key_operations == ["wrapKey"]


async def test_what_a_client_wraps_by_itself_the_vault_unwraps(client):
    await client.create_rsa_key("key", size=2048)
    cryptography = client.get_cryptography_client("key")
    for algorithm in (KeyWrapAlgorithm.rsa_oaep, KeyWrapAlgorithm.rsa_oaep_256, KeyWrapAlgorithm.rsa1_5):
        wrapped = await cryptography.wrap_key(algorithm, SECRET)
        assert wrapped.encrypted_key != SECRET
        assert (await cryptography.unwrap_key(algorithm, wrapped.encrypted_key)).key == SECRET
    sealed = await cryptography.encrypt(EncryptionAlgorithm.rsa_oaep, b"text")
    assert (await cryptography.decrypt(EncryptionAlgorithm.rsa_oaep, sealed.ciphertext)).plaintext == b"text"


@pytest.mark.parametrize("path", ["keys/key/", "keys/key/{version}"], ids=["current", "version"])
async def test_what_the_vault_wraps_the_same_version_unwraps_and_no_other_does(client, vault_request, path):
    made = await client.create_rsa_key("key", size=2048)
    where = path.format(version=made.properties.version)
    status, wrapped, _ = await vault_request("POST", f"{where}/wrapkey", {"alg": "RSA-OAEP-256", "value": "c2VjcmV0"})
    assert (status, wrapped["kid"]) == (200, made.id)
    body = {"alg": "RSA-OAEP-256", "value": wrapped["value"]}
    _, unwrapped, _ = await vault_request("POST", f"{where}/unwrapkey", body)
    assert unwrapped["value"] == "c2VjcmV0"
    await client.rotate_key("key")
    assert (await vault_request("POST", f"keys/key/{made.properties.version}/unwrapkey", body))[0] == 200
    assert (await vault_request("POST", "keys/key//unwrapkey", body))[0] == 400, "the current version is another one"


@pytest.mark.parametrize("algorithm", ["RS256", "RS512", "PS384"])
async def test_what_rsa_signs_verifies_and_nothing_else(client, vault_request, algorithm):
    await client.create_rsa_key("key", size=2048)
    await signs_and_verifies(client, vault_request, algorithm)


@pytest.mark.parametrize(("curve", "algorithm"), [("P-256", "ES256"), ("P-521", "ES512"), ("P-256K", "ES256K")])
async def test_what_a_curve_signs_verifies_and_nothing_else(client, vault_request, curve, algorithm):
    await client.create_ec_key("key", curve=curve)
    await signs_and_verifies(client, vault_request, algorithm)


def base64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


async def signs_and_verifies(client, vault_request, algorithm):
    size = int(algorithm[2:5])
    digest = hashes.Hash({256: hashes.SHA256(), 384: hashes.SHA384(), 512: hashes.SHA512()}[size])
    digest.update(b"text")
    digested = digest.finalize()
    cryptography = client.get_cryptography_client("key")
    signed = await cryptography.sign(SignatureAlgorithm(algorithm), digested)
    assert (await cryptography.verify(SignatureAlgorithm(algorithm), digested, signed.signature)).is_valid
    for value, valid in ((signed.signature, True), (signed.signature[::-1], False)):
        body = {"alg": algorithm, "digest": base64url(digested), "value": base64url(value)}
        assert (await vault_request("POST", "keys/key//verify", body))[1] == {"value": valid}


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("wrapkey", {"alg": "A256KW", "value": "AAAA"}),
        ("wrapkey", {"alg": "RSA-OAEP", "value": "A" * 1000}),
        ("unwrapkey", {"alg": "RSA-OAEP", "value": "AAAA"}),
        ("sign", {"alg": "RS256", "value": "AAAA"}),
        ("sign", {"alg": "XX256", "value": "AAAA"}),
        ("sign", {}),
    ],
)
async def test_what_does_not_fit_a_key_is_refused(client, vault_request, operation, body):
    await client.create_rsa_key("key", size=2048)
    status, reported, _ = await vault_request("POST", f"keys/key//{operation}", body)
    assert (status, reported["error"]["code"]) == (400, "BadParameter")


WRAP = {"alg": "RSA-OAEP", "value": "c2VjcmV0"}


@pytest.mark.parametrize(
    ("operation", "disabled", "expired"),
    [
        ("wrapkey", 200, 403),
        ("unwrapkey", 403, 200),
        ("encrypt", 200, 403),
        ("decrypt", 403, 200),
        ("sign", 403, 403),
        ("verify", 200, 200),
    ],
)
async def test_a_disabled_key_protects_only_and_an_expired_one_reveals_only(
    azure, client, vault_request, operation, disabled, expired
):
    made = await client.create_rsa_key("key", size=2048)
    where = f"keys/key/{made.properties.version}"
    _, wrapped, _ = await vault_request("POST", f"{where}/wrapkey", WRAP)
    digest = "A" * 43
    body = {
        "unwrapkey": {**WRAP, "value": wrapped["value"]},
        "decrypt": {**WRAP, "value": wrapped["value"]},
        "sign": {"alg": "RS256", "value": digest},
        "verify": {"alg": "RS256", "digest": digest, "value": "AAAA"},
    }.get(operation, WRAP)
    assert (await vault_request("POST", f"{where}/{operation}", body))[0] == 200

    await azure.lab.control.key("vault-one", "key", "disable")
    status, reported, _ = await vault_request("POST", f"{where}/{operation}", body)
    assert (status, "error" in reported and reported["error"]["innererror"]["code"]) == (
        disabled,
        disabled == 403 and "KeyDisabled",
    )
    await azure.lab.control.key("vault-one", "key", "enable")
    await azure.lab.control.key("vault-one", "key", "expire")
    status, reported, _ = await vault_request("POST", f"{where}/{operation}", body)
    assert status == expired


async def test_a_key_that_is_not_valid_yet_does_not_wrap(client, vault_request):
    await client.create_rsa_key("key", size=2048, not_before=datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC))
    assert (await vault_request("POST", "keys/key//wrapkey", WRAP))[0] == 403


async def test_a_key_does_only_what_its_operations_name(client, vault_request):
    await client.create_rsa_key("key", size=2048, key_operations=["encrypt"])
    status, body, _ = await vault_request("POST", "keys/key//wrapkey", WRAP)
    assert (status, body["error"]["innererror"]["code"]) == (403, "KeyOperationForbidden")


async def test_an_imported_key_shows_its_own_public_part(client, vault_request):
    numbers = rsa.generate_private_key(65537, 2048).private_numbers()
    public = numbers.public_numbers
    members = {"n": public.n, "e": public.e, "d": numbers.d, "p": numbers.p, "q": numbers.q}
    members |= {"dp": numbers.dmp1, "dq": numbers.dmq1, "qi": numbers.iqmp}
    key = {name: value.to_bytes((value.bit_length() + 7) // 8, "big") for name, value in members.items()}
    made = await client.import_key("key", JsonWebKey(kty="RSA", **key))
    assert made.key.n == key["n"]
    cryptography = client.get_cryptography_client("key")
    wrapped = await cryptography.wrap_key(OAEP, SECRET)
    assert (await cryptography.unwrap_key(OAEP, wrapped.encrypted_key)).key == SECRET


@pytest.mark.parametrize(
    "key", [{}, {"kty": "RSA", "n": "AQAB"}, {"kty": "EC", "crv": "P-1"}, {"kty": "oct", "k": "A"}]
)
async def test_what_is_no_private_key_is_not_imported(client, vault_request, key):
    assert (await vault_request("PUT", "keys/key", {"key": key}))[0] == 400


def rotation(*, after=None, before=None, expires=None):
    action = KeyRotationLifetimeAction(
        KeyRotationPolicyAction.rotate, time_after_create=after, time_before_expiry=before
    )
    return KeyRotationPolicy(lifetime_actions=[action], expires_in=expires)


async def test_a_key_without_a_policy_of_its_own_has_the_default(client):
    await client.create_rsa_key("key", size=2048)
    policy = await client.get_key_rotation_policy("key")
    assert (policy.id, policy.expires_in, policy.created_on) == (None, None, None)
    assert [(a.action, a.time_before_expiry) for a in policy.lifetime_actions] == [("Notify", "P30D")]


async def test_a_policy_rotates_by_itself_and_each_version_expires(azure, client):
    await client.create_rsa_key("key", size=2048)
    kept = await client.update_key_rotation_policy("key", rotation(after="P15D", expires="P30D"))
    assert (await client.get_key_rotation_policy("key")).id == kept.id
    assert kept.id == "https://vault-one.vault.azure.net/keys/key/rotationpolicy"
    await azure.lab.clock.advance(15 * DAY + 1)
    versions = await collected(client.list_properties_of_key_versions("key"))
    assert len(versions) == 2
    newest = (await client.get_key("key")).properties
    assert newest.expires_on - newest.created_on == datetime.timedelta(days=30)
    by_hand = (await client.rotate_key("key")).properties
    assert by_hand.expires_on - by_hand.created_on == datetime.timedelta(days=30)


async def test_a_policy_before_expiry_follows_a_changed_expiry(azure, client):
    await client.create_rsa_key("key", size=2048)
    await client.update_key_rotation_policy("key", rotation(before="P10D", expires="P30D"))
    made = (await client.rotate_key("key")).properties
    await client.update_key_properties("key", expires_on=made.created_on + datetime.timedelta(days=60))
    await azure.lab.clock.advance(49 * DAY)
    assert (await client.get_key("key")).properties.version == made.version
    await azure.lab.clock.advance(2 * DAY)
    assert (await client.get_key("key")).properties.version != made.version


async def test_a_changed_policy_keeps_its_date_of_creation(azure, client):
    await client.create_rsa_key("key", size=2048)
    first = await client.update_key_rotation_policy("key", rotation(after="P15D"))
    await azure.lab.clock.advance(60)
    second = await client.update_key_rotation_policy("key", rotation(after="P20D"))
    assert (second.created_on, second.updated_on - second.created_on) == (
        first.created_on,
        datetime.timedelta(seconds=60),
    )


@pytest.mark.parametrize(
    "policy",
    [
        rotation(after="P6D"),
        rotation(after="P10D", before="P10D", expires="P30D"),
        rotation(),
        rotation(before="P10D"),
        rotation(before="P6D", expires="P30D"),
        rotation(before="P24D", expires="P30D"),
        rotation(after="P24D", expires="P30D"),
        rotation(after="P15D", expires="P27D"),
        rotation(after="often"),
    ],
)
async def test_policies_against_the_limits_are_refused(client, policy):
    await client.create_rsa_key("key", size=2048)
    with pytest.raises(HttpResponseError) as refused:
        await client.update_key_rotation_policy("key", policy)
    assert (refused.value.status_code, refused.value.error.code) == (400, "BadParameter")


@given(after=st.integers(7, 10_000))
def test_a_rotation_after_seven_days_or_more_is_right_without_an_expiry(after):
    action = {"trigger": {"timeAfterCreate": f"P{after}D"}, "action": {"type": "Rotate"}}
    assert rotation_policy.problem([action], expiry=None) is None


async def test_a_deleted_key_is_seen_after_a_while_recovered_or_purged(azure, client, vault_request):
    made = await client.create_rsa_key("key", size=2048)
    status, body, _ = await vault_request("DELETE", "keys/key")
    assert (status, body["recoveryId"]) == (200, "https://vault-one.vault.azure.net/deletedkeys/key")
    assert body["scheduledPurgeDate"] - body["deletedDate"] == 7 * DAY
    assert (await vault_request("GET", "deletedkeys/key"))[0] == 404
    assert (await vault_request("POST", "deletedkeys/key/recover"))[1]["error"]["innererror"][
        "code"
    ] == "ObjectIsBeingDeleted"
    with pytest.raises(ResourceExistsError, match="being deleted"):
        await client.create_rsa_key("key", size=2048)
    await azure.lab.clock.advance(2)
    assert (await client.get_deleted_key("key")).id == made.id
    assert [key.name for key in await collected(client.list_deleted_keys())] == ["key"]
    with pytest.raises(ResourceExistsError) as taken:
        await client.create_rsa_key("key", size=2048)
    assert inner_code(taken) == (409, "ObjectIsDeletedButRecoverable")

    assert (await vault_request("POST", "deletedkeys/key/recover"))[1]["key"]["kid"] == made.id
    assert (await vault_request("GET", "keys/key"))[0] == 404
    await azure.lab.clock.advance(2)
    assert (await client.get_key("key")).id == made.id
    status, body, _ = await vault_request("POST", "deletedkeys/key/recover")
    assert (status, body["error"]["message"]) == (400, "Key exists already: key")

    await vault_request("DELETE", "keys/key")
    await azure.lab.clock.advance(2)
    await client.purge_deleted_key("key")
    assert (await vault_request("POST", "deletedkeys/key/recover"))[0] == 404
    assert (await client.create_rsa_key("key", size=2048)).id != made.id


async def test_a_purge_protected_vault_purges_nothing(azure, key_client, vault_request):
    await azure.vault()
    client = await key_client()
    await client.create_rsa_key("key", size=2048)
    await vault_request("DELETE", "keys/key")
    await azure.lab.clock.advance(2)
    with pytest.raises(HttpResponseError, match="purge protection is enabled") as refused:
        await client.purge_deleted_key("key")
    assert refused.value.status_code == 403


async def test_the_clients_own_waiting_for_deletion_and_recovery_ends(lab, azure, client):
    lab.settings.set("key_delete", value="0")
    lab.settings.set("key_recover", value="0")
    made = await client.create_rsa_key("key", size=2048)
    assert (await client.delete_key("key")).id == made.id
    assert (await client.recover_deleted_key("key")).id == made.id


async def test_a_backup_brings_all_versions_back_once_the_name_is_free(azure, client, vault_request):
    first = await client.create_rsa_key("key", size=2048)
    await client.rotate_key("key")
    wrapped = await client.get_cryptography_client("key").wrap_key(OAEP, SECRET)
    blob = await client.backup_key("key")
    with pytest.raises(ResourceExistsError):
        await client.restore_key_backup(blob)
    await vault_request("DELETE", "keys/key")
    await azure.lab.clock.advance(2)
    await client.purge_deleted_key("key")
    await client.restore_key_backup(blob)
    assert (await client.get_key("key", first.properties.version)).key.n == first.key.n
    assert (await client.get_cryptography_client("key").unwrap_key(OAEP, wrapped.encrypted_key)).key == SECRET
    with pytest.raises(HttpResponseError):
        await client.restore_key_backup(b"of another tenant")


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=50)
@given(
    value=st.text("ABCDEFGHIJabcdefghij0123456789-_=+/", max_size=400),
    operation=st.sampled_from(["encrypt", "decrypt", "wrapKey", "unwrapKey", "sign", "verify"]),
    algorithm=st.sampled_from(["RSA-OAEP", "RSA1_5", "RS256", "ES256", "PS512", "", "A128KW"]),
)
def test_any_invalid_body_of_a_cryptographic_call_is_an_error_response(value, operation, algorithm):
    body = {"alg": algorithm, "value": value, "digest": value}
    for version in (RSA, EC):
        with contextlib.suppress(AzureError):
            MATERIALS.perform(version, operation=operation, body=body)


def version_of(kty):
    return models.new_version({"kty": kty}, version=kty, unix_now=0)


MATERIALS = Materials()
RSA, EC = version_of("RSA"), version_of("EC")
