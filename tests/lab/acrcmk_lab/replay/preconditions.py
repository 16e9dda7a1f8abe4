"""The resources that existed before a recording began, and the requests that create them in the lab.

Every resource that a recording uses or shows without having created it existed before. It is created in the lab
by the provider's own PUT, at the creation time that the recording shows.
"""

import dataclasses
import datetime
from collections.abc import Iterable, Iterator
from typing import Any

from acrcmk_lab.azure.arm import ids
from acrcmk_lab.replay import observations, recordings
from acrcmk_lab.replay.observations import Observation, Observations
from acrcmk_lab.replay.recordings import Exchange, Recording

Json = Any
GROUP = observations.GROUP
VAULT = "microsoft.keyvault/vaults/*"
DELETED_VAULT = "microsoft.keyvault/locations/*/deletedvaults/*"
CREATABLE_TYPES = (
    GROUP,
    "microsoft.managedidentity/userassignedidentities/*",
    "microsoft.managedidentity/userassignedidentities/*/federatedidentitycredentials/*",
    VAULT,
    DELETED_VAULT,
    "microsoft.containerregistry/registries/*",
    "microsoft.containerregistry/registries/*/replications/*",
    "microsoft.containerregistry/registries/*/webhooks/*",
    "microsoft.authorization/roleassignments/*",
)
"""The types that the lab can create, in the order in which they must be created."""
_UPDATE_ANSWERS_200 = (GROUP, CREATABLE_TYPES[1], CREATABLE_TYPES[2])
"""A PUT answers 201 for these if it created them, 200 if they existed before."""
_NEW_STATES = ("RegisteringDns", "Creating", "Accepted", "Provisioning")
_CREATE_DURATION = datetime.timedelta(minutes=2)
_DEFAULT_PROPERTIES: dict[str, dict[str, Json]] = {
    VAULT: {"sku": {"family": "A", "name": "standard"}, "accessPolicies": []},
}
"""Required members of resources that a recording shows only as rows of lists of all types."""
_NEVER_SENT = ("id", "name", "type", "systemData", "etag")
DEFAULT_LOCATION = "westus"
DEFAULT_VERSIONS = {
    GROUP: "2021-04-01",
    CREATABLE_TYPES[1]: "2018-11-30",
    VAULT: "2019-09-01",
    DELETED_VAULT: "2019-09-01",
    "microsoft.containerregistry/registries/*": "2021-09-01",
    "microsoft.authorization/roleassignments/*": "2022-04-01",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Author:
    """Who wrote a resource, as its body shows: a name and `User`, an application's id, or an object id."""

    name: str
    kind: str


NO_AUTHOR = Author(name="", kind="nobody")


@dataclasses.dataclass(frozen=True, kw_only=True)
class SetupRequest:
    """One request sent before the recording begins; `expected` is the resource as recorded, for binding ids."""

    id: str
    method: str
    version: str
    body: dict[str, Json] | None = None
    timestamp: datetime.datetime | None = None
    expected: dict[str, Json] = dataclasses.field(default_factory=dict)
    author: Author | None = None

    @property
    def rank(self) -> int:
        """The position among requests of the same time."""
        template = ids.route(self.id).template
        return CREATABLE_TYPES.index(template) if template in CREATABLE_TYPES else len(CREATABLE_TYPES)


def setup_requests(recording: Recording, *, policies: list[dict[str, Json]]) -> list[SetupRequest]:
    """Return the requests that prepare the lab for a recording, in order; those without a date come first.

    `policies` are the access policies of vaults of which the recording uses only the data plane.
    """
    observed = Observations(recording)
    requests = [
        request
        for history in observed
        if _existed_before(history, observed=observed)
        for request in _setup_requests_for(history, recording=recording, observed=observed)
    ]
    requests += _vaults_by_data_plane(recording, existing=requests, observed=observed, policies=policies)
    requests = list({(r.id.lower(), r.method): r for r in reversed(requests)}.values())[::-1]
    requests += _groups_of(requests, observed=observed)
    earliest = datetime.datetime.min.replace(tzinfo=datetime.UTC)
    ordered = sorted(requests, key=lambda request: (request.timestamp or earliest, request.rank))
    return ordered + [
        SetupRequest(id=request.id, method="DELETE", version=request.version)
        for request in ordered
        if ids.route(request.id).template == GROUP and _is_created_by_recording(request.id, observed=observed)
    ]


def is_addressed(history: list[Observation]) -> bool:
    """Return whether a recording addresses a resource itself, rather than only listing it."""
    return any(s.kind in ("written", "deleted", "used") or s.exchange.rows is None for s in history)


def _existed_before(history: list[Observation], *, observed: Observations) -> bool:
    first = history[0]
    if first.kind == "absent" or _is_created_by_recording(_parent(first.id), observed=observed):
        return False
    if first.kind == "listed":
        return is_addressed(history)
    return first.kind != "written" or not is_create(first)


def _parent(resource_id: str) -> str:
    """Return the id of the resource that another one is a part of; "" for top-level resources."""
    route = ids.route(resource_id)
    return resource_id.rpartition("/")[0].rpartition("/")[0] if len(route.names) > 1 and route.template != GROUP else ""


def _is_created_by_recording(resource_id: str, *, observed: Observations) -> bool:
    """Return whether the recording itself creates a resource: its children were then created by the service."""
    history = observed.of(resource_id) if resource_id else []
    return bool(history) and history[0].kind == "written" and is_create(history[0])


def is_create(write: Observation) -> bool:
    """Return whether a successful PUT created its resource."""
    exchange, properties = write.exchange, write.body.get("properties")
    response_properties = properties if isinstance(properties, dict) else {}
    if exchange.method != "PUT" or str(exchange.request_properties.get("createMode")).lower() == "recover":
        return False
    if exchange.status == 201 or response_properties.get("provisioningState") in _NEW_STATES:  # noqa: PLR2004 - HTTP's Created
        return True
    template = ids.route(write.id).template
    if template in _UPDATE_ANSWERS_200:
        return False
    if template == VAULT:
        # Recorded: the PUT that creates a vault always answers RegisteringDns.
        return False
    created = creation_time(write.body)
    return not (created and exchange.timestamp) or exchange.timestamp - created < _CREATE_DURATION


def _setup_requests_for(
    history: list[Observation], *, recording: Recording, observed: Observations
) -> Iterator[SetupRequest]:
    """Yield the requests that create one resource."""
    resource_id, template = history[0].id, ids.route(history[0].id).template
    if template not in CREATABLE_TYPES:
        return
    version = _version(template, recording=recording)
    resource = _first_body(history)
    if template == DELETED_VAULT:
        yield from _deleted_vault(resource, version=version, observed=observed, since=history[0].exchange.number)
        return
    body = {"location": DEFAULT_LOCATION, **put_body(resource)}
    if template in _DEFAULT_PROPERTIES:
        body.setdefault("properties", _DEFAULT_PROPERTIES[template])
    created, modified = authors(resource)
    timestamp = creation_time(resource)
    yield SetupRequest(
        id=resource_id, method="PUT", version=version, body=body, timestamp=timestamp, expected=resource, author=created
    )
    if modified and modified != created:
        tags = {"tags": resource.get("tags") or {}}
        yield SetupRequest(
            id=resource_id, method="PATCH", version=version, body=tags, timestamp=timestamp, author=modified
        )
    if (
        history[0].kind == "written"
        and str(history[0].exchange.request_properties.get("createMode")).lower() == "recover"
    ):
        yield SetupRequest(id=resource_id, method="DELETE", version=version, timestamp=timestamp)


def _deleted_vault(
    resource: dict[str, Json], *, version: str, observed: Observations, since: int
) -> Iterator[SetupRequest]:
    """Yield the requests that create and delete a vault, unless the recording itself did before exchange `since`.

    Its properties are known only if it is recovered later.
    """
    deleted_vault = resource.get("properties") or {}
    vault_id, deleted = str(deleted_vault.get("vaultId", "")), recordings.time_of(deleted_vault.get("deletionDate"))
    purge = recordings.time_of(deleted_vault.get("scheduledPurgeDate"))
    if not vault_id:
        return
    history = observed.of(vault_id)
    if any(s.kind == "deleted" and s.exchange.number < since for s in history):
        return
    recovered = _first_body([s for s in history if s.kind != "listed"])
    body = put_body(recovered) or {"properties": _DEFAULT_PROPERTIES[VAULT]}
    created, _ = authors(recovered)
    body |= {"location": deleted_vault.get("location"), "tags": deleted_vault.get("tags") or {}}
    properties = {**recordings.properties_of(body), "enableSoftDelete": True}
    if deleted and purge:
        properties["softDeleteRetentionInDays"] = round((purge - deleted).total_seconds() / 86400)
    if deleted_vault.get("purgeProtectionEnabled"):
        properties["enablePurgeProtection"] = True
    body["properties"] = properties
    yield SetupRequest(id=vault_id, method="PUT", version=version, body=body, timestamp=deleted, author=created)
    yield SetupRequest(id=vault_id, method="DELETE", version=version, timestamp=deleted)


def _first_body(history: list[Observation]) -> dict[str, Json]:
    """Return the first full body of a resource; a list of all types shows only a part."""
    full = [s.body for s in history if s.kind in ("read", "written") and s.body]
    brief = [s.body for s in history if s.kind == "listed"]
    return next(iter([*full, *brief]), {})


def put_body(resource: dict[str, Json]) -> dict[str, Json]:
    """Return the body of the PUT that creates the resource in a response."""
    body = {name: value for name, value in resource.items() if name not in _NEVER_SENT and value is not None}
    identity = body.get("identity")
    if isinstance(identity, dict):
        users = identity.get("userAssignedIdentities") or {}
        body["identity"] = {"type": identity.get("type")}
        if users:
            body["identity"]["userAssignedIdentities"] = {name: {} for name in users}
    return body


def authors(resource: dict[str, Json]) -> tuple[Author | None, Author | None]:
    """Return who created a resource and who modified it last, by its body."""
    system, properties = resource.get("systemData"), recordings.properties_of(resource)
    if isinstance(system, dict):
        created, modified = (
            Author(name=str(system[f"{verb}By"]), kind=str(system.get(f"{verb}ByType", "")))
            if system.get(f"{verb}By")
            else None
            for verb in ("created", "lastModified")
        )
        return created, modified
    if "updatedBy" in properties:
        author = Author(name=str(properties["updatedBy"]), kind="") if properties["updatedBy"] else NO_AUTHOR
        return author, author
    return None, None


def creation_time(resource: dict[str, Json]) -> datetime.datetime | None:
    """Return when a resource was created, by its body."""
    system, properties = resource.get("systemData") or {}, resource.get("properties") or {}
    for holder, name in ((system, "createdAt"), (properties, "creationDate"), (properties, "createdOn")):
        if isinstance(holder, dict) and holder.get(name):
            return recordings.time_of(holder[name])
    return None


def _version(template: str, *, recording: Recording) -> str:
    """Return the api-version that the recording itself uses for a type."""
    for exchange in recording.exchanges:
        if observations.is_arm(exchange) and ids.route(exchange.path).template == template and exchange.ok:
            return exchange.query.get("api-version", "")
    return DEFAULT_VERSIONS.get(template, "")


def _groups_of(requests: Iterable[SetupRequest], *, observed: Observations) -> Iterator[SetupRequest]:
    """Yield the creation of the groups of the resources; also of those that the recording itself creates later."""
    existing = {request.id.lower() for request in requests}
    for request in requests:
        route = ids.route(request.id)
        group = f"/subscriptions/{route.subscription}/resourceGroups/{route.group}"
        if not route.group or route.template == GROUP or group.lower() in existing:
            continue
        existing.add(group.lower())
        body = put_body(_first_body(observed.of(group)))
        yield SetupRequest(
            id=group, method="PUT", version=DEFAULT_VERSIONS[GROUP], body=body or {"location": DEFAULT_LOCATION}
        )


def _vaults_by_data_plane(
    recording: Recording,
    *,
    existing: list[SetupRequest],
    observed: Observations,
    policies: list[dict[str, Json]],
) -> Iterator[SetupRequest]:
    """Yield the creation of vaults of which the recording uses only the data plane: it shows region and recovery."""
    known = {ids.name_of(request.id).lower() for request in existing}
    known |= {ids.name_of(h[0].id).lower() for h in observed if ids.route(h[0].id).template == VAULT}
    exchanges_by_vault: dict[str, list[Exchange]] = {}
    for exchange in recording.exchanges:
        name = observations.vault_name(exchange)
        if name and name not in known:
            exchanges_by_vault.setdefault(name, []).append(exchange)
    for name, exchanges in exchanges_by_vault.items():
        yield SetupRequest(
            id=f"/subscriptions/{_default_subscription(recording)}/resourceGroups/unknown/providers/Microsoft.KeyVault/vaults/{name}",
            method="PUT",
            version=DEFAULT_VERSIONS[VAULT],
            body=_vault_as_used(exchanges, policies=policies),
        )


def _vault_as_used(exchanges: list[Exchange], *, policies: list[dict[str, Json]]) -> dict[str, Json]:
    attributes: dict[str, Json] = next(
        (e.response_object["attributes"] for e in exchanges if isinstance(e.response_object.get("attributes"), dict)),
        {},
    )
    premium = any("HSM" in str(e.response_object.get("key", {}).get("kty", "")) for e in exchanges)
    properties: dict[str, Json] = {
        "sku": {"family": "A", "name": "premium" if premium else "standard"},
        "accessPolicies": policies,
        "enableSoftDelete": True,
        "softDeleteRetentionInDays": attributes.get("recoverableDays", 90),
    }
    if attributes.get("recoveryLevel", "+Purgeable").endswith("Recoverable"):
        properties["enablePurgeProtection"] = True
    region = next((e.headers["x-ms-keyvault-region"] for e in exchanges if "x-ms-keyvault-region" in e.headers), None)
    return {"location": region or DEFAULT_LOCATION, "properties": properties}


def _default_subscription(recording: Recording) -> str:
    subscriptions = (
        ids.subscription_of(exchange.path) for exchange in recording.exchanges if observations.is_arm(exchange)
    )
    return next(filter(None, subscriptions), "00000000-0000-0000-0000-000000000000")
