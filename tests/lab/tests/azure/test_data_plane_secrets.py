"""Secrets and imported certificates through a vault's own endpoint."""

import base64
import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509 import oid

PROPERTIES = {"enablePurgeProtection": None, "softDeleteRetentionInDays": 7}


@pytest.fixture
async def vault(azure):
    return await azure.vault(**PROPERTIES)


async def test_a_secret_has_versions_and_only_its_reader_sees_the_value(vault, vault_request):
    body = {"value": "one", "contentType": "text/plain", "tags": {"a": "b"}}
    status, first, _ = await vault_request("PUT", "secrets/secret", body)
    assert status == 200
    assert first == first | body
    _, second, _ = await vault_request("PUT", "secrets/secret", {"value": "two"})
    assert (await vault_request("GET", "secrets/secret"))[1] == second
    assert (await vault_request("GET", f"secrets/secret/{first['id'][-32:]}"))[1] == first
    _, listed, _ = await vault_request("GET", "secrets")
    assert [item["id"] for item in listed["value"]] == ["https://vault-one.vault.azure.net/secrets/secret"]
    _, versions, _ = await vault_request("GET", "secrets/secret/versions")
    assert {item["id"] for item in versions["value"]} == {first["id"], second["id"]}
    assert not any("value" in item for item in listed["value"] + versions["value"])


async def test_a_disabled_secret_is_not_read(vault, vault_request):
    await vault_request("PUT", "secrets/secret", {"value": "one"})
    _, changed, _ = await vault_request(
        "PATCH", "secrets/secret/", {"attributes": {"enabled": False}, "contentType": "x"}
    )
    assert (changed["attributes"]["enabled"], changed["contentType"], "value" in changed) == (False, "x", False)
    status, body, _ = await vault_request("GET", "secrets/secret")
    assert (status, body["error"]["innererror"]["code"]) == (403, "SecretDisabled")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PUT", "secrets/secret", {}, 400),
        ("PUT", "secrets/a_b", {"value": "x"}, 400),
        ("GET", "secrets/secret", None, 404),
        ("GET", "deletedsecrets/secret", None, 404),
        ("POST", "secrets/restore", {"value": "x"}, 400),
        ("POST", "certificates/cert/import", {"value": "x"}, 400),
        ("POST", "certificates/cert/import", {"value": "-----BEGIN"}, 400),
        ("GET", "certificates/cert", None, 404),
    ],
)
async def test_invalid_or_missing_values_are_errors(vault, vault_request, method, path, body, status):
    assert (await vault_request(method, path, body))[0] == status


async def test_a_secret_is_deleted_recovered_kept_in_a_backup_and_purged(azure, vault, vault_request):
    _, created, _ = await vault_request("PUT", "secrets/secret", {"value": "one"})
    _, kept, _ = await vault_request("POST", "secrets/secret/backup")
    assert (await vault_request("POST", "secrets/restore", kept))[0] == 409
    _, deleted, _ = await vault_request("DELETE", "secrets/secret")
    assert (deleted["id"], "value" in deleted) == (created["id"], False)
    await azure.lab.clock.advance(2)
    status, body, _ = await vault_request("PUT", "secrets/secret", {"value": "two"})
    assert (status, body["error"]["message"].split(" in ")[0]) == (409, "Secret secret is currently")
    assert (await vault_request("POST", "deletedsecrets/secret/recover"))[0] == 200
    await azure.lab.clock.advance(2)
    assert (await vault_request("GET", "secrets/secret"))[1] == created
    await vault_request("DELETE", "secrets/secret")
    await azure.lab.clock.advance(2)
    assert (await vault_request("DELETE", "deletedsecrets/secret"))[0] == 204
    assert (await vault_request("POST", "secrets/restore", kept))[1]["id"] == created["id"]


async def test_a_deleted_secret_is_purged_after_the_vaults_retention(azure, vault, vault_request):
    await vault_request("PUT", "secrets/secret", {"value": "one"})
    await vault_request("DELETE", "secrets/secret")
    await azure.lab.clock.advance(7 * 86400)
    assert (await vault_request("GET", "deletedsecrets"))[1]["value"] == []


def issued():
    """Return a private key and a certificate of its own for it: ten years, for TLS servers."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(oid.NameOID.COUNTRY_NAME, "NL"),
            x509.NameAttribute(oid.NameOID.STATE_OR_PROVINCE_NAME, "Utrecht"),
            x509.NameAttribute(oid.NameOID.COMMON_NAME, "lab"),
        ]
    )
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    builder = x509.CertificateBuilder(
        subject_name=name,
        issuer_name=name,
        public_key=key.public_key(),
        serial_number=1,
        not_valid_before=start,
        not_valid_after=start.replace(year=2036),
    ).add_extension(x509.ExtendedKeyUsage([oid.ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return key, builder.sign(key, hashes.SHA256())


def pem(key, certificate):
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return (private + certificate.public_bytes(serialization.Encoding.PEM)).decode()


def archive(key, certificate):
    data = pkcs12.serialize_key_and_certificates(
        b"lab", key, certificate, None, serialization.BestAvailableEncryption(b"secret")
    )
    return base64.b64encode(data).decode()


@pytest.mark.parametrize(
    ("pack", "password", "media"),
    [(pem, None, "application/x-pem-file"), (archive, "secret", "application/x-pkcs12")],
    ids=["PEM", "PKCS 12"],
)
async def test_an_imported_certificate_shows_its_properties(vault, vault_request, pack, password, media):
    key, certificate = issued()
    status, body, _ = await vault_request(
        "POST", "certificates/cert/import", {"value": pack(key, certificate), "pwd": password, "tags": {"a": "b"}}
    )
    assert status == 200
    assert base64.b64decode(body["cer"]) == certificate.public_bytes(serialization.Encoding.DER)
    assert body["attributes"]["exp"] == int(certificate.not_valid_after_utc.timestamp())
    policy = body["policy"]
    assert policy["secret_props"] == {"contentType": media}
    assert policy["key_props"] == {"exportable": True, "kty": "EC", "key_size": 256, "reuse_key": False}
    assert policy["x509_props"] == {
        "subject": "CN=lab, S=Utrecht, C=NL",
        "ekus": ["1.3.6.1.5.5.7.3.1"],
        "key_usage": [],
        "validity_months": 120,
        "basic_constraints": {"ca": False},
    }
    assert (await vault_request("GET", "certificates/cert"))[1] == body
    assert (await vault_request("GET", "certificates/cert/policy"))[1] == policy
    _, versions, _ = await vault_request("GET", "certificates/cert/versions")
    assert [(item["id"], item["x5t"]) for item in versions["value"]] == [(body["id"], body["x5t"])]


async def test_a_certificate_is_changed_deleted_and_recovered(azure, vault, vault_request):
    _, created, _ = await vault_request("POST", "certificates/cert/import", {"value": pem(*issued())})
    _, changed, _ = await vault_request("PATCH", "certificates/cert", {"tags": {"a": "b"}})
    assert changed == created | {"tags": {"a": "b"}}
    assert (await vault_request("DELETE", "certificates/cert"))[1]["id"] == created["id"]
    status, body, _ = await vault_request("POST", "deletedcertificates/cert/recover")
    assert (status, body["error"]["message"]) == (409, "Certificate cert is currently being deleted.")
    await azure.lab.clock.advance(2)
    assert (await vault_request("POST", "deletedcertificates/cert/recover"))[1]["id"] == created["id"]
    await azure.lab.clock.advance(2)
    _, listed, _ = await vault_request("GET", "certificates")
    assert [item["x5t"] for item in listed["value"]] == [created["x5t"]]
