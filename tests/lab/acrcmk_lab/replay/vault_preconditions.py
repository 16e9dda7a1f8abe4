"""The vaults that a recording knows only by their use, and the keys and secrets that existed in vaults before it.

Objects are created through the vault's own endpoint. An existing vault need not permit that to anybody in the
recording, so it is created open first, and then written as the recording shows it.
"""

import base64
import binascii
import dataclasses
import re
from collections.abc import Iterable, Iterator
from typing import Any

from acrcmk_lab.azure.arm import ids
from acrcmk_lab.replay import observations, recordings, setup_request
from acrcmk_lab.replay.observations import Observations
from acrcmk_lab.replay.recordings import Exchange, Recording
from acrcmk_lab.replay.setup_request import SetupRequest

Json = Any
_OBJECT = re.compile(
    r"https://(?P<vault>[^./]+)\.vault\.azure\.net(?::443)?/(?P<deleted>deleted)?(?P<kind>keys|secrets)/(?P<name>[^/?]+)"
    r"(?:/(?P<version>[0-9a-f]{32}))?(?![0-9a-z])",
    re.IGNORECASE,
)
_DATA_PLANE_VERSION = "7.4"
_NEW_VERSION = ("create", "rotate", "restore")
"""Operations that create versions of a key; `PUT` on a key or secret does so, too."""
_CERTIFICATES = ("certificates", "deletedcertificates")
_WRITABLE_ATTRIBUTES = ("enabled", "exp", "nbf", "exportable")


@dataclasses.dataclass(kw_only=True)
class _Object:
    """A key or secret that existed before; `versions` are the recorded bundles by version id.

    `is_deleted` if it was deleted before; `rotation_policy` is that of a key.
    """

    vault: str
    kind: str
    name: str
    versions: dict[str, dict[str, Json]] = dataclasses.field(default_factory=dict)
    is_deleted: bool = False
    rotation_policy: dict[str, Json] = dataclasses.field(default_factory=dict)


def with_objects(
    requests: Iterable[SetupRequest], *, recording: Recording, policies: list[dict[str, Json]]
) -> list[SetupRequest]:
    """Return the requests with those that create the keys and secrets of existing vaults."""
    objects = _existing_objects(recording)
    result: list[SetupRequest] = []
    for request in requests:
        is_vault = request.method == "PUT" and ids.route(request.id).template == setup_request.VAULT
        contents = [o for o in objects if o.vault == ids.name_of(request.id).lower()] if is_vault else []
        if contents:
            result.append(dataclasses.replace(request, body=_open(request.body or {}, policies=policies), expected={}))
            result += [creation for item in contents for creation in _creations(item, vault=request)]
        result.append(request)
    return result


def _open(body: dict[str, Json], *, policies: list[dict[str, Json]]) -> dict[str, Json]:
    """Return the body of a vault that permits everything to the caller from everywhere."""
    closed = ("networkAcls", "publicNetworkAccess", "enableRbacAuthorization")
    recorded = recordings.properties_of(body)
    properties = {name: value for name, value in recorded.items() if name not in closed}
    rbac = {"enableRbacAuthorization": False} if recorded.get("enableRbacAuthorization") else {}
    return {**body, "properties": {**properties, "accessPolicies": policies, **rbac}}


def _creations(item: _Object, *, vault: SetupRequest) -> Iterator[SetupRequest]:
    """Yield the requests that create the versions of an object, the oldest first."""
    url = f"https://{item.vault}{observations.VAULT_DOMAIN}/{item.kind}/{item.name}"
    bundles = sorted(item.versions.items(), key=lambda pair: _attributes(pair[1]).get("created", 0)) or [("", {})]
    for version, bundle in bundles:
        identifier = f"{url}/{version}" if version else ""
        is_key = item.kind == "keys"
        yield SetupRequest(
            id=vault.id,
            method="POST" if is_key else "PUT",
            version=_DATA_PLANE_VERSION,
            data_plane_url=f"{url}{'/create' if is_key else ''}?api-version={_DATA_PLANE_VERSION}",
            body=_key_body(bundle) if is_key else _secret_body(bundle),
            timestamp=vault.timestamp,
            expected=({"key": {"kid": identifier}} if is_key else {"id": identifier}) if identifier else {},
        )
    afterwards: list[tuple[str, str, Json]] = []
    if item.rotation_policy:
        afterwards.append(("PUT", f"{url}/rotationpolicy", item.rotation_policy))
    if item.is_deleted:
        afterwards.append(("DELETE", url, None))
    for method, path, body in afterwards:
        yield SetupRequest(
            id=vault.id,
            method=method,
            version=_DATA_PLANE_VERSION,
            data_plane_url=f"{path}?api-version={_DATA_PLANE_VERSION}",
            body=body,
            timestamp=vault.timestamp,
        )


def _key_body(bundle: dict[str, Json]) -> dict[str, Json]:
    key = bundle.get("key") or {}
    return {
        "kty": key.get("kty") or "RSA",
        **{name: key[name] for name in ("crv", "key_ops") if key.get(name)},
        **({"key_size": _bits(key["n"])} if _bits(key.get("n")) else {}),
        **_common_members(bundle),
    }


def _secret_body(bundle: dict[str, Json]) -> dict[str, Json]:
    content_type = {"contentType": bundle["contentType"]} if bundle.get("contentType") else {}
    return {"value": bundle.get("value") or "value", **content_type, **_common_members(bundle)}


def _common_members(bundle: dict[str, Json]) -> dict[str, Json]:
    attributes = {name: value for name, value in _attributes(bundle).items() if name in _WRITABLE_ATTRIBUTES}
    return {"attributes": attributes, **({"tags": bundle["tags"]} if bundle.get("tags") else {})}


def _attributes(bundle: dict[str, Json]) -> dict[str, Json]:
    attributes = bundle.get("attributes")
    return attributes if isinstance(attributes, dict) else {}


def _bits(modulus: Json) -> int:
    """Return the size of an RSA key by its base64url modulus; 0 if it is none."""
    try:
        return len(base64.urlsafe_b64decode(f"{modulus}==")) * 8 if isinstance(modulus, str) else 0
    except binascii.Error:
        return 0


def _existing_objects(recording: Recording) -> list[_Object]:
    """Return the keys and secrets that a recording uses without having created them."""
    created: set[tuple[str, str, str]] = set()
    created_versions: set[str] = set()
    objects: dict[tuple[str, str, str], _Object] = {}
    for exchange in recording.exchanges:
        if not exchange.ok:
            continue
        new = _created_by(exchange)
        for identifier, bundle in _identifiers(exchange):
            match = _OBJECT.match(identifier)
            if not match:
                continue
            key = (match["vault"].lower(), match["kind"].lower(), match["name"].lower())
            version = (match["version"] or "").lower()
            if key in new:
                created_versions.add(version)
            elif version in created_versions or (not version and key in created):
                continue
            else:
                is_deleted = bool(match["deleted"]) or exchange.path.lower().startswith("/deleted")
                new_item = _Object(vault=key[0], kind=key[1], name=match["name"], is_deleted=is_deleted)
                item = objects.setdefault(key, new_item)
                if exchange.path.lower().endswith("/rotationpolicy") and exchange.response_object.get("id"):
                    item.rotation_policy = item.rotation_policy or exchange.response_object
                elif version:
                    item.versions[version] = {**bundle, **item.versions.get(version, {})}
        created |= new
    return list(objects.values())


def _created_by(exchange: Exchange) -> set[tuple[str, str, str]]:
    """Return the vault, kind and name of the objects of which an exchange creates a version."""
    vault, parts = observations.vault_name(exchange).lower(), exchange.path.strip("/").lower().split("/")
    if vault and parts[0] in _CERTIFICATES and len(parts) > 1:
        return {(vault, kind, parts[1]) for kind in ("keys", "secrets")}
    if vault and parts[-1] in _NEW_VERSION:
        key = str((exchange.response_object.get("key") or {}).get("kid", ""))
        match = _OBJECT.match(key or f"{exchange.url}")
        return {(vault, parts[0], match["name"].lower())} if match else set()
    if vault and exchange.method == "PUT" and len(parts) == 2:  # noqa: PLR2004 - kind and name
        return {(vault, parts[0], parts[1])}
    route = ids.route(exchange.path)
    if exchange.method == "PUT" and route.template == f"{setup_request.VAULT}/keys/*":
        return {(route.names[0].lower(), "keys", route.names[1].lower())}
    return set()


def _identifiers(exchange: Exchange) -> Iterator[tuple[str, dict[str, Json]]]:
    """Yield the identifiers of keys and secrets in an exchange, each with what the response shows of it."""
    if observations.vault_name(exchange):
        for bundle in exchange.rows if exchange.rows is not None else [exchange.response_object]:
            key = bundle.get("key")
            kid = key.get("kid") if isinstance(key, dict) else None
            yield str(kid or bundle.get("kid") or bundle.get("id") or ""), bundle
        yield exchange.url, {}
    elif ids.route(exchange.path).template == setup_request.REGISTRY:
        for body in (exchange.response_object, exchange.request_object):
            yield from ((identifier, {}) for identifier in _key_identifiers(body))


def _key_identifiers(registry: dict[str, Json]) -> Iterator[str]:
    """Yield the identifiers of the key that encrypts a registry."""
    key = key_properties(registry)
    yield from (str(key[name]) for name in ("versionedKeyIdentifier", "keyIdentifier") if key.get(name))


def key_properties(registry: dict[str, Json]) -> dict[str, Json]:
    """Return the `keyVaultProperties` of a registry's body; empty without encryption."""
    encryption = recordings.properties_of(registry).get("encryption")
    key = encryption.get("keyVaultProperties") if isinstance(encryption, dict) else None
    return key if isinstance(key, dict) else {}


def rbac_vaults(recording: Recording, requests: Iterable[SetupRequest]) -> dict[str, str]:
    """Return the ids of the vaults with Azure RBAC, by name: of those that existed before and those created later."""
    bodies = [(request.id, request.body) for request in requests if request.method == "PUT"]
    bodies += [(e.path, e.response_object) for e in recording.exchanges if observations.is_arm(e) and e.ok]
    return {
        ids.name_of(vault_id).lower(): vault_id
        for vault_id, body in bodies
        if ids.route(vault_id).template == setup_request.VAULT
        and recordings.properties_of(body).get("enableRbacAuthorization")
    }


def vault_of(key_identifier: str) -> str:
    """Return the name of the vault in a key identifier; "" for other texts."""
    match = _OBJECT.match(key_identifier)
    return match["vault"].lower() if match else ""


def unknown_vaults(
    recording: Recording,
    *,
    existing: list[SetupRequest],
    observed: Observations,
    policies: list[dict[str, Json]],
) -> Iterator[SetupRequest]:
    """Yield the creation of vaults of which the recording uses only the data plane or a key: it shows their region."""
    known = {ids.name_of(request.id).lower() for request in existing}
    known |= {ids.name_of(h[0].id).lower() for h in observed if ids.route(h[0].id).template == setup_request.VAULT}
    exchanges_by_vault: dict[str, list[Exchange]] = {}
    for exchange in recording.exchanges:
        name = observations.vault_name(exchange)
        if name and name not in known:
            exchanges_by_vault.setdefault(name, []).append(exchange)
    for item in _existing_objects(recording):
        if item.vault not in known:
            exchanges_by_vault.setdefault(item.vault, [])
    encrypting = {vault_of(i) for e in recording.exchanges for i in _key_identifiers(e.response_object)}
    for name, exchanges in exchanges_by_vault.items():
        yield SetupRequest(
            id=f"/subscriptions/{_default_subscription(recording)}/resourceGroups/unknown/providers/Microsoft.KeyVault/vaults/{name}",
            method="PUT",
            version=setup_request.DEFAULT_VERSIONS[setup_request.VAULT],
            body=_vault_as_used(exchanges, policies=policies, rbac=name in encrypting),
        )


def _vault_as_used(exchanges: list[Exchange], *, policies: list[dict[str, Json]], rbac: bool) -> dict[str, Json]:
    """Return the body of a vault with the region and recovery that its responses show; `rbac` for one of a registry."""
    attributes: dict[str, Json] = next(
        (e.response_object["attributes"] for e in exchanges if isinstance(e.response_object.get("attributes"), dict)),
        {},
    )
    premium = any("HSM" in str(e.response_object.get("key", {}).get("kty", "")) for e in exchanges)
    properties: dict[str, Json] = {
        "sku": {"family": "A", "name": "premium" if premium else "standard"},
        "accessPolicies": policies,
        "enableSoftDelete": True,
        "softDeleteRetentionInDays": attributes.get("recoverableDays") or _assumed_retention(attributes),
    }
    default_level = "Recoverable" if rbac else "Recoverable+Purgeable"
    if str(attributes.get("recoveryLevel", default_level)).endswith("Recoverable"):
        properties["enablePurgeProtection"] = True
    if rbac:
        properties["enableRbacAuthorization"] = True
    region = next((e.headers["x-ms-keyvault-region"] for e in exchanges if "x-ms-keyvault-region" in e.headers), None)
    return {"location": region or setup_request.DEFAULT_LOCATION, "properties": properties}


def _assumed_retention(attributes: dict[str, Json]) -> int:
    """Return the days of retention if responses do not show them: the shortest if they are not the full 90."""
    return 7 if str(attributes.get("recoveryLevel", "")).startswith("Customized") else 90


def vault_as_used(
    recording: Recording, name: str, *, policies: list[dict[str, Json]], location: str
) -> dict[str, Json]:
    """Return the body of a vault of which the recording shows only the region and the use."""
    exchanges = [e for e in recording.exchanges if observations.vault_name(e).lower() == name.lower()]
    return {**_vault_as_used(exchanges, policies=policies, rbac=False), "location": location}


def _default_subscription(recording: Recording) -> str:
    subscriptions = (
        ids.subscription_of(exchange.path) for exchange in recording.exchanges if observations.is_arm(exchange)
    )
    return next(filter(None, subscriptions), "00000000-0000-0000-0000-000000000000")
