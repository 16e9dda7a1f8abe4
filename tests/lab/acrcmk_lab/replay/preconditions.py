"""What must exist before a recording begins, and the requests that make it so.

Whatever a recording uses or shows without having made it was there before. It is made in the lab the
way somebody made it in Azure: by the provider's own PUT, at the time the recording tells of it.
"""

import datetime
import typing
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from acrcmk_lab.azure import ids
from acrcmk_lab.replay import observations, recording

Json = typing.Any
GROUP = observations.GROUP
VAULT = "microsoft.keyvault/vaults/*"
DELETED_VAULT = "microsoft.keyvault/locations/*/deletedvaults/*"
# What the lab can make, in the order in which it must be made.
MAKEABLE = (
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
# A create answers 201; for these an update answers 200, so 200 means it was there.
_OLD_IF_200 = (GROUP, MAKEABLE[1], MAKEABLE[2])
_NEW_STATES = ("RegisteringDns", "Creating", "Accepted", "Provisioning")
_JUST_NOW = datetime.timedelta(minutes=2)
_PLAIN_VAULT = {"sku": {"family": "A", "name": "standard"}, "accessPolicies": []}
_NEVER_SENT = ("id", "name", "type", "systemData", "etag")
DEFAULT_LOCATION = "westus"
DEFAULT_VERSIONS = {
    GROUP: "2021-04-01",
    MAKEABLE[1]: "2018-11-30",
    VAULT: "2019-09-01",
    DELETED_VAULT: "2019-09-01",
    "microsoft.containerregistry/registries/*": "2021-09-01",
    "microsoft.authorization/roleassignments/*": "2022-04-01",
}


@dataclass(frozen=True)
class Author:
    """Who wrote a resource, as it tells: a name and `User`, an application's id, or an object id."""

    name: str
    kind: str


NOBODY = Author("", "nobody")


@dataclass(frozen=True, kw_only=True)
class Deed:
    """One request of somebody before the recording began; `shown` is what it led to, for binding ids."""

    id: str
    method: str
    version: str
    body: dict[str, Json] | None = None
    moment: datetime.datetime | None = None
    shown: dict[str, Json] = field(default_factory=dict)
    author: Author | None = None

    @property
    def rank(self) -> int:
        """Its place among deeds of the same moment."""
        template = ids.route(self.id).template
        return MAKEABLE.index(template) if template in MAKEABLE else len(MAKEABLE)


def deeds(tape: recording.Recording, *, policies: list[dict[str, Json]]) -> list[Deed]:
    """Return what somebody must have done before a recording, in order; undated deeds come first.

    `policies` are the access policies of vaults of which nothing but their use is known.
    """
    seen = observations.Sightings(tape)
    found = [deed for history in seen if _existed(history, seen=seen) for deed in _made(history, tape=tape, seen=seen)]
    found += _vaults_by_data_plane(tape, have=found, seen=seen, policies=policies)
    found = list({(deed.id.lower(), deed.method): deed for deed in reversed(found)}.values())[::-1]
    found += _groups_of(found, seen=seen)
    earliest = datetime.datetime.min.replace(tzinfo=datetime.UTC)
    ordered = sorted(found, key=lambda deed: (deed.moment or earliest, deed.rank))
    return ordered + [
        Deed(id=deed.id, method="DELETE", version=deed.version)
        for deed in ordered
        if ids.route(deed.id).template == GROUP and _made_here(deed.id, seen=seen)
    ]


def touched(history: list[observations.Sighting]) -> bool:
    """Tell whether a recording deals with a resource itself, rather than seeing it in lists."""
    return any(s.kind in ("written", "removed", "used") or s.exchange.rows is None for s in history)


def _existed(history: list[observations.Sighting], *, seen: observations.Sightings) -> bool:
    first = history[0]
    if first.kind == "absent" or _made_here(_parent(first.id), seen=seen):
        return False
    if first.kind == "listed":
        return touched(history)
    return first.kind != "written" or not _creates(first)


def _parent(resource_id: str) -> str:
    """Return the id of the resource that another one is a part of; "" for those that stand alone."""
    route = ids.route(resource_id)
    return resource_id.rpartition("/")[0].rpartition("/")[0] if len(route.names) > 1 and route.template != GROUP else ""


def _made_here(resource_id: str, *, seen: observations.Sightings) -> bool:
    """Tell whether the recording itself made a resource: what is then found in it, the service put there."""
    history = seen.of(resource_id) if resource_id else []
    return bool(history) and history[0].kind == "written" and _creates(history[0])


def _creates(write: observations.Sighting) -> bool:
    """Tell whether an accepted PUT made its resource."""
    exchange, properties = write.exchange, write.body.get("properties")
    told = properties if isinstance(properties, dict) else {}
    if exchange.method != "PUT" or str(exchange.wanted.get("createMode")).lower() == "recover":
        return False
    if exchange.status == 201 or told.get("provisioningState") in _NEW_STATES:  # noqa: PLR2004 - HTTP's Created
        return True
    template = ids.route(write.id).template
    if template in _OLD_IF_200:
        return False
    if template == VAULT:
        # Recorded: the PUT that makes a vault always answers RegisteringDns.
        return False
    created = moment_of(write.body)
    return not (created and exchange.moment) or exchange.moment - created < _JUST_NOW


def _made(
    history: list[observations.Sighting], *, tape: recording.Recording, seen: observations.Sightings
) -> Iterator[Deed]:
    """Yield the deeds that made one resource."""
    resource_id, template = history[0].id, ids.route(history[0].id).template
    if template not in MAKEABLE:
        return
    version = _version(template, tape=tape)
    shown = _first_body(history)
    if template == DELETED_VAULT:
        yield from _deleted_vault(shown, version=version, seen=seen, since=history[0].exchange.number)
        return
    body = put_body(shown) or {"location": DEFAULT_LOCATION}
    created, modified = authors(shown)
    moment = moment_of(shown)
    yield Deed(id=resource_id, method="PUT", version=version, body=body, moment=moment, shown=shown, author=created)
    if modified and modified != created:
        tags = {"tags": shown.get("tags") or {}}
        yield Deed(id=resource_id, method="PATCH", version=version, body=tags, moment=moment, author=modified)
    if history[0].kind == "written" and str(history[0].exchange.wanted.get("createMode")).lower() == "recover":
        yield Deed(id=resource_id, method="DELETE", version=version, moment=moment)


def _deleted_vault(shown: dict[str, Json], *, version: str, seen: observations.Sightings, since: int) -> Iterator[Deed]:
    """A deleted vault was made and deleted, unless by the recording itself before exchange `since`.

    What it was like is told only if it is recovered later.
    """
    told = shown.get("properties") or {}
    vault_id, deleted = str(told.get("vaultId", "")), recording.time_of(told.get("deletionDate"))
    purge = recording.time_of(told.get("scheduledPurgeDate"))
    if not vault_id:
        return
    own = seen.of(vault_id)
    if any(s.kind == "removed" and s.exchange.number < since for s in own):
        return
    body = put_body(_first_body([s for s in own if s.kind != "listed"])) or {
        "properties": {"sku": {"family": "A", "name": "standard"}, "accessPolicies": []}
    }
    body |= {"location": told.get("location"), "tags": told.get("tags") or {}}
    properties = {**recording.properties_of(body), "enableSoftDelete": True}
    if deleted and purge:
        properties["softDeleteRetentionInDays"] = round((purge - deleted).total_seconds() / 86400)
    if told.get("purgeProtectionEnabled"):
        properties["enablePurgeProtection"] = True
    body["properties"] = properties
    yield Deed(id=vault_id, method="PUT", version=version, body=body, moment=deleted)
    yield Deed(id=vault_id, method="DELETE", version=version, moment=deleted)


def _first_body(history: list[observations.Sighting]) -> dict[str, Json]:
    """Return the resource as first shown in full; a list of all types shows too little to prefer it."""
    full = [s.body for s in history if s.kind in ("shown", "written") and s.body]
    brief = [s.body for s in history if s.kind == "listed"]
    return next(iter([*full, *brief]), {})


def put_body(shown: dict[str, Json]) -> dict[str, Json]:
    """Return the body of the PUT that makes what an answer shows."""
    body = {name: value for name, value in shown.items() if name not in _NEVER_SENT and value is not None}
    identity = body.get("identity")
    if isinstance(identity, dict):
        users = identity.get("userAssignedIdentities") or {}
        body["identity"] = {"type": identity.get("type")}
        if users:
            body["identity"]["userAssignedIdentities"] = {name: {} for name in users}
    return body


def authors(shown: dict[str, Json]) -> tuple[Author | None, Author | None]:
    """Return who made a resource and who changed it last, as its body tells."""
    system, properties = shown.get("systemData"), recording.properties_of(shown)
    if isinstance(system, dict):
        created, modified = (
            Author(str(system[f"{verb}By"]), str(system.get(f"{verb}ByType", ""))) if system.get(f"{verb}By") else None
            for verb in ("created", "lastModified")
        )
        return created, modified
    if "updatedBy" in properties:
        author = Author(str(properties["updatedBy"]), "") if properties["updatedBy"] else NOBODY
        return author, author
    return None, None


def moment_of(shown: dict[str, Json]) -> datetime.datetime | None:
    """Return when a resource was made, as its body tells."""
    system, properties = shown.get("systemData") or {}, shown.get("properties") or {}
    for holder, name in ((system, "createdAt"), (properties, "creationDate"), (properties, "createdOn")):
        if isinstance(holder, dict) and holder.get(name):
            return recording.time_of(holder[name])
    return None


def _version(template: str, *, tape: recording.Recording) -> str:
    """Return the api-version that the recording itself uses for a type."""
    for exchange in tape.exchanges:
        if observations.is_arm(exchange) and ids.route(exchange.path).template == template and exchange.ok:
            return exchange.query.get("api-version", "")
    return DEFAULT_VERSIONS.get(template, "")


def _groups_of(found: Iterable[Deed], *, seen: observations.Sightings) -> Iterator[Deed]:
    """Yield the making of groups that hold what is presumed; one that the recording makes was there before, too."""
    have = {deed.id.lower() for deed in found}
    for deed in found:
        route = ids.route(deed.id)
        group = f"/subscriptions/{route.subscription}/resourceGroups/{route.group}"
        if not route.group or route.template == GROUP or group.lower() in have:
            continue
        have.add(group.lower())
        told = put_body(_first_body(seen.of(group)))
        yield Deed(id=group, method="PUT", version=DEFAULT_VERSIONS[GROUP], body=told or {"location": DEFAULT_LOCATION})


def _vaults_by_data_plane(
    tape: recording.Recording,
    *,
    have: list[Deed],
    seen: observations.Sightings,
    policies: list[dict[str, Json]],
) -> Iterator[Deed]:
    """Yield vaults of which the recording uses only the data plane: region and recovery are told there."""
    known = {ids.name_of(deed.id).lower() for deed in have}
    known |= {ids.name_of(h[0].id).lower() for h in seen if ids.route(h[0].id).template == VAULT}
    talks: dict[str, list[recording.Exchange]] = {}
    for exchange in tape.exchanges:
        name = observations.vault_name(exchange)
        if name and name not in known:
            talks.setdefault(name, []).append(exchange)
    for name, talk in talks.items():
        yield Deed(
            id=f"/subscriptions/{_a_subscription(tape)}/resourceGroups/presumed/providers/Microsoft.KeyVault/vaults/{name}",
            method="PUT",
            version=DEFAULT_VERSIONS[VAULT],
            body=_vault_as_used(talk, policies=policies),
        )


def _vault_as_used(talk: list[recording.Exchange], *, policies: list[dict[str, Json]]) -> dict[str, Json]:
    attributes: dict[str, Json] = next(
        (e.shown["attributes"] for e in talk if isinstance(e.shown.get("attributes"), dict)), {}
    )
    premium = any("HSM" in str(e.shown.get("key", {}).get("kty", "")) for e in talk)
    properties: dict[str, Json] = {
        "sku": {"family": "A", "name": "premium" if premium else "standard"},
        "accessPolicies": policies,
        "enableSoftDelete": True,
        "softDeleteRetentionInDays": attributes.get("recoverableDays", 90),
    }
    if attributes.get("recoveryLevel", "+Purgeable").endswith("Recoverable"):
        properties["enablePurgeProtection"] = True
    region = next((e.headers["x-ms-keyvault-region"] for e in talk if "x-ms-keyvault-region" in e.headers), None)
    return {"location": region or DEFAULT_LOCATION, "properties": properties}


def _a_subscription(tape: recording.Recording) -> str:
    found = (ids.subscription_of(exchange.path) for exchange in tape.exchanges if observations.is_arm(exchange))
    return next(filter(None, found), "00000000-0000-0000-0000-000000000000")
