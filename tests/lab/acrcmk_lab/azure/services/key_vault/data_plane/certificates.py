"""Certificates on a vault's own host: imported ones only, the lab issues none.

The key and secret behind a certificate are referenced (`kid`, `sid`) but do not exist.
"""

import base64
import binascii
import datetime
from collections.abc import Iterator

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509 import oid

from acrcmk_lab.azure.arm import errors
from acrcmk_lab.azure.arm.messages import Body, Response
from acrcmk_lab.azure.services.key_vault.data_plane import operations
from acrcmk_lab.azure.services.key_vault.data_plane.deleted_objects import Deletions, Kind
from acrcmk_lab.azure.services.key_vault.data_plane.objects import VersionedObjects
from acrcmk_lab.azure.services.key_vault.data_plane.operations import Area, Call, Handler, Operation
from acrcmk_lab.azure.services.key_vault.models import ObjectVersion, VaultObject
from acrcmk_lab.azure.state.state import State

_PEM, _PKCS12 = "application/x-pem-file", "application/x-pkcs12"
_DAYS_A_MONTH = 365.25 / 12
_WINDOWS_NAMES = {oid.NameOID.STATE_OR_PROVINCE_NAME: "S", oid.NameOID.EMAIL_ADDRESS: "E"}
"""X.500 attributes as Windows abbreviates them; recorded: `S` for a state."""
_RENEWAL = [{"trigger": {"lifetime_percentage": 80}, "action": {"action_type": "AutoRenew"}}]


class DataPlaneCertificates:
    """The operations on certificates."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._objects = VersionedObjects(
            state, collection=lambda vault: vault.certificate_collection, not_found_error="KVD_CERTIFICATE_NOT_FOUND"
        )

    def operations(self) -> list[Operation]:
        """Return the operations."""
        kind = Kind(
            area="certificates",
            collection=lambda vault: vault.certificate_collection,
            lifecycle=self._objects,
            lookup=lambda call: self._objects.lookup(call)[0],
            body=lambda call, certificate: _body(call, certificate, version=certificate.current),
            list_item=_list_item,
            not_found_error="KVD_DELETED_CERTIFICATE_NOT_FOUND",
        )
        deletions = Deletions(self._state, kind=kind)
        return [*deletions.operations(), *operations.operations("certificates", self._rows())]

    def _rows(self) -> Iterator[tuple[str, str, Handler, str, str]]:
        yield "GET", "certificates", self.index, "list", "read"
        yield "POST", "certificates/restore", self.restore, "restore", "restore/action"
        yield "GET", "certificates/*/versions", self.versions, "list", "read"
        yield "GET", "certificates/*/policy", self.policy, "get", "read"
        yield "POST", "certificates/*/import", self.import_, "import", "import/action"
        yield "POST", "certificates/*/backup", self.backup, "backup", "backup/action"
        for path in ("certificates/*", "certificates/*/*"):
            yield "GET", path, self.get, "get", "read"
            yield "PATCH", path, self.update, "update", "update/action"

    def import_(self, call: Call) -> Response:
        """Import a certificate with its key, PEM or PKCS #12."""
        text, password = str(call.body.get("value") or ""), call.body.get("pwd")
        try:
            certificate, media = _read(text, password=str(password) if password else None)
        except (ValueError, TypeError) as error:
            raise errors.error("KVD_BAD_PARAMETER", reason="the value is no certificate with its key") from error
        content = {
            **_described(certificate),
            "policy": _policy(certificate, requested=call.body.get("policy") or {}, media=media),
        }
        dates = {
            "nbf": int(certificate.not_valid_before_utc.timestamp()),
            "exp": int(certificate.not_valid_after_utc.timestamp()),
        }
        item = self._objects.add(call, content=content, attributes=dates)
        return Response(200, body=_body(call, item, version=item.current))

    def get(self, call: Call) -> Response:
        certificate, version = self._objects.lookup(call)
        return Response(200, body=_body(call, certificate, version=version))

    def policy(self, call: Call) -> Response:
        certificate, version = self._objects.lookup(call)
        return Response(200, body=_body(call, certificate, version=version)["policy"])

    def update(self, call: Call) -> Response:
        certificate, version = self._objects.lookup(call)
        self._objects.update(call, version=version)
        return Response(200, body=_body(call, certificate, version=version))

    def index(self, call: Call) -> Response:
        return operations.page(call, {name: _list_item(call, c) for name, c in call.vault.certificates.items()})

    def versions(self, call: Call) -> Response:
        certificate, _ = self._objects.lookup(call)
        rows = {
            name: {
                "id": _uri(call, certificate, area="certificates", version=version),
                **_list_attributes(call, version),
            }
            for name, version in certificate.versions.items()
        }
        return operations.page(call, rows)

    def backup(self, call: Call) -> Response:
        return self._objects.backup(call)

    def restore(self, call: Call) -> Response:
        certificate = self._objects.restore(call)
        return Response(200, body=_body(call, certificate, version=certificate.current))


def _read(text: str, *, password: str | None) -> tuple[x509.Certificate, str]:
    """Parse PEM, which later clients send as base64, or PKCS #12; ValueError for anything else."""
    try:
        data = text.encode() if text.startswith("-----") else base64.b64decode(text)
    except binascii.Error as error:
        raise ValueError(text[:20]) from error
    if data.startswith(b"-----"):
        serialization.load_pem_private_key(data, password=password.encode() if password else None)
        return x509.load_pem_x509_certificate(data), _PEM
    _, certificate, _ = pkcs12.load_key_and_certificates(data, password.encode() if password else None)
    if certificate is None:
        raise ValueError("no certificate")
    return certificate, _PKCS12


def _described(certificate: x509.Certificate) -> Body:
    thumbprint = certificate.fingerprint(hashes.SHA1())  # noqa: S303 - what a thumbprint is
    return {
        "x5t": base64.urlsafe_b64encode(thumbprint).decode().rstrip("="),
        "cer": base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode(),
    }


def _policy(certificate: x509.Certificate, *, requested: Body, media: str) -> Body:
    """Return the policy that Key Vault makes of a certificate, but for its id and dates [R]."""
    return {
        "key_props": requested.get("key_props") or _key_properties(certificate),
        "secret_props": requested.get("secret_props") or {"contentType": media},
        "x509_props": _x509_properties(certificate),
        "lifetime_actions": requested.get("lifetime_actions") or _RENEWAL,
        "issuer": requested.get("issuer") or {"name": "Unknown"},
    }


def _key_properties(certificate: x509.Certificate) -> Body:
    key = certificate.public_key()
    if isinstance(key, (rsa.RSAPublicKey, ec.EllipticCurvePublicKey)):
        kty = "RSA" if isinstance(key, rsa.RSAPublicKey) else "EC"
        return {"exportable": True, "kty": kty, "key_size": key.key_size, "reuse_key": False}
    raise errors.error("KVD_BAD_PARAMETER", reason="the certificate's key is neither RSA nor EC")


def _x509_properties(certificate: x509.Certificate) -> Body:
    lifetime: datetime.timedelta = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    extensions = {extension.oid: extension.value for extension in certificate.extensions}
    constraints = extensions.get(oid.ExtensionOID.BASIC_CONSTRAINTS)
    usages = extensions.get(oid.ExtensionOID.EXTENDED_KEY_USAGE)
    return {
        "subject": ", ".join(
            f"{_WINDOWS_NAMES.get(name.oid, name.rfc4514_attribute_name)}={name.value!s}"
            for name in reversed(list(certificate.subject))
        ),
        "ekus": [usage.dotted_string for usage in usages] if isinstance(usages, x509.ExtendedKeyUsage) else [],
        "key_usage": _key_usage(extensions.get(oid.ExtensionOID.KEY_USAGE)),
        "validity_months": round(lifetime.days / _DAYS_A_MONTH),
        "basic_constraints": {"ca": isinstance(constraints, x509.BasicConstraints) and constraints.ca},
    }


def _key_usage(value: x509.ExtensionType | None) -> list[str]:
    if not isinstance(value, x509.KeyUsage):
        return []
    names = {
        "digitalSignature": value.digital_signature,
        "nonRepudiation": value.content_commitment,
        "keyEncipherment": value.key_encipherment,
        "dataEncipherment": value.data_encipherment,
        "keyAgreement": value.key_agreement,
        "keyCertSign": value.key_cert_sign,
        "cRLSign": value.crl_sign,
    }
    return [name for name, is_set in names.items() if is_set]


def _body(call: Call, certificate: VaultObject, *, version: ObjectVersion) -> Body:
    described = operations.described(call, version)
    policy = {
        "id": f"{call.url}/certificates/{certificate.name}/policy",
        **version.content["policy"],
        "attributes": {"enabled": True, "created": version.created, "updated": version.created},
    }
    return {
        "id": _uri(call, certificate, area="certificates", version=version),
        "kid": _uri(call, certificate, area="keys", version=version),
        "sid": _uri(call, certificate, area="secrets", version=version),
        "x5t": version.content["x5t"],
        "cer": version.content["cer"],
        **described,
        "policy": policy,
    }


def _list_attributes(call: Call, version: ObjectVersion) -> Body:
    return {"x5t": version.content["x5t"], **operations.described(call, version)}


def _list_item(call: Call, certificate: VaultObject) -> Body:
    return {"id": f"{call.url}/certificates/{certificate.name}", **_list_attributes(call, certificate.current)}


def _uri(
    call: Call,
    certificate: VaultObject,
    *,
    area: Area,
    version: ObjectVersion,
) -> str:
    return f"{call.url}/{area}/{certificate.name}/{version.version}"
