"""The resources that existed before a recording began, and the requests that create them in the lab.

Every resource that a recording uses or shows without having created it existed before. It is created in the lab
by the provider's own PUT, at the creation time that the recording shows.
"""

import datetime
from collections.abc import Iterable, Iterator
from typing import Any

from acrcmk_lab.azure.arm import ids
from acrcmk_lab.replay import observations, progress, recordings, schedule, setup_request, vault_preconditions
from acrcmk_lab.replay.observations import Observation, Observations
from acrcmk_lab.replay.recordings import Recording
from acrcmk_lab.replay.setup_request import NO_AUTHOR, Author, SetupRequest

Json = Any
_UPDATE_ANSWERS_200 = (setup_request.GROUP, setup_request.IDENTITY, setup_request.CREDENTIAL)
"""A PUT answers 201 for these if it created them, 200 if they existed before."""
_NEW_STATES = ("RegisteringDns", "Creating", "Accepted", "Provisioning")
_CREATE_DURATION = datetime.timedelta(minutes=2)
_DEFAULTS: dict[str, dict[str, Json]] = {
    setup_request.VAULT: {"properties": {"sku": {"family": "A", "name": "standard"}, "accessPolicies": []}},
    setup_request.REGISTRY: {"sku": {"name": "Premium"}},
    setup_request.DIAGNOSTIC_SETTING: {"properties": {"workspaceId": "/subscriptions/unknown/workspace"}},
    setup_request.WEBHOOK: {"properties": {"serviceUri": "https://example.com", "actions": ["push"]}},
    setup_request.CREDENTIAL: {"properties": {"issuer": "https://example.com", "subject": "x", "audiences": ["x"]}},
}
"""Required members of resources that a recording uses without showing them."""
_NEVER_SENT = ("id", "name", "type", "systemData", "etag")


def setup_requests(recording: Recording, *, policies: list[dict[str, Json]]) -> list[SetupRequest]:
    """Return the requests that prepare the lab for a recording, in order; those without a date come first.

    `policies` are the access policies of vaults of which the recording uses only the data plane.
    """
    observed = Observations(recording)
    requests = [
        request
        for history in observed
        if _existed_before(history, observed=observed)
        for request in _setup_requests_for(history, recording=recording, observed=observed, policies=policies)
    ]
    requests += vault_preconditions.unknown_vaults(recording, existing=requests, observed=observed, policies=policies)
    requests = list({(r.id.lower(), r.method): r for r in reversed(requests)}.values())[::-1]
    requests += _referenced_identities(recording, existing=requests, observed=observed)
    requests = vault_preconditions.with_objects(requests, recording=recording, policies=policies)
    requests += _groups_of(requests, observed=observed)
    ordered = _ordered(requests)
    return ordered + [
        SetupRequest(id=request.id, method="DELETE", version=request.version)
        for request in ordered
        if ids.route(request.id).template == setup_request.GROUP
        and _is_created_by_recording(request.id, observed=observed)
    ]


def _ordered(requests: list[SetupRequest]) -> list[SetupRequest]:
    """Return the requests by time, those for children not before those for their parents."""
    earliest = datetime.datetime.min.replace(tzinfo=datetime.UTC)
    times = {request.id.lower(): request.timestamp or earliest for request in requests if request.method == "PUT"}

    def order(request: SetupRequest) -> tuple[datetime.datetime, int]:
        parents = (time for parent, time in times.items() if request.id.lower().startswith(f"{parent}/"))
        return max([request.timestamp or earliest, *parents]), request.rank

    return sorted(requests, key=order)


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
    return (
        resource_id.rpartition("/")[0].rpartition("/")[0]
        if len(route.names) > 1 and route.template != setup_request.GROUP
        else ""
    )


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
    if template == setup_request.VAULT:
        # Recorded: the PUT that creates a vault always answers RegisteringDns.
        return False
    created = creation_time(write.body)
    return not (created and exchange.timestamp) or exchange.timestamp - created < _CREATE_DURATION


def _setup_requests_for(
    history: list[Observation],
    *,
    recording: Recording,
    observed: Observations,
    policies: list[dict[str, Json]],
) -> Iterator[SetupRequest]:
    """Yield the requests that create one resource."""
    resource_id, template = history[0].id, ids.route(history[0].id).template
    if template not in setup_request.CREATABLE_TYPES:
        return
    version = _version(template, recording=recording)
    resource = _first_body(history)
    if template == setup_request.DELETED_VAULT:
        yield from _deleted_vault(resource, version=version, observed=observed, since=history[0].exchange.number)
        return
    location = _location(resource_id, observed=observed)
    body = {"location": location, **_DEFAULTS.get(template, {}), **put_body(resource)}
    if template == setup_request.VAULT and not recordings.properties_of(resource):
        name = ids.name_of(resource_id)
        used = vault_preconditions.vault_as_used(recording, name, policies=policies, location=str(body["location"]))
        body = {**body, **used}
    created, modified = authors(resource)
    timestamp, settings = creation_time(resource), _unfinished(history, recording=recording)
    if settings:
        timestamp = schedule.timestamps(recording)[-1]
    yield SetupRequest(
        id=resource_id,
        method="PUT",
        version=version,
        body=body,
        timestamp=timestamp,
        expected=resource,
        author=created,
        settings=settings,
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
    body = put_body(recovered) or dict(_DEFAULTS[setup_request.VAULT])
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


def _unfinished(history: list[Observation], *, recording: Recording) -> dict[str, str]:
    """Return the settings for a vault that was still being set up when the recording began."""
    first, timestamps = history[0], schedule.timestamps(recording)
    is_vault = ids.route(first.id).template == setup_request.VAULT
    if not is_vault or first.kind != "read" or progress.provisioning_state(first.exchange) != "registeringdns":
        return {}
    later = progress.timed(recording, timestamps=timestamps)[first.exchange.number :]
    elapsed = progress.duration(timestamps[0], later=later, check=progress.vault_check(first.exchange))
    return {"dns_delay": f"{elapsed.total_seconds():.6f}"} if elapsed else {}


def _first_body(history: list[Observation]) -> dict[str, Json]:
    """Return the first full body of a resource; a list of all types and a deletion may show only a part."""
    full = [s.body for s in history if s.kind in ("read", "written") and s.body]
    others = [s.body for s in history if s.kind in ("listed", "deleted") and s.body]
    return next(iter([*full, *others]), {})


def _location(resource_id: str, *, observed: Observations) -> str:
    """Return the location of a resource that the recording does not show: that of its children or of its group.

    A replica has the name of its location, unless its name is chosen by the client.
    """
    route = ids.route(resource_id)
    if route.template == setup_request.REPLICATION:
        return ids.name_of(resource_id).lower()
    group = f"/subscriptions/{route.subscription}/resourceGroups/{route.group}"
    children = (h for h in observed if h[0].id.lower().startswith(f"{resource_id.lower()}/"))
    bodies = [_first_body(history) for history in (*children, observed.of(group))]
    return next((str(body["location"]) for body in bodies if body.get("location")), setup_request.DEFAULT_LOCATION)


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
    return setup_request.DEFAULT_VERSIONS.get(template, "")


def _groups_of(requests: Iterable[SetupRequest], *, observed: Observations) -> Iterator[SetupRequest]:
    """Yield the creation of the groups of the resources; also of those that the recording itself creates later."""
    existing = {request.id.lower() for request in requests}
    for request in requests:
        route = ids.route(request.id)
        group = f"/subscriptions/{route.subscription}/resourceGroups/{route.group}"
        if not route.group or route.template == setup_request.GROUP or group.lower() in existing:
            continue
        existing.add(group.lower())
        body = put_body(_first_body(observed.of(group))) or {"location": setup_request.DEFAULT_LOCATION}
        yield SetupRequest(
            id=group,
            method="PUT",
            version=setup_request.DEFAULT_VERSIONS[setup_request.GROUP],
            body=body,
        )


def _referenced_identities(
    recording: Recording, *, existing: Iterable[SetupRequest], observed: Observations
) -> Iterator[SetupRequest]:
    """Yield the creation of identities that the recording shows only as assigned to other resources."""
    known = {request.id.lower() for request in existing} | {history[0].id.lower() for history in observed}
    for exchange in recording.exchanges:
        identity = exchange.response_object.get("identity") if exchange.ok else None
        assigned = identity.get("userAssignedIdentities") if isinstance(identity, dict) else None
        for identity_id, properties in (assigned or {}).items():
            if identity_id.lower() in known or ids.route(identity_id).template != setup_request.IDENTITY:
                continue
            known.add(identity_id.lower())
            yield SetupRequest(
                id=identity_id,
                method="PUT",
                version=setup_request.DEFAULT_VERSIONS[setup_request.IDENTITY],
                body={"location": exchange.response_object.get("location") or setup_request.DEFAULT_LOCATION},
                expected={"properties": properties or {}},
            )
