"""Key material and cryptographic operations: real RSA and elliptic curves, since clients encrypt locally, too.

Material is generated when it is first needed, and does not depend on the lab's seed.
"""

import base64
import binascii
from collections.abc import Callable

from cryptography import exceptions
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from acrcmk_lab.azure.arm import errors
from acrcmk_lab.azure.arm.messages import AzureError, Body
from acrcmk_lab.azure.services.key_vault import models
from acrcmk_lab.azure.services.key_vault.models import KeyVersion

PUBLIC_EXPONENT = 65537
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
_CURVES: dict[str, ec.EllipticCurve] = {
    "P-256": ec.SECP256R1(),
    "P-256K": ec.SECP256K1(),
    "P-384": ec.SECP384R1(),
    "P-521": ec.SECP521R1(),
}
_DIGESTS: dict[str, hashes.HashAlgorithm] = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}


def _oaep(digest: hashes.HashAlgorithm) -> padding.AsymmetricPadding:
    return padding.OAEP(mgf=padding.MGF1(digest), algorithm=digest, label=None)


_ENCRYPTION: dict[str, padding.AsymmetricPadding] = {
    "RSA1_5": padding.PKCS1v15(),
    "RSA-OAEP": _oaep(hashes.SHA1()),  # noqa: S303 - the algorithm's definition
    "RSA-OAEP-256": _oaep(hashes.SHA256()),
}
"""The services' own OAEP uses SHA-1, as its name says nothing else (RFC 7518, 4.3)."""


class Materials:
    """The private keys behind key versions, by version id."""

    def __init__(self) -> None:
        self._keys: dict[str, PrivateKey] = {}

    def keep(self, version: str, key: PrivateKey) -> None:
        """Store imported material for a version."""
        self._keys[version] = key

    def of(self, version: KeyVersion) -> PrivateKey:
        """Return the private key of a version, generated on first use."""
        if version.version not in self._keys:
            self._keys[version.version] = _generate(version)
        return self._keys[version.version]

    def public(self, version: KeyVersion) -> Body:
        """Return the public part as a JSON Web Key has it: `n` and `e`, or `crv`, `x` and `y`."""
        key = self.of(version)
        if isinstance(key, rsa.RSAPrivateKey):
            modulus = key.public_key().public_numbers()
            return {"n": _number(modulus.n), "e": _number(modulus.e)}
        point, size = key.public_key().public_numbers(), (key.key_size + 7) // 8
        return {"crv": version.curve, "x": _number(point.x, size=size), "y": _number(point.y, size=size)}

    def perform(self, version: KeyVersion, *, operation: str, body: Body) -> str | bool:
        """Encrypt, decrypt, wrapKey, unwrapKey, sign or verify; AzureError for what does not fit the key."""
        key, algorithm = self.of(version), str(body.get("alg"))
        if operation == "sign":
            return _encoded(_sign(key, algorithm=algorithm, digest=_decoded(body, "value")))
        if operation == "verify":
            return _verify(key, algorithm=algorithm, digest=_decoded(body, "digest"), signature=_decoded(body, "value"))
        scheme = _ENCRYPTION.get(algorithm)
        if scheme is None or not isinstance(key, rsa.RSAPrivateKey):
            raise _unsupported(algorithm, version=version)
        work: Callable[[bytes, padding.AsymmetricPadding], bytes] = (
            key.public_key().encrypt if operation in ("encrypt", "wrapKey") else key.decrypt
        )
        try:
            return _encoded(work(_decoded(body, "value"), scheme))
        except ValueError as error:
            raise errors.error("KVD_BAD_PARAMETER", reason="the value does not fit the key") from error


def _generate(version: KeyVersion) -> PrivateKey:
    if version.curve:
        return ec.generate_private_key(_CURVES[version.curve])
    return rsa.generate_private_key(PUBLIC_EXPONENT, version.size or models.RSA_SIZES[0])


def imported(jwk: Body) -> PrivateKey:
    """Parse a private JSON Web Key, RSA or EC; AzureError for anything else."""
    try:
        if str(jwk.get("kty")).startswith("RSA"):
            d, p, q, dmp1, dmq1, iqmp = (_integer(jwk, name) for name in ("d", "p", "q", "dp", "dq", "qi"))
            public = rsa.RSAPublicNumbers(_integer(jwk, "e"), _integer(jwk, "n"))
            return rsa.RSAPrivateNumbers(p, q, d, dmp1, dmq1, iqmp, public).private_key()
        point = ec.EllipticCurvePublicNumbers(_integer(jwk, "x"), _integer(jwk, "y"), _CURVES[str(jwk.get("crv"))])
        return ec.EllipticCurvePrivateNumbers(_integer(jwk, "d"), point).private_key()
    except (ValueError, KeyError, TypeError) as error:
        raise errors.error("KVD_BAD_PARAMETER", reason="the key is no private RSA or EC key") from error


def _sign(key: PrivateKey, *, algorithm: str, digest: bytes) -> bytes:
    try:
        if isinstance(key, rsa.RSAPrivateKey):
            scheme, hashed = _rsa_signature(algorithm)
            return key.sign(digest, scheme, utils.Prehashed(hashed))
        # Signatures are the two numbers side by side (RFC 7518, 3.4).
        r, s = utils.decode_dss_signature(key.sign(digest, ec.ECDSA(utils.Prehashed(_digest(algorithm)))))
        size = (key.key_size + 7) // 8
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")
    except (ValueError, KeyError) as error:
        raise errors.error("KVD_BAD_PARAMETER", reason=f"{algorithm} does not fit digest or key") from error


def _verify(key: PrivateKey, *, algorithm: str, digest: bytes, signature: bytes) -> bool:
    try:
        if isinstance(key, rsa.RSAPrivateKey):
            scheme, hashed = _rsa_signature(algorithm)
            key.public_key().verify(signature, digest, scheme, utils.Prehashed(hashed))
        else:
            half = len(signature) // 2
            r, s = (int.from_bytes(part, "big") for part in (signature[:half], signature[half:]))
            together = utils.encode_dss_signature(r, s)
            key.public_key().verify(together, digest, ec.ECDSA(utils.Prehashed(_digest(algorithm))))
    except exceptions.InvalidSignature:
        return False
    except (ValueError, KeyError) as error:
        raise errors.error("KVD_BAD_PARAMETER", reason=f"{algorithm} does not fit digest or key") from error
    return True


def _rsa_signature(algorithm: str) -> tuple[padding.AsymmetricPadding, hashes.HashAlgorithm]:
    """Return the padding and digest of `RS256`... and `PS256`...; KeyError for others."""
    digest = _digest(algorithm)
    schemes: dict[str, padding.AsymmetricPadding] = {
        "RS": padding.PKCS1v15(),
        "PS": padding.PSS(mgf=padding.MGF1(digest), salt_length=digest.digest_size),
    }
    return schemes[algorithm[:2]], digest


def _digest(algorithm: str) -> hashes.HashAlgorithm:
    return _DIGESTS[algorithm[2:5]]


def _unsupported(algorithm: str, *, version: KeyVersion) -> AzureError:
    return errors.error("KVD_BAD_PARAMETER", reason=f"algorithm {algorithm} does not fit a key of {version.kty}")


def _decoded(body: Body, member: str) -> bytes:
    text = str(body.get(member) or "")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars="-_", validate=True)
    except binascii.Error as error:
        raise errors.error("KVD_BAD_PARAMETER", reason=f"{member} is not base64url") from error


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _number(value: int, *, size: int = 0) -> str:
    return _encoded(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


def _integer(jwk: Body, member: str) -> int:
    data = _decoded(jwk, member)
    if not data:
        raise ValueError(member)
    return int.from_bytes(data, "big")
