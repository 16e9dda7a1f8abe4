"""Vaults, keys, secrets and certificates as the lab keeps them, for management plane, data plane and ACR."""

import dataclasses
import re

from acrcmk_lab.azure.arm import errors
from acrcmk_lab.azure.arm.messages import Body
from acrcmk_lab.azure.services.key_vault.soft_delete import Collection, I, Item
from acrcmk_lab.azure.state.store import Resource

NAMESPACE = "Microsoft.KeyVault"
TYPE = f"{NAMESPACE}/vaults"
RSA_SIZES = (2048, 3072, 4096)
CURVES = ("P-256", "P-384", "P-521", "P-256K")
CURVE_ALIASES = {"SECP256K1": "P-256K"}
"""Recorded: older names of curves that an import accepts."""
RSA_OPERATIONS = ("encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey")
EC_OPERATIONS = ("sign", "verify")
FULL_RETENTION_DAYS = 90
HELP = " For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182"
"""The end of the message about a missing object."""
MAX_TAGS = 15
NAME = re.compile(r"[A-Za-z0-9-]{1,127}")
_KEY_URI = re.compile(r"https://([a-z0-9-]+)\.([^/]+)/keys/([a-z0-9-]+)(?:/([0-9a-f]{32}))?/?", re.IGNORECASE)


@dataclasses.dataclass(kw_only=True)
class KeyVersion:
    """One version; `created`, `updated`, `expires`, `not_before` are Unix times in seconds."""

    version: str
    kty: str
    size: int | None
    curve: str | None
    operations: tuple[str, ...]
    created: int
    updated: int
    enabled: bool = True
    expires: int | None = None
    not_before: int | None = None
    exportable: bool = False
    release_policy: Body | None = None
    tags: dict[str, str] = dataclasses.field(default_factory=dict)

    def usable(self, unix_now: float) -> bool:
        """Tell whether the version is enabled and within its dates."""
        return self.enabled and self.in_time(unix_now)

    def in_time(self, unix_now: float) -> bool:
        """Tell whether the version is within its dates."""
        return (self.expires is None or unix_now < self.expires) and (
            self.not_before is None or unix_now >= self.not_before
        )


@dataclasses.dataclass(kw_only=True)
class Key(Item):
    """A key with its versions in the order of their creation, the current one last."""

    versions: dict[str, KeyVersion] = dataclasses.field(default_factory=dict)
    rotation_policy: Body | None = None

    @property
    def current(self) -> KeyVersion:
        """The newest version, enabled or not."""
        return next(reversed(self.versions.values()))

    @property
    def tags(self) -> dict[str, str]:
        """The tags of the current version: each has its own [R]."""
        return self.current.tags

    def newest_usable(self, unix_now: float) -> KeyVersion | None:
        """Return the newest version that is enabled and within its dates."""
        return next((v for v in reversed(self.versions.values()) if v.usable(unix_now)), None)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class KeyUri:
    """A parsed key identifier; `version` is "" for an unversioned one."""

    vault: str
    domain: str
    name: str
    version: str

    @property
    def unversioned(self) -> str:
        """The identifier without version."""
        return f"https://{self.vault}.{self.domain}/keys/{self.name}"


def parse_uri(text: str) -> KeyUri | None:
    """Parse `https://{vault}.vault.azure.net/keys/{name}[/{version}]`; None for anything else."""
    match = _KEY_URI.fullmatch(text)
    return (
        KeyUri(vault=match[1].lower(), domain=match[2].lower(), name=match[3], version=(match[4] or "").lower())
        if match
        else None
    )


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Recovery:
    """Recovery of a vault's keys, from the vault's properties: in every key's attributes [R]."""

    purge_protected: bool
    days: int

    @property
    def level(self) -> str:
        """`Recoverable`, `CustomizedRecoverable`, either with `+Purgeable` in an unprotected vault."""
        base = "Recoverable" if self.days == FULL_RETENTION_DAYS else "CustomizedRecoverable"
        return base if self.purge_protected else f"{base}+Purgeable"

    @property
    def attributes(self) -> Body:
        """The attributes for it."""
        return {"recoveryLevel": self.level, "recoverableDays": self.days}


@dataclasses.dataclass(kw_only=True)
class ObjectVersion:
    """One version; times are Unix times in seconds, `content` is specific to the kind of object."""

    version: str
    created: int
    updated: int
    enabled: bool = True
    expires: int | None = None
    not_before: int | None = None
    tags: dict[str, str] = dataclasses.field(default_factory=dict)
    content: Body = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(kw_only=True)
class VaultObject(Item):
    """A secret or certificate with its versions in the order of their creation, the current one last."""

    versions: dict[str, ObjectVersion] = dataclasses.field(default_factory=dict)

    @property
    def current(self) -> ObjectVersion:
        """The newest version."""
        return next(reversed(self.versions.values()))


@dataclasses.dataclass(kw_only=True)
class Vault(Resource):
    """A vault; `effective_policies` are the `access_policies` that have taken effect."""

    TYPE = TYPE

    # As in the creating request, e.g. `North Central US`: recorded in deleted vaults.
    location_given: str
    tenant_id: str
    sku: Body
    access_policies: list[Body] = dataclasses.field(default_factory=list)
    effective_policies: list[Body] = dataclasses.field(default_factory=list)
    policies_effective: float = 0.0
    flags: dict[str, bool] = dataclasses.field(default_factory=dict)
    rbac: bool | None = None
    soft_delete: bool = True
    retention: int | None = None
    purge_protection: bool = False
    network_acls: Body | None = None
    public_network_access: str = "Enabled"
    provisioning: str = "RegisteringDns"
    keys: dict[str, Key] = dataclasses.field(default_factory=dict)
    deleted_keys: dict[str, Key] = dataclasses.field(default_factory=dict)
    secrets: dict[str, VaultObject] = dataclasses.field(default_factory=dict)
    deleted_secrets: dict[str, VaultObject] = dataclasses.field(default_factory=dict)
    certificates: dict[str, VaultObject] = dataclasses.field(default_factory=dict)
    deleted_certificates: dict[str, VaultObject] = dataclasses.field(default_factory=dict)
    # When a purged object's name is free again, in simulated seconds, by noun and lower-case name.
    purged_names: dict[tuple[str, str], float] = dataclasses.field(default_factory=dict)
    deleted_at: float | None = None

    @property
    def recovery(self) -> Recovery:
        """How its keys can be recovered."""
        days = self.retention or FULL_RETENTION_DAYS
        return Recovery(purge_protected=self.purge_protection, days=days)

    @property
    def key_collection(self) -> Collection[Key]:
        """Its keys, as a collection with soft delete."""
        return Collection(
            noun="Key", live=self.keys, deleted=self.deleted_keys, days=self.recovery.days, purged=self.purged_names
        )

    @property
    def secret_collection(self) -> Collection[VaultObject]:
        """Its secrets, as a collection with soft delete."""
        return Collection(
            noun="Secret",
            live=self.secrets,
            deleted=self.deleted_secrets,
            days=self.recovery.days,
            purged=self.purged_names,
        )

    @property
    def certificate_collection(self) -> Collection[VaultObject]:
        """Its certificates, as a collection with soft delete."""
        return self._collection("Certificate", live=self.certificates, deleted=self.deleted_certificates)

    def _collection(self, noun: str, *, live: dict[str, I], deleted: dict[str, I]) -> Collection[I]:
        days = self.recovery.days
        return Collection(noun=noun, live=live, deleted=deleted, days=days, purged=self.purged_names)


def problem(properties: Body, *, name: str) -> str | None:
    """Return what is wrong with a key's name, type, size or curve; None if nothing is."""
    if not NAME.fullmatch(name):
        return f"The key name {name} is invalid."
    kty = str(properties.get("kty") or "RSA")
    if kty not in ("RSA", "RSA-HSM", "EC", "EC-HSM"):
        return f"Key type {kty} is not supported."
    if kty.startswith("RSA") and (properties.get("keySize") or RSA_SIZES[0]) not in RSA_SIZES:
        return f"Key size {properties['keySize']} is not supported for {kty} keys."
    if kty.startswith("EC") and (properties.get("curveName") or CURVES[0]) not in CURVES:
        return f"Curve {properties['curveName']} is not supported."
    return None


def check_tags(body: Body) -> None:
    """Check the number of tags of a key, secret or certificate; AzureError for more than 15."""
    if len(body.get("tags") or {}) > MAX_TAGS:
        raise errors.error("KVD_TAGS_LIMIT")


def new_version(properties: Body, *, version: str, unix_now: int) -> KeyVersion:
    """Return a version from ARM's key properties: kty, keySize, curveName, keyOps, attributes."""
    kty = str(properties.get("kty") or "RSA")
    rsa = kty.startswith("RSA")
    attributes = properties.get("attributes") or {}
    return KeyVersion(
        version=version,
        kty=kty,
        size=(properties.get("keySize") or RSA_SIZES[0]) if rsa else None,
        curve=None if rsa else (properties.get("curveName") or CURVES[0]),
        operations=tuple(properties.get("keyOps") or (RSA_OPERATIONS if rsa else EC_OPERATIONS)),
        created=unix_now,
        updated=unix_now,
        enabled=attributes.get("enabled", True) is not False,
        expires=attributes.get("exp"),
        not_before=attributes.get("nbf"),
        exportable=attributes.get("exportable") is True,
        release_policy=properties.get("releasePolicy"),
    )
